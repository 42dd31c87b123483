"""Greedy rules of coverage against brute force and plain loops."""

import itertools
import math
import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from diversity_jax.selection import coverage, kernels


def points_of(name, number, dimension, dtype=np.float64):
    random = np.random.default_rng(zlib.crc32(name.encode()))
    centres = random.normal(size=(5, dimension))
    rows = centres[random.integers(5, size=number)] + random.normal(size=(number, dimension))
    return rows.astype(dtype)


def best_gains(matrix, picks):
    """Gains of facility location along `picks`, and the largest that each step could have had."""
    best, won, most = np.zeros(len(matrix)), [], []
    for pick in picks:
        offered = np.maximum(matrix - best[:, None], 0).sum(axis=0)
        won.append(offered[pick])
        most.append(offered.max())
        best = np.maximum(best, matrix[:, pick])
    return np.array(won), np.array(most), best.sum()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_facility_location_makes_the_greedy_choice_at_every_step(dtype):
    rows = points_of("greedy facility", 700, 8, dtype)
    found = coverage.facility_location(rows, number=200, kernel=kernels.clipped_cosine)
    matrix = np.maximum(cosine_similarity(rows.astype(np.float64)), 0)
    won, most, total = best_gains(matrix, np.asarray(found.indices))
    # A sum of 700 similarities carries some 700 roundings, of units of at most 1.
    slack = 700 * float(np.finfo(dtype).eps)
    drift = 1e-4 if dtype == np.float32 else 0.0
    assert (won >= most * (1 - drift) - slack).all()
    np.testing.assert_allclose(found.gains, won, atol=slack)
    assert float(found.objective) == pytest.approx(total, rel=slack)
    assert found.gains.dtype == dtype and len(set(found.indices.tolist())) == 200


def test_facility_location_is_greedy_by_lists_and_by_blocks_to_the_end():
    """Where values are traced no pairs are listed. Two points that serve each other best are a tie
    by symmetry, so the picks themselves may differ between the two."""
    rows, kernel = points_of("greedy facility", 700, 8), kernels.Gaussian(2.0)
    matrix = np.asarray(kernel(rows, rows))

    def choose(rows):
        return coverage.facility_location(rows, number=200, kernel=kernel)

    for found in (choose(rows), jax.jit(choose)(rows)):
        won, most, total = best_gains(matrix, np.asarray(found.indices))
        assert (won >= most * (1 - 1e-11)).all()
        np.testing.assert_allclose(found.gains, won, atol=1e-11)
        assert float(found.objective) == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("number", [33, 257])
def test_facility_location_is_greedy_around_the_size_of_its_blocks(number):
    """From 32 picks on pairs are listed, 256 points at a time: fewer and one more."""
    rows, kernel = points_of("facility blocks", number, 5), kernels.Gaussian(2.0)
    found = coverage.facility_location(rows, number=33, kernel=kernel)
    won, most, total = best_gains(np.asarray(kernel(rows, rows)), np.asarray(found.indices))
    assert (won >= most * (1 - 1e-11) - 1e-11).all()
    np.testing.assert_allclose(found.gains, won, atol=1e-11)
    assert float(found.objective) == pytest.approx(total, rel=1e-12)


def test_facility_location_reaches_its_share_of_the_best_subset():
    kernel = kernels.Gaussian(1.5)
    share = []
    for case in range(3):
        rows = points_of(f"facility subsets {case}", 12, 2)
        matrix = np.asarray(kernel(rows, rows))
        best = max(
            matrix[:, list(S)].max(axis=1).sum() for S in itertools.combinations(range(12), 4)
        )
        for method in ("lazy", "stochastic"):
            found = coverage.facility_location(rows, number=4, kernel=kernel, method=method)
            share.append(float(found.objective) / best)
    assert min(share) >= 1 - 1 / math.e
    assert max(share) <= 1 + 1e-12


def test_stochastic_greedy_is_close_to_the_exact_one_and_follows_its_key():
    rows = points_of("stochastic facility", 700, 8)
    run = {
        name: coverage.facility_location(rows, number=40, kernel=kernels.clipped_cosine, **options)
        for name, options in {
            "exact": {},
            "fixed": {"method": "stochastic"},
            "again": {"method": "stochastic"},
            "other": {"method": "stochastic", "key": jax.random.key(1)},
        }.items()
    }
    exact = float(run["exact"].objective)
    for name in ("fixed", "other"):
        matrix = np.maximum(cosine_similarity(rows), 0)
        _, _, total = best_gains(matrix, np.asarray(run[name].indices))
        assert float(run[name].objective) == pytest.approx(total, rel=1e-12)
        assert total >= 0.99 * exact
    assert run["fixed"].indices.tolist() == run["again"].indices.tolist()
    assert run["fixed"].indices.tolist() != run["other"].indices.tolist()


