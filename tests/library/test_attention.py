"""Layers, training, measures and the theory's front doors: definitions, bad input, traces."""

import zlib

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax.attention import layer, measures, settings, theory, training
from diversity_jax.attention.theory import infinite, trained
from diversity_jax.mixtures import GaussianMixture
from experiments.shared import descents


def key(name):
    return jax.random.key(zlib.crc32(name.encode()))


def tokens_and_heads(length=7, dimension=4, heads=3):
    first, second = jax.random.split(key("tokens and heads"))
    return (
        jax.random.normal(first, (length, dimension), jnp.float64),
        jax.random.normal(second, (heads, dimension), jnp.float64),
    )


def test_linear_attention_is_its_definition():
    tokens, heads = tokens_and_heads()
    found = layer.linear_attention(tokens, heads, strength=0.3, clusters=5)
    form = np.asarray(heads).T @ np.asarray(heads)
    x = np.asarray(tokens)
    wanted = np.zeros_like(x)
    for place, query in enumerate(x):
        for other in x:
            wanted[place] += 5 / len(x) * 0.3 * (query @ form @ other) * other
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_scale_defaults_to_the_number_of_clusters():
    tokens, heads = tokens_and_heads()
    implicit = layer.linear_attention(tokens, heads, strength=0.3, clusters=3)
    explicit = layer.linear_attention(tokens, heads, strength=0.3, scale=3)
    np.testing.assert_array_equal(implicit, explicit)
    two = layer.linear_attention(tokens, heads, strength=0.3)
    np.testing.assert_allclose(two * 1.5, implicit, rtol=1e-14)


@pytest.mark.parametrize("length", [3, 4, 9])
def test_the_in_context_layer_is_linear_attention_with_identity_heads(length):
    tokens, _ = tokens_and_heads(length=length)
    found = layer.in_context_attention(tokens, strength=0.4, scale=2)
    wanted = layer.linear_attention(tokens, jnp.eye(4), strength=0.4, scale=2)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_an_idle_softmax_head_returns_the_mean_token():
    tokens, _ = tokens_and_heads()
    found = layer.softmax_attention(tokens, jnp.zeros((1, 4)), strength=2.0)
    np.testing.assert_allclose(found, jnp.broadcast_to(tokens.mean(axis=0), (7, 4)), rtol=1e-12)


def test_heads_and_tokens_must_agree():
    tokens, _ = tokens_and_heads()
    with pytest.raises(ValueError, match=r"heads: got shape \(2, 5\), expected shape \(any, 4\)"):
        layer.linear_attention(tokens, jnp.ones((2, 5)), strength=1.0)
    mixture = settings.orthonormal(clusters=2, dimension=4, variance=0.1)
    with pytest.raises(ValueError, match="heads: got shape"):
        theory.population_risk(jnp.ones((2, 5)), mixture, length=3.0, strength=1.0)
    with pytest.raises(ValueError, match="heads: got shape"):
        theory.regulariser(jnp.ones((2, 5)), mixture)


def test_the_risk_refuses_mixtures_it_does_not_cover():
    weights, means = jnp.full(2, 0.5), jnp.eye(2)
    diagonal = GaussianMixture.diagonal(weights, means, jnp.ones((2, 2)))
    uneven = GaussianMixture.isotropic(weights, means, jnp.array([0.1, 0.2]))
    for mixture in (diagonal, uneven):
        with pytest.raises(ValueError, match=r"mixture: got .* expected one"):
            theory.population_risk(jnp.eye(2), mixture, length=3.0, strength=1.0)
    plain = settings.orthonormal(clusters=2, dimension=2, variance=0.1)
    with pytest.raises(ValueError, match=r"length: got .* expected a number of tokens >= 1"):
        theory.population_risk(jnp.eye(2), plain, length=0.5, strength=1.0)


@pytest.mark.parametrize(
    "mixture",
    [
        settings.oblique(overlap=0.2, dimension=3, variance=0.1),
        settings.orthonormal(clusters=2, dimension=3, variance=0.1, weights=jnp.array([0.6, 0.4])),
    ],
)
def test_the_in_context_forms_point_elsewhere_for_other_mixtures(mixture):
    with pytest.raises(ValueError, match="population_risk with identity heads"):
        theory.in_context(mixture, length=5.0, strength=0.5)
    with pytest.raises(ValueError, match="population_risk with identity heads"):
        theory.in_context_strengths(mixture, length=5.0)


