"""The streams that refute "1 + eps": exactly, by lists, and by the quantiser itself."""

from fractions import Fraction

import numpy as np
import pytest

from diversity_jax.graph_learning import quantise, theory
from tests.agreement.doubling import Doubling, least_diameter

pytestmark = pytest.mark.light
HALF = Fraction(3, 2)
RATIOS = {(2, HALF): 4.99, (2, Fraction(2)): 5.99, (3, HALF): 6.32, (3, Fraction(2)): 6.99}


@pytest.mark.parametrize("number, multiplier", RATIOS)
def test_streams_on_a_line_are_far_worse_than_one_and_eps(number, multiplier):
    """A-C10: the factor holds and 1 + eps does not, by three implementations of both sides."""
    found = theory.doubling_counterexample(number=number, multiplier=multiplier)
    assert isinstance(found.ratio, Fraction)
    assert RATIOS[number, multiplier] < found.ratio == 2 + found.margin
    assert found.ratio <= 2 * multiplier**2 / (multiplier - 1)
    assert found.distortion <= found.radius * multiplier / (multiplier - 1)
    assert found.radius / (2 * multiplier) <= found.optimum
    points = [[float(x)] for x in found.points]
    lists = Doubling(number, float(multiplier), 0)
    for point in points:
        lists.add(point)
    # Whole numbers and few powers of 3/2: floats are exact.
    assert lists.radius == found.radius and lists.distortion() == found.distortion
    assert [x for (x,) in lists.centroids] == list(found.centroids)
    assert least_diameter(points, number) / 2 == found.optimum
    state = quantise.extend(
        quantise.initial(number, 1, multiplier=float(multiplier)), np.array(points)
    )
    count = int(state.count)
    assert np.asarray(state.centroids)[:count, 0].tolist() == list(found.centroids)
    assert float(state.radius) == found.radius
    many = [len(members) for members in lists.members]
    assert np.asarray(state.multiplicities)[:count].tolist() == many


def test_any_stream_of_fractions_can_be_looked_at():
    found = theory.doubling_exactly(
        [Fraction(x) for x in (0, 1, 3, 7, 15, 16, 2)], number=2, multiplier=Fraction(2)
    )
    assert found.centroids == (0, 15) and found.radius == 8 and found.distortion == 7
    assert found.optimum == Fraction(7, 2) and found.ratio == 2 and found.margin == 0
    third = theory.doubling_exactly([0, Fraction(1, 3), 1], number=2, multiplier=HALF)
    assert third.distortion == Fraction(1, 3) and third.optimum == Fraction(1, 6)
    for bad in (
        {"points": [0.5, 1, 2], "number": 2, "multiplier": HALF},
        {"points": [0, 1, 2], "number": 2, "multiplier": Fraction(1)},
        {"points": [0, 1, 1], "number": 2, "multiplier": HALF},
        {"points": [0, 1, 2], "number": 0, "multiplier": HALF},
    ):
        with pytest.raises(ValueError, match=r"got .*, expected .*; "):
            theory.doubling_exactly(**bad)
    with pytest.raises(ValueError, match=r"4 at 3/2, expected .*doubling_exactly"):
        theory.doubling_counterexample(number=4)


def test_the_best_radius_is_that_of_all_choices_of_intervals_by_brute_force():
    points = [Fraction(place) for place in (0, 7, 1, 7, 3, 12)]
    for number, expected in ((1, 6), (2, Fraction(5, 2)), (3, Fraction(3, 2)), (5, 0), (9, 0)):
        assert theory.best_radius(points, number=number) == expected
    with pytest.raises(ValueError, match="number"):
        theory.best_radius(points, number=0)
