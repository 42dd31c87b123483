"""DaaR stage by stage: definitions by brute force, peers, oracles in place of stages, refusals."""

import zlib

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from sklearn.cluster import KMeans

from diversity_jax.mixtures import GaussianMixture
from diversity_jax.selection import daar, probe
from diversity_jax.selection.reward import domain_entropy


def key(name):
    return jax.random.key(zlib.crc32(name.encode()))


def cloud(name, number=200, dimension=5, domains=3, apart=3.0, dtype=np.float64):
    """Points of `domains` clouds, their labels and the clouds' means."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    labels = random.permutation(np.arange(number) % domains)
    means = apart * np.eye(domains, dimension)
    points = means[labels] + random.normal(size=(number, dimension))
    return points.astype(dtype), labels, means.astype(dtype)


@pytest.mark.parametrize(("dimension", "count"), [(3584, 58_275_332), (4096, 76_037_380)])
def test_the_probe_has_as_many_weights_as_the_papers(dimension, count):
    assert probe.parameter_count(dimension, 4) == count


@pytest.mark.parametrize("width", [0.5, 1.0])
def test_the_count_of_weights_is_that_of_the_network(width):
    made = jax.eval_shape(
        lambda: nnx.state(probe.Trunk(7, 4, width=width, rngs=nnx.Rngs(0)), nnx.Param)
    )
    assert sum(leaf.size for leaf in jax.tree.leaves(made)) == probe.parameter_count(
        7, 4, width=width
    )


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_acceptance_is_its_definition(threshold, dtype):
    rows, _, _ = cloud("acceptance", number=60, dimension=3, dtype=dtype)
    kept = []
    for place, row in enumerate(rows):
        cosines = [
            row @ rows[other] / np.linalg.norm(row) / np.linalg.norm(rows[other]) for other in kept
        ]
        if all(cosine < threshold for cosine in cosines):
            kept.append(place)
    assert 1 < len(kept) < 60
    found = daar.accepted(rows, threshold=threshold)
    np.testing.assert_array_equal(np.flatnonzero(found), kept)


def test_acceptance_is_strict_and_asks_only_what_was_kept():
    first, second = [1.0, 0.0], [0.6, 0.8]
    # The third is like the second, which was turned away, and unlike the first.
    rows = np.array([first, second, [0.0, 1.0], [2.0, 0.0]])
    strict = daar.accepted(rows, threshold=0.6)
    np.testing.assert_array_equal(strict, [True, False, True, False])
    above = daar.accepted(rows, threshold=0.6 + 1e-12)
    np.testing.assert_array_equal(above, [True, True, False, False])


def test_synthesis_keeps_the_first_accepted_of_what_was_made():
    def generate(stream, number):
        return jax.random.normal(stream, (number, 4), jnp.float64)

    made, kept = daar.synthesise(key("synthesis"), generate, number=3, threshold=0.5, attempts=40)
    every = np.flatnonzero(daar.accepted(made, threshold=0.5))
    assert len(every) > 3
    np.testing.assert_array_equal(np.flatnonzero(kept), every[:3])
    _, few = daar.synthesise(key("synthesis"), generate, number=3, threshold=-0.99, attempts=40)
    assert np.count_nonzero(few) < 3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_moving_pseudo_labels_are_scikit_learns_k_means(dtype):
    rows, _, means = cloud("k-means", apart=1.5, dtype=dtype)
    start = means + dtype(0.7)
    found = daar.pseudo_labels(rows, start)
    peer = KMeans(3, init=start, n_init=1, tol=0, algorithm="lloyd").fit(rows)
    assert bool(found.converged) and found.steps > 2
    assert found.centroids.dtype == dtype
    np.testing.assert_array_equal(found.labels, peer.labels_)
    slack = 1000 * np.finfo(dtype).eps
    np.testing.assert_allclose(found.centroids, peer.cluster_centers_, atol=slack)
    assert not np.array_equal(found.labels, daar.nearest(rows, start))


def test_k_means_that_is_cut_short_says_so():
    rows, _, means = cloud("k-means", apart=1.5)
    found = daar.pseudo_labels(rows, means + 0.7, steps=1)
    assert found.steps == 1 and not bool(found.converged)


def test_fixed_pseudo_labels_are_the_nearest_centroids():
    rows, _, means = cloud("fixed")
    found = daar.pseudo_labels(rows, means, moving=False)
    distances = np.linalg.norm(rows[:, None] - means[None], axis=2)
    np.testing.assert_array_equal(found.labels, distances.argmin(axis=1))
    np.testing.assert_array_equal(found.centroids, means)
    assert found.steps == 0


def test_a_centroid_without_samples_stays_where_it_was():
    rows, _, means = cloud("emptied", domains=2)
    far = np.full((1, 5), 1e3)
    found = daar.pseudo_labels(rows, np.concatenate([means, far]))
    np.testing.assert_array_equal(found.centroids[2:], far)
    assert not np.any(found.labels == 2)
    alone = daar.pseudo_labels(rows, means)
    np.testing.assert_allclose(found.centroids[:2], alone.centroids, atol=1e-13)


@pytest.mark.parametrize(
    ("number", "fraction", "count"), [(100, 0.29, 29), (99, 0.2, 19), (7, 1.0, 7), (5, 0.2, 1)]
)
def test_the_top_is_the_best_first_and_of_the_count_of_the_code(number, fraction, count):
    scores = np.random.default_rng(zlib.crc32(b"top")).normal(size=number)
    found = daar.top(scores, fraction=fraction)
    np.testing.assert_array_equal(found, np.argsort(-scores)[:count])


@pytest.mark.parametrize("target", [0, 2])
def test_the_customised_choice_has_a_quota_in_every_domain(target):
    random = np.random.default_rng(zlib.crc32(b"customised"))
    labels, scores = random.choice(3, p=[0.5, 0.3, 0.2], size=101), random.normal(size=101)
    found = np.asarray(daar.customised(scores, labels, target=target, domains=3))
    for domain in range(3):
        own = np.flatnonzero(labels == domain)
        count = int((0.5 if domain == target else 0.1) * len(own))
        best = own[np.argsort(-scores[own])][:count]
        np.testing.assert_array_equal(np.flatnonzero(found & (labels == domain)), np.sort(best))


def test_a_domain_without_samples_leaves_the_other_quotas_alone():
    scores, labels = np.arange(20.0), np.repeat([0, 2], 10)
    found = daar.customised(scores, labels, target=2, domains=3)
    np.testing.assert_array_equal(np.flatnonzero(found), [9, 15, 16, 17, 18, 19])


def test_with_oracles_for_every_stage_the_true_entropy_selects():
    pool, _, means = cloud("pool")
    mixture = GaussianMixture.isotropic(jnp.full(3, 1 / 3), means, jnp.ones(3))
    seen, labels, _ = cloud("probe set", number=60)
    found = daar.daar(
        key("oracles"), pool, seen, centroids=means, labels=labels,
        posterior=mixture.responsibilities, regress=False,
    )  # fmt: skip
    squares = ((pool[:, None] - means[None]) ** 2).sum(axis=2)
    posterior = np.exp(-squares / 2 + squares.min(axis=1)[:, None] / 2)
    posterior /= posterior.sum(axis=1)[:, None]
    entropy = -(posterior * np.log(posterior)).sum(axis=1)
    np.testing.assert_allclose(found.rewards, entropy, atol=1e-12)
    np.testing.assert_array_equal(found.indices, np.argsort(-entropy)[:40])
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_array_equal(found.centroids, means)
    assert np.isnan(found.accuracy)


# The narrowest layer has half as many units as there are dimensions: of a few, all may be dead.
DIMENSION = 16
TRAINING = {"epochs": 4, "batch": 20, "held_out": 0.2}


@pytest.fixture(scope="module")
def data():
    """A pool and a probe set that planes divide, with the latter's labels and the means."""
    pool, truth, means = cloud("pool of planes", number=300, dimension=DIMENSION, apart=12.0)
    seen, labels, _ = cloud("planes", number=600, dimension=DIMENSION, apart=12.0)
    return pool, truth, seen, labels, means


