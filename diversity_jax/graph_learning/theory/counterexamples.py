"""The papers' statements that are false, on finite cases, in exact rational arithmetic.

**The norm lemma**: two nodes and one edge. Node 0 has the label 1 at confidence 1, node 1 none (0)
at confidence c, and the edge weighs w. With
``det = (w + g + 1)(w + g + c) - w^2`` the soft solution is

    l = ((w + g + c) / det, w / det),

which for w to infinity becomes 1 / (1 + 2g + c) at both. As w grows from 0, |l|^2 falls from
``1 / (1 + g)^2`` and then rises to ``2 / (1 + 2g + c)^2`` (the sign of its derivative is that of
``w (1 - c) - (g + c)^2``). So the lemma, ``|l| <= 1 / (1 + g)``, fails for strong edges if and only
if ``sqrt(2) (1 + g) > 1 + 2 g + c``: for g and c small against ``sqrt(2) - 1``. Eigenvalues of
``(C^-1 K + 1)^-1`` do not bound its spectral norm, since it is not symmetric.

**"1 + eps" of doubling**: six or eight points on a line, found by search, whose largest distance
from their centroids is more than 4.9 to 6.9 times that of the best centres. On a line the groups of
the best centres are intervals, whose radii are half of their lengths, so all of them can be looked
at. That one stream does so refutes any factor below; `streaming.approximation_factor` holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise

from diversity_jax import validate


@dataclass(frozen=True)
class NormCounterexample:
    """Exact values: the solution, the square of its norm, and the squares of both bounds on it."""

    values: tuple[Fraction, Fraction]
    norm_squared: Fraction
    paper_bound_squared: Fraction
    bound_squared: Fraction

    @property
    def margin(self) -> Fraction:
        """By how much the squared norm exceeds the square of the papers' bound."""
        return self.norm_squared - self.paper_bound_squared


def norm_counterexample(
    *,
    regularisation: Fraction = Fraction(1, 10),
    unlabelled_confidence: Fraction = Fraction(1, 100),
    weight: Fraction = Fraction(1000),
) -> NormCounterexample:
    """The two-node solution and both bounds, exactly; at the defaults the lemma is off by 1.2853.

    Errors: ValueError for values that are no fractions or integers, or not above zero (the
    regularisation may be 0), or a confidence above 1.
    """
    named = {
        "regularisation": regularisation,
        "unlabelled_confidence": unlabelled_confidence,
        "weight": weight,
    }
    for name, value in named.items():
        if not isinstance(value, Fraction | int) or value < 0:
            raise validate.fail(name, repr(value), "a fraction from 0 up", "pass Fraction(1, 10)")
    g, c, w = (Fraction(value) for value in named.values())
    if not 0 < c <= 1 or w == 0:
        got = f"{c} with weight {w}"
        raise validate.fail("unlabelled_confidence", got, "in (0, 1], weight > 0", "see the module")
    determinant = (w + g + 1) * (w + g + c) - w**2
    values = (w + g + c) / determinant, w / determinant
    norm = values[0] ** 2 + values[1] ** 2
    return NormCounterexample(values, norm, 1 / (1 + g) ** 2, 1 / (g + c) ** 2)


def norm_lemma_fails(regularisation: Fraction, unlabelled_confidence: Fraction) -> bool:
    """Whether some edge of two nodes breaks the lemma: ``2 (1 + g)^2 > (1 + 2 g + c)^2``, exactly.

    Larger graphs may break it for other values.
    """
    g, c = Fraction(regularisation), Fraction(unlabelled_confidence)
    return 2 * (1 + g) ** 2 > (1 + 2 * g + c) ** 2


# By number of centroids and multiplier, in the order in which they come.
STREAMS: dict[tuple[int, Fraction], tuple[int, ...]] = {
    (2, Fraction(3, 2)): (-7395, 502, 4012, 5766, 5767, 3827),
    (2, Fraction(2)): (-8467, 1772, 1812, 6891, -8567, 6892),
    (3, Fraction(3, 2)): (-2329, -389, -5, 905, 1768, 1792, 6, -3625),
    (3, Fraction(2)): (-2654, -63, 18, 1232, -14, 1878, 2989, 1693),
}


