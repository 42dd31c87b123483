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

SHIPPED = "250 shipped texts"
GLOSSES = ("animal", "plant", "food", "body")
SOURCES = ("code", *(f"wordnet:{name}" for name in GLOSSES), "fortunes:people", "fortunes:science")
MIXES = {
    SHIPPED: ("code", *GLOSSES),
    "code+wordnet": ("code", *GLOSSES),
    "wordnet": GLOSSES,
    "code, quotes, science, animals": ("code", "people", "science", "animal"),
}
VECTORS = ("words", "sentences")
LABELS = ("domains", "classes")


@dataclass(frozen=True)
class Part:
    """Some texts: both vectors of each, all of length one, and both labels."""

    words: Float[np.ndarray, "n d"]
    sentences: Float[np.ndarray, "n d"]
    domains: Int[np.ndarray, " n"]
    classes: Int[np.ndarray, " n"]

    def take(self, places: np.ndarray) -> Part:
        """The texts at `places`."""
        return Part(*(values[places] for values in vars(self).values()))


@dataclass(frozen=True)
class Split:
    """Texts for the synthesis, to choose from, for the probe, and to test: no text is in two.

    Synthesis and test have as many of every domain. A probe set of no texts is the pool itself.
    """

    synthesis: Part
    pool: Part
    probe: Part
    test: Part


@cache
def prepared(mix: str, per_domain: int) -> Part:
    """All texts of a mix, whose domains are numbered as in `MIXES`.

    All mixes but the shipped one share one file of vectors. DatasetMissing, with the install line,
    as `embeddings.embedded`.
    """
    names, whole = MIXES[mix], _source(mix, per_domain)
    number = np.array([names.index(n) if n in names else -1 for n in whole.domain_names])
    places = np.flatnonzero(number[whole.domains] >= 0)
    _, classes = np.unique(whole.classes[places], return_inverse=True)
    return Part(
        words=unit_rows(whole.words[places]),
        sentences=unit_rows(whole.sentences[places]),
        domains=number[whole.domains[places]],
        classes=classes,
    )


@cache
def _source(mix: str, per_domain: int) -> embeddings.EmbeddedTexts:
    if mix == SHIPPED:
        return embeddings.embedded_subset()
    return embeddings.embedded(SOURCES, per_domain=per_domain)


def split(key: jax.Array, texts: Part, sizes: dict, shares: tuple[float, ...]) -> Split:
    """A random split: `synthesis` and `test` texts of each domain, `pool` and `probe` in all.

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
    counts |= {name: divided(given, sizes[name]) for name in ("pool", "probe")}
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
    if not sizes["probe"]:
        parts["probe"] = parts["pool"]
    return Split(**parts)


def divided(shares: np.ndarray, number: int) -> np.ndarray:
    """`number` divided by shares that add up to one: ends are rounded, so that nothing is lost."""
    ends = np.round(np.cumsum(shares) * number).astype(int)
    return np.diff(ends, prepend=0)
