"""Scores, pools by geometry and the entropy reward: known values, invariances, refusals."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.spatial.distance import pdist
from sklearn.metrics.pairwise import cosine_similarity

from diversity_jax.selection import geometry, kernels, reward, scores, theory

TOY = np.array([(2, 0), (2, 1), (1, 2), (0, 2), (-1, 2), (-2, 1), (-2, -1), (0.5, -2)])
LABELS = np.array([0, 0, 0, 1, 1, 1, 2, 2])


def labelled(name, number=90, dimension=6, domains=3, dtype=np.float64):
    random = np.random.default_rng(zlib.crc32(name.encode()))
    labels = random.permutation(np.arange(number) % domains)
    centres = 2 * random.normal(size=(domains, dimension))
    return (centres[labels] + random.normal(size=(number, dimension))).astype(dtype), labels


def test_the_toy_has_its_eight_scores():
    inter = [-0.96170935, -0.87669650, -0.46312451, -0.37993144]
    inter += [-0.52330350, -0.53687549, -0.92035799, -1.24783550]
    intra = [0.85749293, 0.99705449, 0.84366149, 0.85749293, 0.99705449, 0.84366149]
    intra += [0.8, 0.75925660]
    means = [(5 / 3, 1), (-1, 5 / 3), (-0.75, -1.5)]
    np.testing.assert_allclose(scores.centroids(TOY, LABELS, domains=3), means, atol=1e-14)
    found = scores.inter_diversity(TOY, LABELS, domains=3)
    np.testing.assert_allclose(found, inter, atol=5.1e-9)
    np.testing.assert_allclose(scores.intra_diversity(TOY, LABELS, domains=3), intra, atol=5.1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_are_sums_of_scikit_learns_cosines_and_one_cosine(dtype):
    rows, labels = labelled("cosines", dtype=dtype)
    means = np.stack([rows[labels == k].mean(axis=0) for k in range(3)])
    table = cosine_similarity(rows, means)
    own = np.take_along_axis(table, labels[:, None], axis=1)[:, 0]
    slack = 64 * float(np.finfo(dtype).eps)
    inter = scores.inter_diversity(rows, labels, domains=3)
    assert inter.dtype == dtype
    np.testing.assert_allclose(inter, table.sum(axis=1) - own, atol=slack)
    np.testing.assert_allclose(scores.intra_diversity(rows, labels, domains=3), own, atol=slack)
    one = scores.inter_as_one_cosine(rows, labels, domains=3)
    np.testing.assert_allclose(one.lengths[labels] * one.cosines, inter, atol=slack)


def test_scores_do_not_see_the_length_of_points_beyond_the_centroids():
    rows, labels = labelled("length")
    doubled = scores.inter_diversity(2.0 * rows, labels, domains=3)
    np.testing.assert_array_equal(doubled, scores.inter_diversity(rows, labels, domains=3))


@pytest.mark.parametrize("cut", ["domain", "global"])
@pytest.mark.parametrize("name", ["near_other", "far_other", "near_own", "far_own"])
def test_pools_hold_the_extreme_scores_and_keep_their_quota(name, cut):
    rows, labels = labelled("pools")
    found = getattr(geometry, name)(rows, labels, domains=3, fraction=0.2, cut=cut)
    score = scores.inter_diversity if name.endswith("other") else scores.intra_diversity
    values = np.asarray(score(rows, labels, domains=3)) * (1 if name.startswith("far") else -1)
    groups = [labels == k for k in range(3)] if cut == "domain" else [labels >= 0]
    expected = [np.flatnonzero(group)[np.argsort(values[group])] for group in groups]
    kept = np.concatenate([order[: len(order) // 5] for order in expected])
    assert found.tolist() == kept.tolist()


def test_bins_are_fifths_of_each_domain_and_the_last_is_near():
    rows, labels = labelled("bins", number=150)
    values = scores.inter_diversity(rows, labels, domains=3)
    found = np.asarray(geometry.bins(values, labels, domains=3))
    assert all(np.bincount(found[labels == k]).tolist() == [10] * 5 for k in range(3))
    for number, pool in ((4, geometry.near_other), (0, geometry.far_other)):
        chosen = np.asarray(pool(rows, labels, domains=3, fraction=0.2))
        assert sorted(chosen.tolist()) == np.flatnonzero(found == number).tolist()
    uneven = np.asarray(geometry.bins(values[:16], np.zeros(16, int), domains=1))
    assert sorted(np.bincount(uneven).tolist()) == [3, 3, 3, 3, 4]


def test_a_product_just_below_an_integer_takes_that_many():
    rows, labels = labelled("rounding", number=100, domains=1)
    assert int(0.29 * 100) == 28  # what rounding would take
    assert len(geometry.near_own(rows, labels, domains=1, fraction=0.29)) == 29


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_separation_and_variances_are_those_of_scipy_and_numpy(dtype):
    rows, labels = labelled("separation", number=91, domains=4, dtype=dtype)
    means = np.stack([rows[labels == k].mean(axis=0) for k in range(4)])
    spread = [rows[labels == k].var(axis=0).sum() for k in range(4)]
    found = scores.centroid_separation(rows, labels, domains=4)
    variances = scores.domain_variances(rows, labels, domains=4)
    assert found.dtype == variances.dtype == dtype
    slack = 64 * float(np.finfo(dtype).eps)
    assert float(found) == pytest.approx(pdist(means).mean(), rel=slack)
    np.testing.assert_allclose(variances, spread, rtol=slack)
    far = rows + dtype(1000.0)  # costs float32 three digits of the points, none of the squares
    slack = 1000 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(scores.domain_variances(far, labels, domains=4), spread, rtol=slack)


def test_separation_and_variances_scale_and_refuse():
    toy = np.array([(0.0, 0.0), (0.0, 2.0), (3.0, 5.0)])
    labels = np.array([0, 0, 1])
    assert float(scores.centroid_separation(toy, labels, domains=2)) == pytest.approx(5.0)
    np.testing.assert_allclose(scores.domain_variances(toy, labels, domains=2), [1.0, 0.0])
    assert float(scores.centroid_separation(3 * toy, labels, domains=2)) == pytest.approx(15.0)
    np.testing.assert_allclose(scores.domain_variances(3 * toy, labels, domains=2), [9.0, 0.0])
    with pytest.raises(ValueError, match=r"^domains: got 1, expected an integer >= 2"):
        scores.centroid_separation(toy, np.zeros(3, int), domains=1)
    with pytest.raises(ValueError, match=r"^labels: got no point of domain 2"):
        scores.domain_variances(toy, labels, domains=3)


def test_vendi_counts_what_is_different():
    same = jnp.ones((5, 5))
    blocks = jnp.kron(jnp.eye(4), jnp.ones((3, 3)))
    for matrix, number in ((jnp.eye(7), 7), (same, 1), (blocks, 4)):
        assert float(scores.vendi_score_from_matrix(matrix)) == pytest.approx(number, rel=1e-12)
    rows, _ = labelled("vendi", number=40)
    kernel = kernels.Gaussian(2.0)
    shares = np.linalg.eigvalsh(np.asarray(kernel(rows, rows))) / 40
    expected = np.exp(stats.entropy(np.maximum(shares, 0)))
    assert float(scores.vendi_score(rows, kernel=kernel)) == pytest.approx(expected, rel=1e-12)
    traced = jax.jit(lambda rows: scores.vendi_score(rows, kernel=kernel))(rows)
    assert float(traced) == pytest.approx(expected, rel=1e-12)


def test_entropy_is_that_of_scipy_and_its_gradient_is_finite():
    rows = np.random.default_rng(5).dirichlet(np.full(4, 0.5), size=(3, 20))
    np.testing.assert_allclose(
        reward.domain_entropy(rows), stats.entropy(rows, axis=-1), rtol=1e-12
    )
    assert float(reward.domain_entropy(np.full(4, 0.25))) == pytest.approx(np.log(4), rel=1e-15)
    assert float(reward.domain_entropy(jnp.array([0.0, 1.0, 0.0]))) == 0.0
    slope = jax.grad(reward.domain_entropy)(jnp.array([0.0, 0.5, 0.5]))
    np.testing.assert_allclose(slope, [0.0, np.log(2) - 1, np.log(2) - 1], rtol=1e-15)
    assert reward.domain_entropy(rows.astype(np.float32)).dtype == np.float32


@settings(max_examples=200, deadline=None)
@given(
    arrays(np.float64, 4, elements=st.floats(0.0, 1.0)).filter(lambda row: row.sum() > 0.1),
    arrays(np.float64, 4, elements=st.floats(0.0, 5.0)),
)
def test_the_error_of_the_hard_weight_is_below_its_bound(row, ratios):
    posterior = row / row.sum()
    hard = ratios[np.argmax(posterior)]
    error = (posterior @ ratios - hard) ** 2
    assert error <= float(theory.hard_weight_bound(posterior, ratios)) + 1e-12


def test_the_bound_is_reached_and_high_entropy_alone_means_nothing():
    """Two domains at one half reach ``1 - e^-H``; equal ratios of the likely ones give no error."""
    bound = theory.hard_weight_bound(np.array([0.5, 0.5]), np.array([2.0, 0.5]))
    assert float(bound) == pytest.approx((1.5 * 0.5) ** 2, rel=1e-12)
    posterior, ratios = np.array([0.0, 0.5, 0.5]), np.array([2.0, 0.5, 0.5])
    assert (posterior @ ratios - 0.5) ** 2 == 0.0
    assert float(theory.hard_weight_bound(posterior, ratios)) > 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embeddings": np.where(TOY == 0.5, np.nan, TOY)}, r"^embeddings: got 1 NaN"),
        ({"embeddings": np.where(LABELS[:, None] == 7, 0, TOY * (TOY[:, :1] != 0.5))}, "row 7"),
        ({"labels": LABELS + 1}, r"^labels: got labels from 1 to 3"),
        ({"labels": np.where(LABELS == 1, 0, LABELS)}, r"^labels: got no point of domain 1"),
        ({"labels": LABELS[:-1]}, r"^labels: got shape \(7,\)"),
        ({"labels": LABELS.astype(float)}, r"^labels: got dtype float64"),
        ({"domains": 1}, r"^domains: got 1, expected an integer >= 2"),
        ({"domains": 4}, r"^labels: got no point of domain 3"),
        ({"embeddings": TOY[0]}, r"^embeddings: got shape \(2,\)"),
    ],
)
def test_bad_labelled_points_are_refused(change, message):
    given = {"embeddings": TOY, "labels": LABELS, "domains": 3, **change}
    with pytest.raises(ValueError, match=message) as refused:
        scores.inter_diversity(given["embeddings"], given["labels"], domains=given["domains"])
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("fraction", [0.0, -0.1, 1.1, float("nan"), 0.01])
def test_fractions_outside_their_range_are_refused(fraction):
    with pytest.raises(ValueError, match=r"^fraction: got"):
        geometry.near_other(TOY, LABELS, domains=3, fraction=fraction)


def test_other_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"^centroids: got length zero in row 0"):
        points, labels = np.array([(1.0, 0), (-1, 0), (0, 1)]), np.array([0, 0, 1])
        scores.inter_diversity(points, labels, domains=2)
    with pytest.raises(ValueError, match=r"^cut: got 'quota'"):
        geometry.near_own(TOY, LABELS, domains=3, fraction=0.5, cut="quota")
    with pytest.raises(ValueError, match=r"^matrix: got an asymmetry of 1"):
        scores.vendi_score_from_matrix(jnp.array([[1.0, 1.0], [0.0, 1.0]]))
    with pytest.raises(ValueError, match=r"^matrix: got a smallest eigenvalue of -0.5"):
        scores.vendi_score_from_matrix(jnp.array([[1.0, 2.0], [2.0, 1.0]]))
    for row, message in (([0.5, 0.6], "off 1 by 0.1"), ([1.5, -0.5], "smallest value of -0.5")):
        with pytest.raises(ValueError, match=rf"^probabilities: got .*{message}"):
            reward.domain_entropy(np.array(row))