@pytest.fixture(scope="module")
def long(data):
    """A probe of 8 epochs, with its networks after 1 and 4 and the key that `daar` gives it."""
    own = daar.seeds.stream(key("whole"), "probe")
    sizes = {**TRAINING, "epochs": 8, "keep": (1, 4)}
    return jax.jit(lambda rows, labels: probe.fit_probe(own, rows, labels, domains=3, **sizes))(
        *data[2:4]
    )


@pytest.fixture(scope="module")
def run(data):
    """DaaR without oracles, compiled, as a function of the key."""
    pool, _, seen, _, means = data
    return jax.jit(lambda seed: daar.daar(seed, pool, seen, centroids=means + 0.2, **TRAINING))


def test_a_probe_learns_what_planes_divide(data, long):
    pool, truth = data[:2]
    probabilities = long.probabilities(pool)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-14)
    np.testing.assert_array_equal(np.argmax(probabilities, axis=1), truth)
    assert long.held_out == 1
    assert long.losses[-1] < 0.05 < long.losses[0]


def test_networks_kept_on_the_way_are_of_different_epochs(data, long):
    assert long.losses.shape == (8,) and long.kept_held_out.shape == (2,)
    logits = [made.outputs(data[0]) for made in (long.at(0), long.at(1), long)]
    assert not np.allclose(logits[0], logits[1]) and not np.allclose(logits[1], logits[2])


