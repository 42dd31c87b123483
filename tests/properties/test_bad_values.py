"""Every public function of attention, mixtures and special, with each argument spoiled in turn.

Seen values are refused in one line; traced ones give NaN, in every number that comes out and in the
derivative by the argument that is bad, and good ones finite numbers. A function or an argument
without a row here fails.
"""

import inspect
import zlib

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax import mixtures, special
from diversity_jax.attention import layer, measures, settings, theory, training
from diversity_jax.mixtures import GaussianMixture

NAN, INF = float("nan"), float("inf")
KEY = jax.random.key(zlib.crc32(b"bad values"))
COUNT = [0, -1, 2.5, NAN, "two"]
LENGTH = [0.0, -1.0, NAN, 2.5]
NUMBER = [NAN, INF]
VARIANCE = [-1.0, NAN, INF]
POSITIVE = [0.0, *VARIANCE]
SHARE = [-0.5, 1.5, NAN]
PAIR_DIMENSION = [1.0, 2.5, -1.0, NAN, INF]
# Three clusters on the first axes of four dimensions, and heads near two of them.
WEIGHTS, MEANS, VARIANCES = np.full(3, 1 / 3), np.eye(3, 4), np.full(3, 0.1)
HEADS = np.array([[1.0, 0.2, 0.0, 0.1], [0.1, 0.8, 0.3, 0.0]])


def spoiled(array):
    """NaN in one place (the same shape, so that it can be traced), too few axes, and none left."""
    bad = np.array(array)
    bad.flat[1] = NAN
    return [bad, bad[0], np.zeros((0, *bad.shape[1:]))]


OBLIQUE = np.array(MEANS)
OBLIQUE[1, 0] = 0.5
ANY = {
    "weights": [np.array([0.5, 0.3, 0.3]), np.array([1.2, 0.2, -0.4]), *spoiled(WEIGHTS)],
    "means": [np.where(MEANS > 0, INF, 0.0), *spoiled(MEANS)],
    "variances": [np.array([-0.1, 0.1, 0.1]), np.array([0.1, NAN, 0.1]), np.ones(2), np.ones(0)],
}
COMMON = {**ANY, "variances": [np.array([0.1, 0.1, 0.2]), *ANY["variances"]]}
SYMMETRIC = {
    **COMMON,
    "weights": [np.array([0.5, 0.3, 0.2]), *COMMON["weights"]],
    "means": [OBLIQUE, *COMMON["means"]],
}
MIXTURE = {"weights": WEIGHTS, "means": MEANS, "variances": VARIANCES}
GAIN = {"length": LENGTH, "strength": NUMBER, "scale": NUMBER}
GAINED = {"length": 5.0, "strength": 0.6, "scale": 2.0}
PAIR = {"dimension": 6.0, "length": 5.0, "variance": 0.1, "strength": 0.6}
BAD_PAIR = {
    "dimension": PAIR_DIMENSION, "length": LENGTH, "variance": VARIANCE, "strength": NUMBER,
}  # fmt: skip
TOO_WIDE = [np.ones((2, 5)), *spoiled(HEADS)]
BAD_HEADS = [np.ones((2, 5)), *spoiled(HEADS)[:2]]  # no heads at all are no fault for the layer


def about(function, names, given):
    """A call with a mixture made of what is `given` of its parts."""

    def call(**given):
        mixture = GaussianMixture.isotropic(*(given.pop(name) for name in MIXTURE))
        return function(*(given.pop(name) for name in names), mixture, **given)

    return call, {**MIXTURE, **given}


def method(name, **extra):
    def call(**given):
        mixture = GaussianMixture.isotropic(*(given.pop(part) for part in MIXTURE))
        return getattr(mixture, name)(**given)

    return call, {**MIXTURE, **extra}


def train(step):
    def call(heads, learning_rate, frames, stride):
        rest = {"learning_rate": learning_rate, "frames": frames, "stride": stride}
        return step(heads, rest)

    good = {"heads": HEADS, "learning_rate": 0.1, "frames": 2, "stride": 2}
    bad = {
        "heads": [np.zeros((2, 4)), *spoiled(HEADS)],
        "learning_rate": VARIANCE,
        "frames": COUNT,
        "stride": [0, -1, 2.5],
    }
    return call, good, bad


