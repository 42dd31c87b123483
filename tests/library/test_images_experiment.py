"""Images as tokens, and the experiment on them: what the claims silently rely on."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

import experiments
from diversity_jax import datasets
from experiments.shared import image_theory, images


@pytest.fixture(scope="module")
def whole():
    return images.prepared("digits", 8, 60)


@pytest.fixture(scope="module")
def halved(whole):
    return images.halves(jax.random.key(zlib.crc32(b"halves of images")), whole, ("3", "8"))


@pytest.fixture(scope="module")
def result():
    return experiments.run("attention_images", "smoke", steps=20, tokens=900)


def test_halves_share_no_image_and_lose_none(whole, halved):
    train, held = halved
    rows = np.concatenate([train.tokens, held.tokens])
    chosen = whole.tokens[np.isin(whole.images.labels, (3, 8))]
    assert len(np.unique(rows, axis=0)) == len(rows) == len(chosen) == 120
    # One factor scales all tokens, so the sum of squares tells whether they are the same ones.
    factor = np.sum(rows**2) / np.sum(chosen**2)
    assert_allclose(np.sort((rows**2).sum(1)), factor * np.sort((chosen**2).sum(1)), rtol=1e-12)


def test_training_centroids_have_mean_square_one_and_keep_their_angle(whole, halved):
    train, _ = halved
    assert_allclose(np.mean(np.sum(train.means**2, axis=1)), 1.0, rtol=1e-12)
    # Centred by the pair's own mean, two centroids would point exactly against each other.
    first, second = train.means
    cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    assert abs(cosine) < 0.9


def test_draws_are_uniform_over_classes_and_over_the_images_of_each(halved):
    held = halved[1]
    counts = np.asarray([4, 9], np.int32)
    tokens, labels = images.draw(
        jax.random.key(zlib.crc32(b"draws of images")), held.bank, counts, (26000,)
    )
    # Seven of the standard deviations of each count, sqrt(26000 p (1 - p)) <= 81.
    assert abs(np.sum(np.asarray(labels) == 0) - 13000) < 7 * 81
    rows = [held.bank[c, r] for c in (0, 1) for r in range(counts[c])]
    seen = [int(np.sum(np.all(np.asarray(tokens) == row, axis=1))) for row in rows]
    expected = [13000 / counts[c] for c in (0, 1) for _ in range(counts[c])]
    assert sum(seen) == 26000
    assert np.all(np.abs(np.asarray(seen) - expected) < 7 * np.sqrt(expected))


def test_training_lowers_the_exact_risk_and_keeps_heads_on_the_sphere(halved):
    train, held = halved
    key = jax.random.key(zlib.crc32(b"training on images"))
    lengths, regularisations = np.asarray([20.0, 200.0]), np.asarray([0.0, 0.2])
    start, strengths, goal = image_theory.from_training_half(
        key, train.means, train.covariances, lengths, regularisations
    )
    heads = images.train(
        key, start, train.bank, train.counts, strengths[1, 0], regularisations, 0.1,
        length=20, batch=8, steps=300,
    )  # fmt: skip
    assert_allclose(np.linalg.norm(heads, axis=2), 1.0, rtol=1e-12)

    def exact(these):
        found = image_theory.for_held_out_half(
            np.asarray(these), np.asarray(strengths), lengths, held
        )
        return found["theory_risk"][-1, 1:, 0]

    before, after, best = (exact(these) for these in (jnp.stack([start, start]), heads, goal))
    assert np.all(after < before - 0.8 * (before - best))


def test_clusterings_are_judged_up_to_renaming():
    labels = np.asarray([0, 0, 0, 1, 1, 2])
    assert images.agreement(labels, (labels + 1) % 3, 3) == (1.0, 1.0)
    accuracy, index = images.agreement(labels, np.zeros(6, int), 3)
    assert (accuracy, index) == (0.5, 0.0)


def test_the_experiment_has_every_method_theory_and_picture(result):
    assert list(result.theory.values) == ["orthonormal", "isotropic", "Gaussian", "images"]
    assert result.sizes["procedure"] == 7
    for name in ("quantisation_error", "layer_risk", "theory_error", "accuracy", "pictures"):
        assert np.isfinite(result[name].values).all(), name
    raw = result.sel(procedure="raw token")
    assert_allclose(raw.reconstruction_error, 0.0)
    # The in-context layer's errors at the longer length, measured twice in the job.
    assert_allclose(
        result.layer_error.isel(layer=0, sequence=1),
        result.quantisation_error.sel(procedure="in-context layer"),
        rtol=1e-12,
    )


def test_pictures_of_classes_are_unit_vectors_seen_in_pixels(result):
    pair = result.pictures.isel(point=0).values[:, :2]
    assert_allclose(np.linalg.norm(pair, axis=2), 1.0, rtol=1e-5)
    # Heads come with the sign and the order that bring them nearest to the classes.
    assert np.all(np.einsum("rhp,hp->rh", pair[1:], pair[0]) > 0)


def test_a_class_that_is_not_there_is_refused_before_anything_runs():
    with pytest.raises(ValueError, match=r"^classes: got '11', expected one of 0, 1, 2"):
        experiments.run("attention_images", "smoke", sets=("0|11",))


def test_without_fashion_mnist_the_message_names_the_install_line(monkeypatch, tmp_path):
    monkeypatch.setenv(datasets.VARIABLE, str(tmp_path))
    images.prepared.cache_clear()
    with pytest.raises(datasets.DatasetMissing, match="apt-get install dataset-fashion-mnist"):
        experiments.run("attention_images_fashion", "smoke")
    images.prepared.cache_clear()