def test_bad_strength_settings_are_refused():
    with pytest.raises(ValueError, match="variance: got a smallest value of -1"):
        theory.strengths(dimension=4, length=5, variance=-1.0)
    with pytest.raises(ValueError, match="dimension: got 1"):
        theory.strengths(dimension=1, length=5, variance=0.1)
    with pytest.raises(ValueError, match="length: got"):
        theory.strengths(dimension=4, length=0, variance=0.1)


def test_length_strength_and_variance_are_traced():
    chex.clear_trace_counter()

    @jax.jit
    @chex.assert_max_traces(n=1)
    def risk(length, strength, variance):
        mixture = settings.orthonormal(clusters=2, dimension=5, variance=variance)
        heads = mixture.means
        best = theory.strengths(dimension=5, length=length, variance=variance).best
        inside = theory.in_context(mixture, length=length, strength=strength).risk
        return (
            best + inside + theory.population_risk(heads, mixture, length=length, strength=strength)
        )

    values = [risk(*given) for given in [(3.0, 0.5, 0.1), (30.0, 0.6, 0.2), (jnp.inf, 0.7, 0.0)]]
    assert np.isfinite(np.asarray(values)).all()


def test_a_bad_value_inside_traced_code_spreads_as_nan():
    mixture = settings.orthonormal(clusters=2, dimension=3, variance=0.1)

    def risk(length):
        return theory.population_risk(jnp.eye(3), mixture, length=length, strength=0.5)

    assert np.isnan(jax.jit(risk)(jnp.nan))


def test_manifold_starts_lie_on_the_manifold():
    centroids = jnp.eye(2, 6)
    heads = jax.vmap(lambda k: training.manifold_start(k, centroids))(
        jax.random.split(key("manifold"), 50)
    )
    np.testing.assert_allclose(jnp.linalg.norm(heads, axis=2), 1.0, rtol=1e-12)
    products = [heads[:, 0] @ centroids[1], heads[:, 1] @ centroids[0]]
    products.append(jnp.sum(heads[:, 0] * heads[:, 1], axis=1))
    np.testing.assert_allclose(jnp.stack(products), 0.0, atol=1e-14)
    with pytest.raises(ValueError, match="dimension 3, expected dimension >= 4"):
        training.manifold_start(key("small"), jnp.eye(2, 3))


def test_manifold_starts_are_uniform_in_the_first_head():
    """The squared overlap of a uniform head in (mu_1)^perp, 5 free dimensions, is Beta(1/2, 2)."""
    from scipy import stats

    centroids = jnp.eye(2, 6)
    keys = jax.random.split(key("uniform first head"), 4000)
    heads = jax.vmap(lambda k: training.manifold_start(k, centroids))(keys)
    squares = np.asarray((heads[:, 0] @ centroids[0]) ** 2)
    assert stats.kstest(squares, stats.beta(0.5, 2.0).cdf).pvalue > 1e-4


def test_descent_of_a_quadratic_form_finds_its_least_eigenvector():
    matrix = jnp.diag(jnp.array([1.0, 2.0, 4.0]))
    start = training.sphere_start(key("eigenvector"), heads=2, dimension=3, dtype=jnp.float64)
    path = training.descend(
        lambda heads: jnp.sum((heads @ matrix) * heads),
        start,
        learning_rate=0.05,
        frames=10,
        stride=100,
    )
    np.testing.assert_allclose(jnp.abs(path.heads[:, 0]), 1.0, atol=1e-10)
    assert bool(path.converged) and float(path.residual) < 1e-8
    assert path.trajectory.shape == (10, 2, 3)
    np.testing.assert_array_equal(path.trajectory[-1], path.heads)


def test_a_descent_that_diverges_says_so():
    start = training.sphere_start(key("diverges"), heads=2, dimension=3, dtype=jnp.float64)
    path = training.descend(
        lambda heads: jnp.sum(jnp.log(jnp.zeros(()) * heads)), start, learning_rate=0.1, frames=3
    )
    assert not bool(path.converged)


def test_online_steps_see_fresh_data():
    seen = []

    def loss(key, heads):
        jax.debug.callback(
            lambda data: seen.append(bytes(np.asarray(data))), jax.random.key_data(key)
        )
        return jnp.sum(heads)

    start = training.sphere_start(key("fresh"), heads=1, dimension=2, dtype=jnp.float64)
    training.online(key("data"), loss, start, learning_rate=0.0, frames=3, stride=4)
    jax.effects_barrier()
    assert len(set(seen)) == 12


