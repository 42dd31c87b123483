"""What the borders of cells add to the bias, for the periodic Sobolev kernel on the circle.

An interval's own fit with n ridge, n the number of all points, is in the limit of many points

    min int_cell (f - g)^2 + ridge |F|^2,     |F|^2 = (int F)^2 + (2 pi)^-2 int F'^2,

over F on the circle with F = f in the cell. With ``m = int F`` it has ``m = (2 pi)^-2 F''``
outside and ``f - g + ridge m = L^2 f''`` inside, ``L = ridge^1/2 / (2 pi)``, with a slope that is
continuous at the ends. So F is a parabola outside, which knows nothing of g there: at an end b its
slope s_b is set by the values at both ends, and near b the error decays as

    f - g = L (s_b - g'(b)) e^(-|x - b| / L),     int (f - g)^2 = L^3 (s_b - g'(b))^2 / 2.

Over both ends of all cells that is of order ``ridge^(3/2)``, while the bias of a fit to all points
is of order ``ridge^(2 r)`` under a source condition r up to 1 (`rates`). So a fixed number of cells
keeps the rate for r < 3/4, and beyond that it has the rate of r = 3/4:

    ridge = n^(-1/(2r+gamma)) leaves n^(-3/2/(2r+gamma)), at gamma = 1/2, r = 1 n^(-.6) for n^(-.8).

With a parabola of length l between the ends b and a (that is the outside, from b on), values f_b,
f_a and ``m (1 + pi^2 l^3 / 3) = int_cell f + l (f_a + f_b) / 2``, the slopes are
``(f_a - f_b) / l -+ 2 pi^2 m l`` at b and a. To leading order f is g in them: `border_bias`.

`cell_bias` leaves nothing out. Inside, a wave of g of frequency w is in f with the factor
``1 / (1 + L^2 w^2)``, the constant less ridge m, and two decaying solutions are added to it, one
from each end; their sizes and m solve three linear equations, both slopes and the mean.
"""

from __future__ import annotations

import jax
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import seen, validate

NODES, REACH = 64, 12.0  # of a Gauss-Legendre rule on each piece; widths of a layer
LEAST, MOST = 1e-12, 1e12  # ridges between which no more than 1e-5 of the bias is rounding