def quadratic(heads):
    return jnp.sum(heads**2 * jnp.arange(1.0, 5.0)[None])


POINTS = np.array([[0.3, 0.1, 0.0, 1.0], [2.0, 0.0, 0.5, 0.0]])
FULL = np.tile(np.diag([0.1, 0.2, 0.3, 0.4]), (3, 1, 1))
ASYMMETRIC, INDEFINITE = FULL.copy(), FULL - 0.2 * np.eye(4)[None]
ASYMMETRIC[0, 0, 1] = 0.05
LABELS = np.array([0, 2])
BAD_POINTS = [np.full((2, 4), NAN), np.ones((2, 3)), np.ones(())]

CASES = {
    "layer.linear_attention": (
        layer.linear_attention,
        {"tokens": HEADS, "heads": HEADS, "strength": 0.6, "scale": 2.0, "clusters": 2},
        {"tokens": [HEADS[0], HEADS[:0]], "heads": [np.ones((2, 5)), HEADS[0]],
         "strength": NUMBER, "scale": NUMBER, "clusters": COUNT},
    ),
    "layer.in_context_attention": (
        layer.in_context_attention,
        {"tokens": HEADS, "strength": 0.6, "scale": 2.0},
        {"tokens": [HEADS[0], HEADS[:0]], "strength": NUMBER, "scale": NUMBER},
    ),
    "layer.softmax_attention": (
        layer.softmax_attention,
        {"tokens": HEADS, "heads": HEADS, "strength": 0.6},
        {"tokens": [HEADS[0], HEADS[:0]], "heads": [np.ones((2, 5)), HEADS[0]],
         "strength": NUMBER},
    ),
    **{
        f"measures.{name}": (
            getattr(measures, name),
            {"heads": HEADS, "centroids": MEANS[:2]},
            {"heads": TOO_WIDE, "centroids": [*more, *spoiled(MEANS[:2]), np.ones((2, 3))]},
        )
        for name, more in {
            "alignment": [], "off_axis": [], "frame_error": [], "manifold_violation": [],
            "span_overlap": [np.ones((2, 4)), np.zeros((2, 4))],
        }.items()
    },
    "measures.within_and_between": (
        lambda outputs, labels, centroids: measures.within_and_between(outputs, labels, centroids),
        {"outputs": POINTS, "labels": LABELS, "centroids": MEANS},
        {"outputs": spoiled(POINTS), "centroids": spoiled(MEANS),
         "labels": [np.array([0, 7]), np.array([-1, 0]), np.array([0]), np.array([0.5, 1.0])]},
    ),
    "settings.orthonormal": (
        settings.orthonormal,
        {"clusters": 3, "dimension": 4, "variance": 0.1, "weights": WEIGHTS},
        {"clusters": [*COUNT, 5], "dimension": COUNT, "variance": [*VARIANCE, np.ones(2)],
         "weights": ANY["weights"]},
    ),
    "settings.oblique": (
        settings.oblique,
        {"overlap": 0.3, "dimension": 4, "variance": 0.1},
        {"overlap": [-1.5, 1.5, NAN], "dimension": [*COUNT, 1], "variance": VARIANCE},
    ),
    "settings.along": (
        settings.along,
        {"centroids": MEANS, "variance": 0.1, "weights": WEIGHTS},
        {"centroids": spoiled(MEANS), "variance": VARIANCE, "weights": ANY["weights"]},
    ),
    "settings.random_orthonormal": (
        lambda **given: settings.random_orthonormal(KEY, **given),
        {"clusters": 2, "dimension": 4},
        {"clusters": [*COUNT, 5], "dimension": COUNT},
    ),
    "training.sphere_start": (
        lambda **given: training.sphere_start(KEY, **given, dtype=jnp.float64),
        {"heads": 2, "dimension": 4},
        {"heads": COUNT, "dimension": COUNT},
    ),
    "training.manifold_start": (
        lambda centroids: training.manifold_start(KEY, centroids),
        {"centroids": MEANS[:2]},
        {"centroids": [*spoiled(MEANS[:2]), MEANS, MEANS[:2, :3]]},
    ),
    "training.descend": train(lambda heads, rest: training.descend(quadratic, heads, **rest)),
    "training.online": train(
        lambda heads, rest: training.online(KEY, lambda key, h: quadratic(h), heads, **rest)
    ),
    **{
        f"theory.{name}": (
            *about(getattr(theory, name), ["heads"], {"heads": HEADS, **given}),
            {"heads": BAD_HEADS, **mixture, **{part: GAIN[part] for part in given}, **more},
        )
        for name, given, mixture, more in (
            ("population_risk", GAINED, COMMON, {}),
            ("distance_to_infinite", GAINED, COMMON, {}),
            ("regulariser", {}, COMMON, {}),
            ("anisotropic_risk", GAINED, ANY, {}),
            ("anisotropic_regulariser", {}, ANY, {}),
        )
    },
    "theory.best_strength": (
        *about(
            lambda heads, *mixture, **given: theory.best_strength(*mixture, heads=heads, **given),
            ["heads"],
            {"heads": HEADS, "length": 5.0, "scale": 2.0},
        ),
        {"heads": BAD_HEADS, **COMMON, "length": LENGTH, "scale": [0.0, *NUMBER]},
    ),
    "theory.anisotropic_layer": (
        *about(theory.anisotropic_layer, ["heads"], {"heads": HEADS, **GAINED, "targets": MEANS}),
        {"heads": BAD_HEADS, **ANY, **GAIN, "targets": spoiled(MEANS)},
    ),
    "theory.anisotropic_strengths": (
        *about(
            theory.anisotropic_strengths,
            ["heads"],
            {"heads": HEADS, "length": 5.0, "scale": 2.0, "targets": MEANS},
        ),
        {"heads": BAD_HEADS, **ANY, "length": LENGTH, "scale": [0.0, *NUMBER],
         "targets": spoiled(MEANS)},
    ),
    "theory.in_context": (
        *about(theory.in_context, [], {"length": 5.0, "strength": 0.6}),
        {**SYMMETRIC, "length": LENGTH, "strength": NUMBER},
    ),
    "theory.in_context_strengths": (
        *about(theory.in_context_strengths, [], {"length": 5.0}),
        {**SYMMETRIC, "length": LENGTH},
    ),
    "theory.quantising_length": (*about(theory.quantising_length, [], {}), SYMMETRIC),
    "theory.random_centroid_risk": (
        theory.random_centroid_risk,
        {**PAIR, "dimension": 4},
        {**BAD_PAIR, "dimension": [*COUNT, 1]},
    ),
    "theory.baselines": (
        theory.baselines,
        {"dimension": 4.0, "variance": 0.1, "distance": 1.4},
        {"dimension": [0.0, 2.5, NAN], "variance": VARIANCE, "distance": VARIANCE},
    ),
    "theory.oblique_optimum": (
        theory.oblique_optimum,
        {"overlap": 0.3, "variance": 0.1, "strength": 0.6},
        {"overlap": [1.0, -1.0, 2.0, NAN], "variance": VARIANCE, "strength": POSITIVE},
    ),
    "theory.oblique_strengths": (
        theory.oblique_strengths,
        {"overlap": 0.3, "variance": 0.1},
        {"overlap": [1.0, -1.0, 2.0, NAN], "variance": VARIANCE},
    ),
    "theory.dual_basis": (
        theory.dual_basis,
        {"centroids": MEANS},
        {"centroids": [np.ones((3, 4)), *spoiled(MEANS), np.ones((5, 4))]},
    ),
    "theory.softmax_head": (
        *about(
            theory.softmax_head,
            ["query", "head"],
            {"query": HEADS[0], "head": HEADS[1], "strength": 0.6},
        ),
        {**COMMON, "query": [np.full(4, NAN), np.ones(3)], "head": [np.full(4, NAN), np.ones(3)],
         "strength": NUMBER},
    ),
    "theory.manifold_risk": (
        theory.manifold_risk,
        {"first": 0.5, "second": 0.7, **PAIR},
        {"first": SHARE, "second": SHARE, **BAD_PAIR},
    ),
    "theory.manifold_regulariser": (
        theory.manifold_regulariser,
        {"first": 0.5, "second": 0.7, "variance": 0.1},
        {"first": SHARE, "second": SHARE, "variance": VARIANCE},
    ),
    "theory.strengths": (
        theory.strengths,
        {name: PAIR[name] for name in ("dimension", "length", "variance")},
        {name: BAD_PAIR[name] for name in ("dimension", "length", "variance")},
    ),
    "theory.radial_rate": (theory.radial_rate, PAIR, BAD_PAIR),
    "theory.regularisation_limit": (
        theory.regularisation_limit, PAIR, {**BAD_PAIR, "variance": POSITIVE},
    ),
    "theory.resting_overlap": (
        theory.resting_overlap,
        {**PAIR, "strength": 0.9, "regularisation": 0.1},
        {**BAD_PAIR, "strength": POSITIVE, "regularisation": VARIANCE},
    ),
    "theory.dirac_risk": (
        theory.dirac_risk,
        {"overlaps": HEADS, "length": 5.0, "strength": 0.6},
        {"overlaps": [*spoiled(HEADS), np.ones((2, 0))], "length": LENGTH, "strength": NUMBER},
    ),
    "theory.dirac_minimum": (
        theory.dirac_minimum, {"clusters": 3, "length": 5.0}, {"clusters": COUNT, "length": LENGTH},
    ),
    **{
        f"theory.{name}": (
            getattr(theory, name),
            {"length": 5.0, "strength": 0.6},
            {"length": LENGTH, "strength": [*POSITIVE, 2.0]},
        )
        for name in ("spurious_threshold", "spurious_risk")
    },
    "special.normal_nodes": (special.normal_nodes, {"number": 41}, {"number": [*COUNT, 1, 2]}),
    "special.hermite": (
        special.hermite, {"order": 3, "x": 0.5}, {"order": [-1, 2.5, NAN], "x": []},
    ),
    "special.solve_small": (
        special.solve_small,
        {"matrix": FULL[0], "right": HEADS.T},
        {"matrix": [np.ones((4, 3)), np.ones((2, 2))], "right": [np.ones((3, 2))]},
    ),
    "mixtures.common_variance": (*about(mixtures.common_variance, [], {}), COMMON),
    "GaussianMixture.isotropic": (GaussianMixture.isotropic, MIXTURE, ANY),
    "GaussianMixture.diagonal": (
        GaussianMixture.diagonal,
        {**MIXTURE, "variances": FULL[:, 0] + 0.1},
        {**ANY, "variances": [-FULL[:, 0] - 0.1, *spoiled(FULL[:, 0])]},
    ),
    "GaussianMixture.full": (
        GaussianMixture.full,
        {**MIXTURE, "variances": FULL},
        {**ANY, "variances": [ASYMMETRIC, INDEFINITE, -FULL, *spoiled(FULL)]},
    ),
    "GaussianMixture.at_time": (*method("at_time", time=0.3), {**ANY, "time": [-0.5, NAN]}),
    "GaussianMixture.sample": (
        *method("sample", key=KEY, number=5), {**ANY, "number": [-1, 2.5, NAN, "two"]},
    ),
    "GaussianMixture.sample_counts": (
        *method("sample_counts", key=KEY, counts=(1, 0, 2)),
        {**ANY, "counts": [(1, 2), (1, -1, 0), (1.5, 1, 1), 3]},
    ),
    **{
        f"GaussianMixture.{name}": (*method(name, points=POINTS), {**ANY, "points": BAD_POINTS})
        for name in ("log_density", "score", "responsibilities")
    },
    **{
        f"GaussianMixture.{name}": (*method(name), ANY)
        for name in ("mean", "covariance", "component_covariances")
    },
}  # fmt: skip
EXEMPT = {
    "key", "dtype", "objective", "loss", "tolerance", "mixture", "self", "x",
}  # fmt: skip