def test_an_eager_run_with_true_labels_reads_the_probe_that_a_longer_training_kept(data, long):
    pool, _, seen, labels, means = data
    found = daar.daar(
        key("whole"), pool, seen, centroids=means, labels=labels, regress=False, **TRAINING
    )
    np.testing.assert_array_equal(found.labels, labels)
    wanted = domain_entropy(long.at(1).probabilities(pool))
    # Each of some 100 updates may amplify a rounding error of 1e-16; entropies are of order one.
    np.testing.assert_allclose(found.rewards, wanted, atol=1e-9)
    assert wanted.max() > 1e-3
    assert found.accuracy == long.at(1).held_out


def test_stages_of_a_whole_run_follow_one_another(data, run):
    _, _, seen, _, means = data
    found = run(key("whole"))
    pseudo = daar.pseudo_labels(seen, means + 0.2)
    np.testing.assert_array_equal(found.labels, pseudo.labels)
    np.testing.assert_allclose(found.centroids, pseudo.centroids, atol=1e-12)
    np.testing.assert_array_equal(found.indices, daar.top(found.rewards, fraction=0.2))
    assert found.accuracy == 1
    assert np.std(found.rewards) > 1e-4


def test_the_same_key_gives_the_same_run_and_another_key_another(run):
    found, again, other = (run(key(name)) for name in ("whole", "whole", "another"))
    assert eqx.tree_equal(again, found)
    assert not np.array_equal(other.rewards, found.rewards)


def test_a_regressor_learns_a_plane(data):
    pool, _, seen, _, _ = data
    plane = np.zeros(DIMENSION)
    plane[-2:] = 1, -1
    fit = jax.jit(
        lambda rows, rewards: probe.fit_regressor(
            key("regress"), rows, rewards, epochs=40, batch=20, held_out=0.2
        )
    )
    fitted = fit(seen, 1 + seen @ plane)
    error = np.mean((fitted.outputs(pool)[:, 0] - 1 - pool @ plane) ** 2)
    # The variance of the plane is 2: most of it is explained on points not trained on.
    assert max(error, fitted.held_out) < 0.5


def test_a_network_keeps_the_precision_of_its_embeddings(data):
    seen, labels = data[2:4]

    def fit(rows, labels):
        return probe.fit_probe(key("single"), rows, labels, domains=3, **TRAINING)

    for dtype in (np.float32, np.float64):
        made = jax.eval_shape(fit, seen.astype(dtype), labels)
        assert {leaf.dtype for leaf in jax.tree.leaves(made)} == {np.dtype(dtype)}


