"""A coefficient of the compact soft solution as it is printed, on one group, in exact arithmetic.

One group of v identical points with no other node near has L = 0, so whatever v

    (g V + C V) l = C V y    gives    l = c y / (g + c).

The papers print ``((1/c) V^-1 Lq + c g + 1)^-1 y``, which gives ``y / (1 + c g)``. The two agree
for g = 0 or c = 1 alone; the papers use c = 1.
"""

from __future__ import annotations

from fractions import Fraction

from diversity_jax import validate


def lone_group(*, regularisation: Fraction, confidence: Fraction) -> tuple[Fraction, Fraction]:
    """The label of a lone group whose members are labelled 1: as it is, and by the printed form.

    Errors: ValueError for values that are no fractions, or not above zero.
    Source: 1203.3522, section 4; 2605.03495, section 4.6.2 (printed); derived (as it is).
    """
    for name, value in (("regularisation", regularisation), ("confidence", confidence)):
        if not isinstance(value, Fraction) or value <= 0:
            raise validate.fail(name, repr(value), "a fraction above 0", "pass Fraction(1, 2)")
    g, c = regularisation, confidence
    return c / (g + c), 1 / (1 + c * g)
