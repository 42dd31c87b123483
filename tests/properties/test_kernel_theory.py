"""What holds for any kernel matrix and any cells: order, units, renumbering, finer cells."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from diversity_jax.kernel_ridge import theory

steady = settings(derandomize=True, deadline=None, max_examples=40)
seeds = st.integers(0, 2**32 - 1)
ROUND = 1e-9


def problem(seed):
    """Whole-number features, often copies or zeros, so that ranks fall short; cells; a ridge."""
    rng = np.random.default_rng(seed)
    points = int(rng.integers(1, 10))
    features = rng.integers(-3, 4, (points, int(rng.integers(1, 6)))).astype(float)
    features[rng.random(points) < 0.2] = 0
    features[rng.random(points) < 0.3] = features[0]
    cells = np.unique(rng.integers(4, size=points), return_inverse=True)[1]
    return features @ features.T, cells, 10 ** rng.uniform(-4, 2)


@steady
@given(seeds)
def test_dimensions_are_between_zero_and_the_rank_and_fall_with_the_ridge(seed):
    kernel, cells, ridge = problem(seed)
    here = float(theory.effective_dimension(kernel, ridge=ridge))
    more = float(theory.effective_dimension(kernel, ridge=2 * ridge))
    assert 0 <= more <= here * (1 + ROUND) <= np.linalg.matrix_rank(kernel) * (1 + 2 * ROUND)
    parts = np.asarray(theory.local_effective_dimensions(kernel, cells, ridge=ridge))
    assert parts.shape == (cells.max() + 1,) and (parts <= np.bincount(cells)).all()


@steady
@given(seeds)
def test_every_bound_holds_for_any_cells(seed):
    kernel, cells, ridge = problem(seed)
    found = theory.orthogonality(kernel, cells, ridge=ridge)
    total, whole = found.local_effective_dimensions.sum(), found.effective_dimension
    excess, (least, most) = float(found.excess), map(float, found.excess_bounds)
    np.testing.assert_allclose(total - whole, excess, rtol=1e-6, atol=1e-9 * len(kernel))
    assert 0 <= least * (1 - ROUND) <= excess * (1 + ROUND) <= most * (1 + 3 * ROUND) + 1e-20
    assert total <= found.dimension_bound * (1 + ROUND)
    low, high = map(float, found.kappa_bounds)
    minus, plus = float(found.kappa_minus), float(found.kappa_plus)
    assert 0 < low * (1 - 1e-6) <= minus <= 1 <= plus <= high * (1 + ROUND)
    assert 0 <= float(found.fit_bound) < 1 and float(found.correlation) < 1
    assert float(found.fit_bound) <= float(found.weak_fit_bound) + 1e-12
    if cells.max() == 0:
        assert minus == plus == 1 and excess == 0


@steady
@given(seeds, st.sampled_from([-900, -30, 0, 30, 900]))
def test_units_and_the_order_of_points_and_cells_change_nothing(seed, power):
    kernel, cells, ridge = problem(seed)
    rng = np.random.default_rng(seed)
    order, names = rng.permutation(len(kernel)), rng.permutation(cells.max() + 1)
    here = theory.orthogonality(kernel, cells, ridge=ridge)
    unit = 2.0**power
    there = theory.orthogonality(
        kernel[np.ix_(order, order)] * unit, names[cells][order], ridge=ridge * unit
    )
    for name in ("effective_dimension", "kappa_minus", "kappa_plus", "radius", "largest_share"):
        np.testing.assert_allclose(getattr(there, name), getattr(here, name), rtol=1e-6, atol=ROUND)
    np.testing.assert_allclose(
        np.asarray(there.local_effective_dimensions)[names],
        here.local_effective_dimensions,
        rtol=ROUND,
        atol=ROUND,
    )


@steady
@given(seeds)
def test_finer_cells_use_no_less(seed):
    """Pinching a pinched matrix: sum d_q only grows when cells are split, and joined cells fall."""
    kernel, cells, ridge = problem(seed)
    totals = [
        float(theory.local_effective_dimensions(kernel, labels, ridge=ridge).sum())
        for labels in (np.zeros_like(cells), cells, np.arange(len(cells)))
    ]
    assert (np.diff(totals) >= -1e-9 * len(cells)).all()


@steady
@given(
    st.floats(1e-5, 1e2),
    st.floats(1e-3, 1e2),
    st.floats(1, 1e6),
    st.lists(st.floats(-10, 10), max_size=6),
)
def test_the_ridge_that_acts_is_larger_and_so_is_the_risk(ridge, noise, samples, target):
    target = np.array(target, float)
    first = theory.equivalent_risk(target, samples=samples, ridge=ridge, noise=noise)
    naive = theory.population_risk(target, samples=samples, ridge=ridge, noise=noise)
    trace = 1 + np.pi**2 / 3
    acting = float(first.effective_ridge)
    assert ridge * (1 - ROUND) <= acting <= (ridge + trace / samples) * (1 + ROUND)
    assert 0 <= float(first.squared_degrees) <= float(first.degrees) <= samples * (1 + ROUND)
    assert float(first.bias) >= float(naive.bias) * (1 - ROUND)
    assert np.isfinite(float(first.excess)) and float(first.excess) > 0