def cell_bias(
    coefficients: npt.ArrayLike, borders: npt.ArrayLike, *, ridge: ScalarLike
) -> Float[Array, ""]:
    """``int (f - g)^2`` of fits in the cells between `borders`, in the limit of many points.

    Exact, for points spread evenly, without noise. One border opens the circle without a partition,
    none is a fit to all.

    Shapes: coefficients `[p]` in the order of `sobolev_eigenvalues`, borders `[q]` in [0, 1).
    Errors: ValueError for borders that are equal or outside, values that are not finite, a ridge
    outside 1e-12 to 1e12, where rounding decides.
    Cost: p q.
    Source: derived above.
    """
    values, ends = _given(coefficients, borders)
    shift = seen.above_zero("ridge", ridge)
    if not LEAST <= shift <= MOST:
        fix = "below, take border_bias; above, nothing is fitted"
        raise validate.fail("ridge", shift, f"a number from {LEAST:g} to {MOST:g}", fix)
    squares = np.maximum((np.arange(len(values)) + 1) // 2, 1.0) ** 2
    shrunk = values / (1 + shift * squares)
    if not len(ends):
        return jax.device_put(np.float64(((shrunk - values) ** 2).sum()))
    total = sum(
        _inside(values, shrunk, first, last, shift)
        for first, last in zip(ends, np.append(ends[1:], ends[0] + 1))
    )
    return jax.device_put(np.float64(total))


def border_bias(
    coefficients: npt.ArrayLike, borders: npt.ArrayLike, *, ridge: ScalarLike
) -> Float[Array, ""]:
    """What cells between `borders` add to ``int (f - g)^2``; asymptotic in ridge, to zero.

    Leading order, ``ridge^(3/2)``; what is left out is smaller by ``ridge^(1/2)``. The target
    ``g = sum_j b_j e_j`` needs a derivative, and cells that are wide beside ``ridge^1/2 / (2 pi)``.

    Shapes: coefficients `[p]` in the order of `sobolev_eigenvalues`, borders `[q]` in [0, 1).
    Errors: ValueError for fewer than two borders, such as are equal or outside, values that are not
    finite, a ridge that is not above zero.
    Cost: p q.
    Source: derived above.
    """
    values, ends = _given(coefficients, borders)
    if len(ends) < 2:
        got, fix = f"{len(ends)}", "one interval has no borders"
        raise validate.fail("borders", got, "two or more", fix)
    width = np.sqrt(seen.above_zero("ridge", ridge)) / (2 * np.pi)
    at, slope, integral = _series(values, ends)
    total = 0.0
    for number in range(len(ends)):
        # The cell from `first` to `last`, whose outside has length `left`.
        first, last = number, (number + 1) % len(ends)
        left = 1 - (ends[last] - ends[first]) % 1
        turn = integral[last] - integral[first] + (values[0] if last < first else 0.0)
        mean = (turn + left * (at[first] + at[last]) / 2) / (1 + np.pi**2 * left**3 / 3)
        straight, bend = (at[first] - at[last]) / left, 2 * np.pi**2 * mean * left
        total += (straight - bend - slope[last]) ** 2 + (straight + bend - slope[first]) ** 2
    return jax.device_put(np.float64(width**3 * total / 2))


def _given(coefficients: npt.ArrayLike, borders: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients, and borders in order."""
    validate.shape("coefficients", coefficients, (None,), "pass them as one row")
    validate.finite("coefficients", coefficients)
    values = seen.array("coefficients", coefficients).astype(np.float64)
    if not len(values):
        raise validate.fail("coefficients", "none", "one at least", "pass 0 for no target")
    validate.shape("borders", borders, (None,), "pass them as one row")
    validate.finite("borders", borders)
    ends = np.sort(seen.array("borders", borders).astype(np.float64))
    if not (np.diff(ends) > 0).all() or ((ends < 0) | (ends >= 1)).any():
        fix = "take them modulo 1, each once"
        raise validate.fail("borders", ends.tolist(), "numbers that differ, in [0, 1)", fix)
    return values, ends


def _inside(
    values: np.ndarray, shrunk: np.ndarray, first: float, last: float, shift: float
) -> float:
    """``int (f - g)^2`` over the cell from `first` to `last`."""
    width, left = np.sqrt(shift) / (2 * np.pi), 1 - (last - first)
    ends = np.array([first, last])
    own, slopes, sums = _series(np.r_[values[0], shrunk[1:]], ends)
    far = np.exp(-(last - first) / width)
    # Unknowns: the layer of each end, and m. Rows: both slopes, and the mean.
    at = np.array([[1, far, -shift], [far, 1, -shift]])
    slope = np.array([[-1, far, 0], [-far, 1, 0]]) / width
    inner = np.array([width * (1 - far), width * (1 - far), -shift * (last - first)])
    # The slopes' difference is that of the parabola's, their mean times its length its rise: two
    # equations even where the circle is only opened, and has no outside.
    bend = 4 * np.pi**2 * left * np.array([0, 0, 1.0])
    rows = [slope[1] - slope[0] + bend, left / 2 * slope.sum(0) - at[0] + at[1]]
    right = [slopes[0] - slopes[1], own[0] - own[1] - left / 2 * slopes.sum()]
    mean = (1 + np.pi**2 * left**3 / 3) * np.array([0, 0, 1.0]) - inner - left / 2 * at.sum(0)
    rows.append(mean)
    right.append(sums[1] - sums[0] + left / 2 * own.sum())
    start, end, level = np.linalg.solve(np.array(rows), np.array(right))
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    reach = min(REACH * width, (last - first) / 3)
    orders = max(1, len(values) // 16)
    breaks = np.unique(np.r_[first, last, np.linspace(first + reach, last - reach, orders + 1)])
    middle, half = (breaks[1:] + breaks[:-1]) / 2, np.diff(breaks) / 2
    x = (middle[:, None] + half[:, None] * nodes).ravel()
    off = _series(np.r_[0.0, (shrunk - values)[1:]], x)[0] - shift * level
    off += start * np.exp(-(x - first) / width) + end * np.exp(-(last - x) / width)
    return float(((off**2).reshape(len(middle), -1) * half[:, None] * weights).sum())


def _series(values: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The target, its derivative and its integral from 0, at points `[q]`."""
    orders = np.arange(1, (len(values) + 1) // 2 + 1)
    both = np.zeros(2 * len(orders))
    both[: len(values) - 1] = np.sqrt(2) * values[1:]
    cosines, sines = both[::2], both[1::2]
    rates = 2 * np.pi * orders
    cos, sin = np.cos(points[:, None] * rates), np.sin(points[:, None] * rates)
    return (
        values[0] + cos @ cosines + sin @ sines,
        cos @ (rates * sines) - sin @ (rates * cosines),
        values[0] * points + sin @ (cosines / rates) + (1 - cos) @ (sines / rates),
    )
