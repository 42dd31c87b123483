"""Embedded texts of a mix, split anew for every seed: synthesis, pool, probe set and test.

The texts are a fixed set: intervals over seeds speak of random splits of it, and of no others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import jax
import numpy as np
from jaxtyping import Float, Int

from diversity_jax import embeddings, seeds, validate
from diversity_jax.selection.kernels import unit_rows

GLOSSES = ("animal", "plant", "food", "body")
SOURCES = (
    "code", *(f"wordnet:{name}" for name in GLOSSES), "wordnet:time",
    "fortunes:people", "fortunes:science",
)  # fmt: skip
CONFUSED, APART = "code and four kinds of glosses", "code, body, time"
# Apart are the three domains that clustering tells apart best, of code and 21 kinds of glosses.
SHIPPED = {
    f"shipped: {CONFUSED}": ("code", *GLOSSES),
    f"shipped: {APART}": tuple(APART.split(", ")),
}
MIXES = {
    **SHIPPED,
    "code+wordnet": ("code", *GLOSSES),
    "wordnet": GLOSSES,
    "code, quotes, science, animals": ("code", "people", "science", "animal"),
    APART: tuple(APART.split(", ")),
}
VECTORS = ("words", "sentences")


@dataclass(frozen=True)
class Part:
    """Some texts: both vectors of each, all of length one, its domain, its place in the mix."""

    words: Float[np.ndarray, "n d"]
    sentences: Float[np.ndarray, "n d"]
    domains: Int[np.ndarray, " n"]
    places: Int[np.ndarray, " n"]

    def take(self, places: np.ndarray) -> Part:
        """The texts at `places`."""
        return Part(*(values[places] for values in vars(self).values()))


@dataclass(frozen=True)
class Split:
    """Texts for the synthesis, to choose from, for the probe, and to test: no text is in two.

    Synthesis and test have as many of every domain.
    """

    synthesis: Part
    pool: Part
    probe: Part
    test: Part


@cache
def prepared(mix: str, per_domain: int) -> Part:
    """The first `per_domain` texts of each domain of a mix, numbered as in `MIXES`.

    The mixes to be installed share one file of vectors. DatasetMissing, with the install line, as
    `embeddings.embedded`.
    """
    names, whole = MIXES[mix], _source(mix, per_domain)
    rows = [np.flatnonzero(whole.domains == whole.domain_names.index(name)) for name in names]
    rows = [some[:per_domain] for some in rows]
    places = np.concatenate(rows)
    return Part(
        words=unit_rows(whole.words[places]),
        sentences=unit_rows(whole.sentences[places]),
        domains=np.repeat(np.arange(len(names)), [len(some) for some in rows]),
        places=np.arange(len(places)),
    )


@cache
def _source(mix: str, per_domain: int) -> embeddings.EmbeddedTexts:
    if mix in SHIPPED:
        return embeddings.embedded_more()
    return embeddings.embedded(SOURCES, per_domain=per_domain)


def split(key: jax.Array, texts: Part, sizes: dict, shares: tuple[float, ...]) -> Split:
    """A random split: `synthesis`, `test` texts of each domain, `probe` on average, `pool` in all.

    `shares` are the domains' shares of pool and probe set, given to them in a random order.
    ValueError where a domain has too few texts.
    """
    domains = int(texts.domains.max()) + 1
    # On the host: every size would be compiled anew for `jax.random`.
    random = seeds.numpy_generator(key)
    given = random.permutation(np.asarray(shares))
    order = random.permutation(len(texts.domains))
    groups = [order[texts.domains[order] == domain] for domain in range(domains)]
    counts = {name: np.full(domains, sizes[name]) for name in ("synthesis", "test")}
    counts["pool"] = divided(given, sizes["pool"])
    counts["probe"] = divided(given, domains * sizes["probe"])
    wanted, there = np.sum([*counts.values()], axis=0), [len(group) for group in groups]
    if (wanted > there).any():
        place = int(np.argmax(wanted - there))
        expected = f"{wanted[place]} or more"
        raise validate.fail("per_domain", f"{there[place]} texts", expected, "ask for fewer")
    starts, parts = np.zeros(domains, int), {}
    for name in ("synthesis", "pool", "probe", "test"):
        ends = starts + counts[name]
        places = np.concatenate([group[a:b] for group, a, b in zip(groups, starts, ends)])
        # The synthesis stays in the order of its domains.
        parts[name] = texts.take(places if name == "synthesis" else random.permutation(places))
        starts = ends
    return Split(**parts)


def divided(shares: np.ndarray, number: int) -> np.ndarray:
    """`number` divided by shares that add up to one: ends are rounded, so that nothing is lost."""
    ends = np.round(np.cumsum(shares) * number).astype(int)
    return np.diff(ends, prepend=0)
