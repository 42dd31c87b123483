"""WordNet's nouns: what each means, the subject it is filed under, its depth among hypernyms.

The format of `data.noun` is described in WordNet's manual page `wndb(5)`. Each entry begins with
the byte at which it stands, so lost, added and displaced bytes are seen.
"""

from __future__ import annotations

from collections import defaultdict

import equinox as eqx
import numpy as np
from jaxtyping import Int

from diversity_jax import validate
from diversity_jax.records import Record

# The numbers of the files of nouns; 3, the topmost concepts, is no subject.
SUBJECTS = {
    "act": 4, "animal": 5, "artifact": 6, "attribute": 7, "body": 8, "cognition": 9,
    "communication": 10, "event": 11, "feeling": 12, "food": 13, "group": 14, "location": 15,
    "motive": 16, "object": 17, "person": 18, "phenomenon": 19, "plant": 20, "possession": 21,
    "process": 22, "quantity": 23, "relation": 24, "shape": 25, "state": 26, "substance": 27,
    "time": 28,
}  # fmt: skip
DEPTHS = ("shallow", "middle", "deep")


class Nouns(Record):
    """Every sense of a noun in the order of the file.

    `subjects` are numbers (`SUBJECTS`), `depths` the fewest steps up to a sense that has nothing
    above it.
    """

    subjects: Int[np.ndarray, " n"]
    depths: Int[np.ndarray, " n"]
    glosses: tuple[str, ...] = eqx.field(static=True)


def parse(content: bytes) -> Nouns:
    """The nouns in the bytes of `data.noun`.

    Errors: ValueError that names the byte where it is damaged.
    """
    hypernyms: dict[int, list[int]] = {}
    subjects, glosses, start = [], [], 0
    for line in content.splitlines(keepends=True):
        if not line.startswith(b"  "):  # the licence is indented
            try:
                place, subject, above, gloss = _entry(line)
            except (ValueError, IndexError) as error:
                raise ValueError(f"no entry at byte {start}") from error
            if place != start:
                raise ValueError(f"the entry of byte {place} at byte {start}")
            hypernyms[place] = above
            subjects.append(subject)
            glosses.append(gloss)
        start += len(line)
    depths = _depths(hypernyms)
    lost = hypernyms.keys() - depths.keys()
    if lost or not hypernyms:
        raise ValueError(f"{len(lost)} of {len(hypernyms)} entries without a way to the top")
    levels = np.array([depths[place] for place in hypernyms])
    return Nouns(np.array(subjects), levels, tuple(glosses))


def by_depth(nouns: Nouns, subject: str) -> dict[str, str]:
    """The glosses of one subject, each once, with their class of depth.

    The bounds are the thirds of the depths of this subject; as depths are integers, the classes
    are of like size only.
    """
    here = np.flatnonzero(nouns.subjects == SUBJECTS[subject])
    first: dict[str, int] = {}
    for sense in here:
        first.setdefault(nouns.glosses[sense], int(sense))
    if not first:
        got, fix = f"none of the subject {subject!r}", "reinstall wordnet-base"
        raise validate.fail("nouns", got, "the whole dictionary", fix)
    depths = nouns.depths[list(first.values())]
    bounds = np.quantile(depths, (1 / 3, 2 / 3), method="inverted_cdf")
    return {gloss: DEPTHS[number] for gloss, number in zip(first, np.searchsorted(bounds, depths))}


def _entry(line: bytes) -> tuple[int, int, list[int], str]:
    """Place, subject, hypernyms and gloss of one line."""
    head, bar, gloss = line.decode("utf-8").partition(" | ")
    fields = head.split()
    words = int(fields[3], 16)
    pointers = fields[5 + 2 * words :]
    if not bar or not gloss.strip() or len(pointers) != 4 * int(fields[4 + 2 * words]):
        raise ValueError(head)
    above = [int(to) for kind, to in zip(pointers[::4], pointers[1::4]) if kind in ("@", "@i")]
    return int(fields[0]), int(fields[1]), above, gloss.strip()


def _depths(hypernyms: dict[int, list[int]]) -> dict[int, int]:
    below = defaultdict(list)
    for place, above in hypernyms.items():
        for higher in above:
            below[higher].append(place)
    level, depths = 0, {place: 0 for place, above in hypernyms.items() if not above}
    reached = set(depths)
    while reached:
        level += 1
        reached = {lower for place in reached for lower in below[place]} - depths.keys()
        depths.update(dict.fromkeys(reached, level))
    return depths