def test_alignment_matches_up_to_sign_and_order():
    centroids = jnp.eye(3, 5)
    heads = -centroids[jnp.array([2, 0, 1])]
    assert float(measures.alignment(heads, centroids)) == pytest.approx(1.0)
    # One head twice: some centroid stays unmatched, whatever the order.
    assert float(measures.alignment(centroids[jnp.array([0, 0, 1])], centroids)) == 0.0
    spare = jnp.concatenate([jnp.eye(5)[4:], heads])
    assert float(measures.alignment(spare, centroids)) == pytest.approx(1.0)


def test_span_overlap_is_the_smallest_projection():
    heads = jnp.array([[1.0, 0.0, 0.0], [0.0, 0.6, 0.8]])
    assert float(measures.span_overlap(heads, jnp.eye(2, 3))) == pytest.approx(0.6)


def test_a_rotated_basis_is_a_frame_off_the_axes_and_on_no_manifold():
    centroids, angle = jnp.eye(2, 4), 0.3
    cosine, sine = np.cos(angle), np.sin(angle)
    turned = jnp.array([[cosine, sine], [-sine, cosine]]) @ centroids
    assert float(measures.frame_error(turned, centroids)) == pytest.approx(0.0, abs=1e-15)
    assert float(measures.off_axis(turned, centroids)) == pytest.approx(sine)
    assert float(measures.manifold_violation(turned, centroids)) == pytest.approx(sine)
    stretched = jnp.array([[1.0], [0.5]]) * centroids
    assert float(measures.frame_error(stretched, centroids)) == pytest.approx(0.375)
    start = training.manifold_start(key("violation"), centroids)
    assert float(measures.manifold_violation(start, centroids)) < 1e-15


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_precision_follows_the_mixture(dtype):
    mixture = GaussianMixture.isotropic(
        jnp.full(2, 0.5, dtype), jnp.eye(2, 4, dtype=dtype), jnp.full(2, 0.1, dtype)
    )
    heads = jnp.eye(2, 4, dtype=dtype)
    found = theory.population_risk(heads, mixture, length=5.0, strength=0.5)
    assert found.dtype == dtype
    wanted = 0.4 + 1 + 0.0  # energy of a token; the risk lies below it
    assert 0 < float(found) < wanted
    assert theory.in_context(mixture, length=5.0, strength=0.3).risk.dtype == dtype


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: settings.orthonormal(clusters=3, dimension=2, variance=0.1), "dimension"),
        (lambda: settings.oblique(overlap=0.3, dimension=1, variance=0.1), "dimension"),
        (lambda: layer.softmax_attention(jnp.ones(3), jnp.ones((2, 3)), strength=1.0), "tokens"),
        (lambda: measures.alignment(jnp.ones((1, 3)), jnp.eye(2, 3)), "heads"),
        (lambda: measures.alignment(jnp.ones((2, 4)), jnp.eye(2, 3)), "heads"),
        (
            lambda: measures.within_and_between(jnp.ones((1, 2)), np.array([7]), jnp.eye(2)),
            "labels",
        ),
        (lambda: infinite.oblique_strengths(overlap=1.0, variance=0.0), "overlap"),
        (lambda: infinite.oblique_optimum(overlap=0.5, variance=0.1, strength=0.0), "strength"),
        (lambda: trained.dirac_risk(jnp.eye(2), length=0, strength=0.5), "length"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(call, argument):
    with pytest.raises(ValueError, match=f"^{argument}: got .*, expected .*; "):
        call()


def test_the_strength_of_centroid_heads_is_smooth_at_orthogonal_centroids():
    at, near = (
        infinite.oblique_strengths(overlap=overlap, variance=0.3).centroids
        for overlap in (0.0, 1e-6)
    )
    assert abs(float(at) - float(near)) < 1e-9


def start_at(place, point, centroids):
    return descents.start(key("named"), {**dict(point), "start": place}, centroids)


def test_a_named_start_is_the_same_by_its_place_and_refused_without_a_pair():
    for place, name in enumerate(descents.STARTS):
        point = descents.point(start=name, variance=0.09, length=5.0, regularisation=0.3)
        mixture, _ = descents.problem(point)
        named = descents.start(key("named"), point, mixture.means)
        traced = jax.jit(start_at, static_argnums=1)(place, tuple(point.items()), mixture.means)
        np.testing.assert_allclose(named, traced, rtol=0, atol=1e-14)
        np.testing.assert_allclose(jnp.linalg.norm(named, axis=1), 1, rtol=1e-14)
        for sizes in ({"dimension": 3}, {"clusters": 3, "heads": 3}) if place else ():
            with pytest.raises(ValueError, match=r"^start: got .*expected two, two and d >= 4"):
                descents.point(start=name, **sizes)
    with pytest.raises(ValueError, match=r"^start: got 'shpere', .*did you mean sphere"):
        descents.point(start="shpere")