def public():
    """Names of every public function, with it."""
    for module in (layer, measures, settings, training, special, mixtures):
        room = module.__name__.rpartition(".")[2]
        for name, value in vars(module).items():
            own = inspect.isfunction(value) and value.__module__ == module.__name__
            if own and not name.startswith("_"):
                yield f"{room}.{name}", value
    for name in theory.__all__:
        if not inspect.isclass(getattr(theory, name)):
            yield f"theory.{name}", getattr(theory, name)
    for name in vars(GaussianMixture):
        if not name.startswith("_") and callable(getattr(GaussianMixture, name)):
            yield f"GaussianMixture.{name}", getattr(GaussianMixture, name)


def test_every_public_function_and_argument_has_a_row():
    found = dict(public())
    assert set(found) == set(CASES)
    for name, function in found.items():
        wanted = set(inspect.signature(function).parameters) - EXEMPT
        assert wanted <= set(CASES[name][2]), name


def numbers(tree):
    return [leaf for leaf in jax.tree.leaves(tree) if eqx.is_inexact_array(leaf)]


def is_traced(value):
    return isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")


@pytest.mark.parametrize("name", sorted(CASES))
def test_what_is_seen_is_refused_in_one_line(name):
    call, good, bad = CASES[name]
    for argument, values in bad.items():
        for value in values:
            with pytest.raises(ValueError, match=r"^[\w ]+: got .*, expected .*; .*$") as caught:
                call(**{**good, argument: value})
            assert "\n" not in str(caught.value)