def test_k_center_is_the_farthest_point_at_every_step():
    rows = points_of("k-center", 400, 5)
    found = coverage.k_center(rows, number=60, first=7)
    nearest, radii = np.full(400, np.inf), []
    for pick in np.asarray(found.indices):
        radii.append(np.sqrt(nearest[pick]))
        assert nearest[pick] >= nearest.max() * (1 - 1e-12) or pick == 7
        nearest = np.minimum(nearest, ((rows - rows[pick]) ** 2).sum(axis=1))
    np.testing.assert_allclose(found.gains, radii, rtol=1e-10)
    assert float(found.objective) == pytest.approx(np.sqrt(nearest.max()), rel=1e-12)
    assert int(found.indices[0]) == 7


def test_k_center_is_within_twice_the_best_radius_and_meets_the_toy():
    toy = np.array([(2, 0), (2, 1), (1, 2), (0, 2), (-1, 2), (-2, 1), (-2, -1), (0.5, -2)])
    found = coverage.k_center(toy, number=3, first=0)
    assert sorted(found.indices.tolist()) == [0, 5, 7]
    assert float(found.objective) == pytest.approx(5**0.5, rel=1e-14)
    apart = np.sqrt(((toy[:, None] - toy[None]) ** 2).sum(axis=2))
    best = min(apart[:, list(S)].min(axis=1).max() for S in itertools.combinations(range(8), 3))
    assert best <= float(found.objective) <= 2 * best


@pytest.mark.parametrize("source", ["points", "matrix"])
def test_dpp_map_is_the_largest_determinant_at_every_step(source):
    rows, kernel = points_of("dpp steps", 60, 3), kernels.Gaussian(1.0)
    matrix = np.asarray(kernel(rows, rows))
    if source == "points":
        found = coverage.dpp_map(rows, number=20, kernel=kernel)
    else:
        found = coverage.dpp_map_from_matrix(matrix, number=20)
    chosen, last = [], 0.0
    for pick, gain in zip(found.indices.tolist(), found.gains.tolist()):
        every = [
            np.linalg.slogdet(matrix[np.ix_([*chosen, other], [*chosen, other])])[1]
            for other in range(60)
            if other not in chosen
        ]
        chosen.append(pick)
        now = np.linalg.slogdet(matrix[np.ix_(chosen, chosen)])[1]
        assert now >= max(every) - 1e-9
        assert gain == pytest.approx(now - last, abs=1e-9)
        last = now
    assert float(found.objective) == pytest.approx(last, abs=1e-9)


@pytest.mark.parametrize(("dtype", "slack"), [(np.float32, 1e-3), (np.float64, 1e-9)])
def test_d_optimal_is_the_largest_leverage_at_every_step(dtype, slack):
    rows, ridge = points_of("d-optimal", 300, 6, dtype), 0.01
    found = coverage.d_optimal(rows, number=80, ridge=ridge)
    exact = rows.astype(np.float64)
    matrix, left = ridge * np.eye(6), np.ones(300, bool)
    for pick, gain in zip(found.indices.tolist(), found.gains.tolist()):
        leverages = np.einsum("ij,jk,ik->i", exact, np.linalg.inv(matrix), exact)
        assert leverages[pick] >= leverages[left].max() * (1 - slack)
        assert gain == pytest.approx(np.log1p(leverages[pick]), rel=slack, abs=slack)
        left[pick], matrix = False, matrix + np.outer(exact[pick], exact[pick])
    assert float(found.objective) == pytest.approx(np.linalg.slogdet(matrix)[1], rel=slack)
    total = float(jnp.sum(found.gains)) + 6 * np.log(ridge)
    assert float(found.objective) == pytest.approx(total, rel=slack)


def information(spread, power):
    return (spread**power).sum(axis=-1)


def test_information_gain_exact_picks_the_largest_increase_and_beats_its_bound():
    random = np.random.default_rng(zlib.crc32(b"information"))
    weights = random.random((12, 5)) * (random.random((12, 5)) < 0.5)
    similarities = np.abs(np.corrcoef(random.normal(size=(5, 3))))
    options = {"threshold": 0.5, "strength": 0.7, "power": 0.6}
    edges = np.where(similarities >= 0.5, similarities, 0) * (1 - np.eye(5))
    whole = 1 + 0.7 * edges.sum(axis=1, keepdims=True)
    spread = weights @ ((np.eye(5) + 0.7 * edges) / whole)
    found = {
        method: coverage.information_gain(weights, similarities, number=4, method=method, **options)
        for method in ("exact", "gradient")
    }
    held = np.zeros(5)
    for pick, gain in zip(found["exact"].indices.tolist(), found["exact"].gains.tolist()):
        rise = information(held[None] + spread, 0.6) - information(held, 0.6)
        assert gain == pytest.approx(rise[pick], rel=1e-10)
        held = held + spread[pick]
    best = max(
        information(spread[list(S)].sum(axis=0), 0.6) for S in itertools.combinations(range(12), 4)
    )
    assert (1 - 1 / math.e) * best <= float(found["exact"].objective) <= best * (1 + 1e-12)
    for one in found.values():
        total = information(spread[np.asarray(one.indices)].sum(axis=0), 0.6)
        assert float(one.objective) == pytest.approx(total, rel=1e-12)
        assert float(jnp.sum(one.gains)) == pytest.approx(total, rel=1e-12)