ROWS = np.random.default_rng(zlib.crc32(b"refused")).normal(size=(20, 3))
BAD = np.where(np.arange(20)[:, None] == 4, np.nan, ROWS)
FIT = {"domains": 2, "batch": 4}
LABELS = np.arange(20) % 2


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: daar.accepted(BAD, threshold=0.5), "embeddings"),
        (lambda: daar.accepted(ROWS[0], threshold=0.5), "embeddings"),
        (lambda: daar.accepted(np.zeros((2, 3)), threshold=0.5), "norms of embeddings"),
        (lambda: daar.accepted(ROWS, threshold=1.1), "threshold"),
        (lambda: daar.accepted(ROWS, threshold=-1.0), "threshold"),
        (lambda: daar.pseudo_labels(BAD, ROWS[:2]), "embeddings"),
        (lambda: daar.pseudo_labels(ROWS[0], ROWS[:2]), "embeddings"),
        (lambda: daar.pseudo_labels(ROWS, BAD[3:5]), "centroids"),
        (lambda: daar.pseudo_labels(ROWS, ROWS[:2, :2]), "centroids"),
        (lambda: daar.pseudo_labels(ROWS, ROWS[:2], steps=0), "steps"),
        (lambda: daar.top(ROWS[:, 0], fraction=0.0), "fraction"),
        (lambda: daar.top(ROWS[:, 0], fraction=1.2), "fraction"),
        (lambda: daar.top(ROWS[:, 0], fraction=0.04), "fraction"),
        (lambda: daar.top(BAD[:, 0], fraction=0.5), "scores"),
        (lambda: daar.customised(ROWS[:, 0], LABELS, target=2, domains=2), "target"),
        (lambda: daar.customised(ROWS[:, 0], LABELS, target=-1, domains=2), "target"),
        (lambda: daar.customised(ROWS[:, 0], LABELS, target=0, domains=2, own=0.0), "own"),
        (lambda: daar.customised(ROWS[:, 0], LABELS, target=0, domains=2, other=2.0), "other"),
        (lambda: probe.fit_probe(key("bad"), BAD, LABELS, **FIT), "embeddings"),
        (lambda: probe.fit_probe(key("bad"), ROWS, LABELS[:4], **FIT), "labels"),
        (lambda: probe.fit_probe(key("bad"), ROWS, LABELS + 1, **FIT), "labels"),
        (lambda: probe.fit_probe(key("bad"), ROWS, LABELS - 1, **FIT), "labels"),
        (lambda: probe.fit_probe(key("bad"), ROWS, LABELS, domains=2, batch=20), "batch"),
        (lambda: probe.fit_probe(key("bad"), ROWS, LABELS, domains=2, batch=0), "batch"),
        (lambda: probe.fit_probe(key("bad"), ROWS, LABELS, width=0.0, **FIT), "width"),
        (lambda: probe.fit_probe(key("bad"), ROWS, LABELS, held_out=0.0, **FIT), "held_out"),
        (lambda: probe.fit_probe(key("bad"), ROWS, LABELS, held_out=1.0, **FIT), "held_out"),
        (lambda: probe.fit_probe(key("bad"), ROWS, LABELS, epochs=0, **FIT), "epochs"),
        (lambda: probe.fit_probe(key("bad"), ROWS, LABELS, epochs=True, **FIT), "epochs"),
        (lambda: probe.fit_probe(key("bad"), ROWS, LABELS, epochs=3, keep=(4,), **FIT), "keep"),
        (lambda: probe.fit_probe(key("bad"), ROWS, LABELS, epochs=3, keep=(2, 1), **FIT), "keep"),
        (lambda: probe.fit_probe(key("bad"), ROWS, LABELS, learning_rate=0.0, **FIT), "learning"),
        (lambda: probe.fit_regressor(key("bad"), ROWS, BAD[:, 0], batch=4), "rewards"),
        (lambda: probe.fit_regressor(key("bad"), ROWS, LABELS[:4], batch=4), "rewards"),
        (lambda: probe.parameter_count(0, 4), "dimension"),
        (lambda: probe.parameter_count(8, 0), "outputs"),
    ],
)
def test_bad_input_is_refused_by_name_in_one_line(call, argument):
    with pytest.raises(ValueError) as refused:
        call()
    text = str(refused.value)
    assert text.startswith(argument)
    assert "got" in text and "expected" in text and "\n" not in text