TRACEABLE = sorted(name for name, case in CASES.items() if any(map(is_traced, case[1].values())))


@pytest.mark.parametrize("name", TRACEABLE)
def test_what_is_traced_gives_nan_and_so_does_its_derivative(name):
    call, good, bad = CASES[name]
    traced = {argument: jnp.asarray(value) for argument, value in good.items() if is_traced(value)}

    @jax.jit
    def run(traced, along):
        return jax.jvp(lambda traced: numbers(call(**{**good, **traced})), (traced,), (along,))

    ones = {name: jnp.ones_like(value) for name, value in traced.items()}
    for leaf in jax.tree.leaves(run(traced, ones)):
        assert np.isfinite(leaf).all()
    for argument in traced:
        along = {name: leaf * float(name == argument) for name, leaf in ones.items()}
        for value in bad[argument]:
            if np.shape(value) != traced[argument].shape:
                continue
            for leaf in jax.tree.leaves(run({**traced, argument: jnp.asarray(value)}, along)):
                assert np.isnan(leaf).all(), (argument, value)


def test_labels_that_name_no_cluster_are_nan_when_traced():
    run = jax.jit(measures.within_and_between)
    for labels in ([0, 3], [-1, 0]):
        assert np.isnan(np.stack(run(POINTS, np.array(labels), MEANS))).all()


