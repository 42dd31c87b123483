"""The papers' norm lemma is false: two nodes and one edge, in exact rational arithmetic.

Node 0 has the label 1 at confidence 1, node 1 none (0) at confidence c, and the edge weighs w. With
``det = (w + g + 1)(w + g + c) - w^2`` the soft solution is

    l = ((w + g + c) / det, w / det),

which for w to infinity becomes 1 / (1 + 2g + c) at both. As w grows from 0, |l|^2 falls from
``1 / (1 + g)^2`` and then rises to ``2 / (1 + 2g + c)^2`` (the sign of its derivative is that of
``w (1 - c) - (g + c)^2``). So the lemma, ``|l| <= 1 / (1 + g)``, fails for strong edges if and only
if ``sqrt(2) (1 + g) > 1 + 2 g + c``: for g and c small against ``sqrt(2) - 1``. Eigenvalues of
``(C^-1 K + 1)^-1`` do not bound its spectral norm, since it is not symmetric.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

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