@dataclass(frozen=True)
class DoublingCounterexample:
    """A stream on a line, what doubling makes of it, and what the best centres do, exactly.

    `distortion` is the largest distance of a point from its centroid, `optimum` the least that
    `number` centres can have. `radius` is R, 0 before the first merge.
    """

    points: tuple[Fraction, ...]
    number: int
    multiplier: Fraction
    centroids: tuple[Fraction, ...]
    radius: Fraction
    distortion: Fraction
    optimum: Fraction

    @property
    def ratio(self) -> Fraction:
        """Distortion over optimum: "1 + eps" is refuted for any eps below it minus one."""
        return self.distortion / self.optimum

    @property
    def margin(self) -> Fraction:
        """By how much the distortion exceeds twice the optimum, in units of the optimum."""
        return self.ratio - 2


def doubling_counterexample(
    *, multiplier: Fraction = Fraction(3, 2), number: int = 3
) -> DoublingCounterexample:
    """A stream on which doubling is far from the best: at the defaults 6.32 times as far.

    With 2 centroids 4.999 times at a multiplier of 3/2 and 5.999 at 2; with 3 centroids 6.32 and
    6.99. The bound on them is 9 and 8.

    Errors: ValueError for a number or multiplier without such a stream here.
    Source: derived, by search.
    """
    key = (number, multiplier)
    if key not in STREAMS:
        known = ", ".join(f"{k} at {m}" for k, m in STREAMS)
        fix = "or pass a stream of your own to doubling_exactly"
        raise validate.fail("number and multiplier", f"{number} at {multiplier}", known, fix)
    return doubling_exactly(STREAMS[key], number=number, multiplier=Fraction(multiplier))


def doubling_exactly(
    points: Sequence[Fraction | int], *, number: int, multiplier: Fraction
) -> DoublingCounterexample:
    """Doubling of points on a line, and their best centres, as fractions.

    Errors: ValueError for points that are no fractions or integers, no more distinct ones than
    the number of centroids, a number below 1, a multiplier that is not above 1.
    Cost: all ways to cut the points into intervals.
    """
    validate.integer("number", number, "keep at least one centroid", least=1)
    given = [*points, multiplier]
    if not all(isinstance(value, Fraction | int) for value in given) or multiplier <= 1:
        got = f"multiplier {multiplier!r}"
        raise validate.fail("points", got, "fractions, a multiplier above 1", "pass Fraction(3, 2)")
    stream = tuple(Fraction(value) for value in points)
    if len(set(stream)) <= number:
        got = f"{len(set(stream))} distinct ones"
        fix = "as many centroids as points are the points"
        raise validate.fail("points", got, f"more than {number}", fix)
    groups, radius = _doubled(stream, number, Fraction(multiplier))
    return DoublingCounterexample(
        points=stream,
        number=number,
        multiplier=Fraction(multiplier),
        centroids=tuple(centre for centre, _ in groups),
        radius=radius,
        distortion=max(abs(x - centre) for centre, members in groups for x in members),
        optimum=best_radius(stream, number=number),
    )


Group = tuple[Fraction, list[Fraction]]


def _doubled(
    stream: Sequence[Fraction], number: int, multiplier: Fraction
) -> tuple[list[Group], Fraction]:
    groups: list[Group] = []
    radius = Fraction(0)
    for x in stream:
        # `min` takes the first of the nearest.
        centre, members = min(groups, key=lambda group: abs(group[0] - x), default=(x, []))
        if groups and (centre == x or abs(centre - x) < radius):
            members.append(x)
            continue
        groups.append((x, [x]))
        if len(groups) > number and radius == 0:
            radius = min(abs(a[0] - b[0]) for a, b in combinations(groups, 2))
        while len(groups) > number:
            radius *= multiplier
            kept: list[Group] = []
            for centre, members in groups:
                near = (other for other in kept if abs(other[0] - centre) < radius)
                found = next(near, None)
                if found is None:
                    kept.append((centre, members))
                else:
                    found[1].extend(members)
            groups = kept
    return groups, radius


def best_radius(points: Sequence[Fraction], *, number: int) -> Fraction:
    """The least largest distance of points on a line to the nearest of `number` centres anywhere.

    Exact, over all cuts of the distinct points into so many intervals; 0 where there are no more.

    Errors: ValueError for a number that is no integer from 1 up.
    Cost: the number of cuts.
    Source: derived.
    """
    validate.integer("number", number, "take one centre at least", least=1)
    ordered = sorted(set(points))
    if len(ordered) <= number:
        return Fraction(0)
    cuts = combinations(range(1, len(ordered)), number - 1)
    ways = ((0, *cut, len(ordered)) for cut in cuts)
    lengths = (
        max(ordered[end - 1] - ordered[start] for start, end in pairwise(way)) for way in ways
    )
    return min(lengths) / 2