def test_a_stride_below_one_is_nan_when_traced():
    start = jnp.asarray(HEADS)

    def heads(stride):
        return training.descend(quadratic, start, learning_rate=0.1, frames=1, stride=stride).heads

    assert np.isnan(jax.jit(heads)(0)).all() and np.isfinite(jax.jit(heads)(1)).all()


TIES = {
    "off_axis at the centroids": lambda h: measures.off_axis(h, MEANS[:2]),
    "span_overlap off the span": lambda h: measures.span_overlap(jnp.roll(h, 2, 1), MEANS[:2]),
    "alignment of equal heads": lambda h: measures.alignment(h[jnp.array([0, 0])], MEANS[:2]),
    "frame_error of a frame": lambda h: measures.frame_error(h, MEANS[:2]),
    "manifold_violation on it": lambda h: measures.manifold_violation(h, MEANS[:2]),
    "heads of zeros": lambda h: layer.softmax_attention(MEANS, 0 * h, strength=1.0).sum(),
    "no noise": lambda h: theory.baselines(dimension=3, variance=h[0, 1]).nearest_centroid,
    "a clipped overlap": lambda h: (
        theory.oblique_optimum(overlap=0.9 * h[0, 0], variance=h[0, 1], strength=0.01).alignment
    ),
    "overlap one": lambda h: settings.oblique(overlap=h[0, 0], dimension=2, variance=1.0).means[
        0, 0
    ],
}


def test_derivatives_are_finite_at_ties_and_coincidences():
    heads = jnp.eye(2, 4)
    for name, function in TIES.items():
        slope = jax.grad(lambda h, function=function: function(h).sum())(heads)
        assert np.isfinite(slope).all(), name


def test_a_head_has_a_derivative_by_a_weight_of_zero():
    def output(weights):
        mixture = GaussianMixture.isotropic(weights, MEANS[:2], 0.1)
        return theory.softmax_head(MEANS[0], MEANS[0], mixture, strength=1.0)[1]

    # The second mean has the share w / (e + w).
    slope = jax.grad(output)(jnp.array([1.0, 0.0]))
    np.testing.assert_allclose(slope, [0.0, np.exp(-1)], atol=1e-12)
