"""The bias of cells on the circle against solves on a fine grid, and its leading order."""

import numpy as np
import pytest

from diversity_jax import seeds
from diversity_jax.kernel_ridge import kernels, theory

POINTS = 800
GRID = (np.arange(POINTS) + 0.5) / POINTS
pytestmark = pytest.mark.light


def target(decay, orders=12):
    """Coefficients at random phases, with a mean, and the function on the grid by a plain sum."""
    random = seeds.numpy_generator(seeds.stream(seeds.root(16), "borders"))
    cosines, sines = random.standard_normal((2, orders))
    found, values = np.zeros(1 + 2 * orders), np.full(POINTS, 0.3)
    found[0] = 0.3
    for j in range(1, orders + 1):
        found[2 * j - 1], found[2 * j] = cosines[j - 1] * j**-decay, sines[j - 1] * j**-decay
        wave = found[2 * j - 1] * np.cos(2 * np.pi * j * GRID)
        values += np.sqrt(2) * (wave + found[2 * j] * np.sin(2 * np.pi * j * GRID))
    return found, values


def solved(values, borders, ridge):
    """Mean squared error of each interval's own fit with the n of all points."""
    kernel = np.asarray(kernels.sobolev()(GRID[:, None], GRID[:, None]))
    cells = np.searchsorted(borders, GRID, side="right") % max(len(borders), 1)
    fit = np.zeros(POINTS)
    for cell in np.unique(cells):
        inside = cells == cell
        block = kernel[np.ix_(inside, inside)]
        system = block + POINTS * ridge * np.eye(inside.sum())
        fit[inside] = block @ np.linalg.solve(system, values[inside])
    return np.mean((fit - values) ** 2)


@pytest.mark.parametrize("borders", [[], [0.3], [0.0, 0.5], [0.1, 0.2, 0.7]])
def test_the_bias_of_cells_is_that_of_many_points(borders):
    coefficients, values = target(2.0)
    for ridge in (10.0, 0.5, 0.04):
        found = float(theory.cell_bias(coefficients, borders, ridge=ridge))
        # The midpoint rule errs by (w h)^2 / 24 of waves and layers: 150 per unit at most here.
        np.testing.assert_allclose(found, solved(values, borders, ridge), rtol=3e-3)


@pytest.mark.parametrize("ridge", [1e-12, 1e-6, 1.0, 1e6, 1e12])
def test_one_border_changes_nothing_at_any_ridge(ridge):
    coefficients, _ = target(2.0)
    whole, opened = (theory.cell_bias(coefficients, some, ridge=ridge) for some in ([], [0.4]))
    np.testing.assert_allclose(opened, whole, rtol=1e-5)


def test_one_border_changes_nothing_and_two_do():
    coefficients, _ = target(4.0)
    whole, opened, halves = (
        float(theory.cell_bias(coefficients, borders, ridge=1e-3))
        for borders in ([], [0.4], [0.4, 0.9])
    )
    np.testing.assert_allclose(opened, whole, rtol=1e-9)
    assert halves > 2 * whole


def test_borders_add_their_leading_order_as_the_ridge_goes_to_zero():
    coefficients, _ = target(4.0)
    borders = [0.15, 0.4, 0.8]
    gaps = []
    for ridge in (1e-4, 1e-6, 1e-8):
        bias = theory.cell_bias(coefficients, borders, ridge=ridge)
        added = float(bias - theory.cell_bias(coefficients, [], ridge=ridge))
        gaps.append(added / float(theory.border_bias(coefficients, borders, ridge=ridge)) - 1)
    # What is left out is of the order of the root of the ridge: a tenth each time.
    np.testing.assert_allclose(gaps[1:], np.array(gaps[:-1]) / 10, rtol=0.1)
    assert abs(gaps[-1]) < 1e-2


@pytest.mark.parametrize(
    ("borders", "words"),
    [([0.2, 0.2], "borders"), ([0.2, 1.0], "borders"), ([[0.1]], "borders"), ([np.nan], "borders")],
)
def test_bad_borders_are_refused(borders, words):
    for function in (theory.cell_bias, theory.border_bias):
        with pytest.raises(ValueError, match=words):
            function([0.0, 1.0], borders, ridge=1e-3)


def test_other_bad_input_is_refused():
    with pytest.raises(ValueError, match="two or more"):
        theory.border_bias([0.0, 1.0], [0.5], ridge=1e-3)
    with pytest.raises(ValueError, match="coefficients"):
        theory.cell_bias([], [0.5], ridge=1e-3)
    for ridge in (0.0, 1e-13, 1e13, np.inf):
        with pytest.raises(ValueError, match="ridge"):
            theory.cell_bias([0.0, 1.0], [0.5], ridge=ridge)
