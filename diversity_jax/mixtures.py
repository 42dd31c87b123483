"""Gaussian mixtures: sampling, density, score, responsibilities, moments, forward noising.

A mixture has weights `[k]`, means `[k, d]` and variances of one of three kinds: `isotropic`
`[k]`, `diagonal` `[k, d]` or `full` `[k, d, d]`. Variances are squares, never deviations. Zero is
allowed (point masses): samples and moments are exact there, while density, score and
responsibilities do not exist and refuse it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Bool, Float, Int, Key, Num, ScalarLike, Shaped

from diversity_jax import gaussians, traced, validate
from diversity_jax.records import Record
from diversity_jax.rows import fill_rows, map_rows, rows_per_chunk

TYPED = (jax.Array, np.ndarray, np.generic)
KINDS = ("isotropic", "diagonal", "full")


class GaussianMixture(Record):
    """A mixture of Gaussians ``sum_k weights[k] N(means[k], covariance k)`` in `d` dimensions."""

    weights: Float[Array, " k"]
    means: Float[Array, "k d"]
    variances: Float[Array, " k"] | Float[Array, "k d"] | Float[Array, "k d d"]
    kind: str = eqx.field(static=True)

    def __init__(
        self,
        weights: npt.ArrayLike,
        means: npt.ArrayLike,
        variances: npt.ArrayLike,
        kind: str,
    ):
        validate.choice("kind", kind, KINDS)
        dtype = _common_dtype(weights=weights, means=means, variances=variances)
        self.weights = jnp.asarray(weights, dtype)
        self.means = jnp.asarray(means, dtype)
        variances = jnp.asarray(variances, dtype)
        if kind == "isotropic" and variances.ndim == 0:
            variances = jnp.full(self.weights.shape, variances)
        self.variances = variances
        self.kind = kind
        _check_mixture(self)
        arrays = self.weights, self.means, self.variances
        self.weights, self.means, self.variances = traced.only(_valid(self), arrays, arrays)

    @classmethod
    def isotropic(
        cls, weights: npt.ArrayLike, means: npt.ArrayLike, variances: npt.ArrayLike
    ) -> GaussianMixture:
        """Components with covariance ``variances[k] * identity``; `weights` sum to one.

        Shapes: `weights` `[k]`, `means` `[k, d]`, `variances` `[k]` or one number for all.
        Errors: ValueError for shapes that disagree, negative or NaN variances and weights that
        do not sum to one.
        """
        return cls(weights, means, variances, "isotropic")

    @classmethod
    def diagonal(
        cls, weights: npt.ArrayLike, means: npt.ArrayLike, variances: npt.ArrayLike
    ) -> GaussianMixture:
        """Components with covariance ``diag(variances[k])``.

        Shapes: `weights` `[k]`, `means` `[k, d]`, `variances` `[k, d]`.
        Errors: those of `isotropic`.
        """
        return cls(weights, means, variances, "diagonal")

    @classmethod
    def full(
        cls, weights: npt.ArrayLike, means: npt.ArrayLike, variances: npt.ArrayLike
    ) -> GaussianMixture:
        """Components with covariance ``variances[k]``.

        The matrices have to be symmetric and positive semi-definite, both up to rounding.

        Shapes: `weights` `[k]`, `means` `[k, d]`, `variances` `[k, d, d]`.
        Errors: those of `isotropic`.
        """
        return cls(weights, means, variances, "full")

    @property
    def components(self) -> int:
        """The number of components, `k`."""
        return self.means.shape[0]

    @property
    def dimension(self) -> int:
        """The dimension of the points, `d`."""
        return self.means.shape[1]

    def component_covariances(self) -> Float[Array, "k d d"]:
        """The covariance matrix of each component, whatever the kind."""
        if self.kind == "full":
            return self.variances
        identity = jnp.eye(self.dimension, dtype=self.means.dtype)[None]
        if self.kind == "diagonal":
            return self.variances[:, :, None] * identity
        return self.variances[:, None, None] * identity

    def mean(self) -> Float[Array, " d"]:
        """The mean of the whole mixture, ``sum_k weights[k] means[k]``."""
        return self.weights @ self.means

    def covariance(self) -> Float[Array, "d d"]:
        """The covariance of the whole mixture: within the components plus between their means."""
        centred = self.means - self.mean()[None]
        between = (self.weights[:, None] * centred).T @ centred
        return jnp.tensordot(self.weights, self.component_covariances(), 1) + between

    def at_time(self, time: ScalarLike) -> GaussianMixture:
        """The mixture after the Ornstein-Uhlenbeck process ``dx = -x dt + sqrt(2) dW``.

        Means shrink by ``exp(-time)``, covariances become ``exp(-2 time) C + (1 - exp(-2 time)) I``
        (derived: the process is linear, so a Gaussian stays one, and its transition has that
        mean and noise). The kind stays. `time` is a number at or above zero, ``inf`` included;
        map over it for several.

        Errors: ValueError for a negative or NaN time.
        Source: derived.
        """
        validate.shape("time", time, (), "map over the times with jax.vmap")
        validate.nonnegative("time", time, "the process runs forward only")
        good = validate.concrete(time) is not None or jnp.asarray(time) >= 0
        time = jnp.asarray(time, self.means.dtype)
        noise = -jnp.expm1(-2 * time)
        if self.kind == "full":
            noise = noise * jnp.eye(self.dimension, dtype=self.means.dtype)[None]
        variances = jnp.exp(-2 * time) * self.variances + noise
        means = jnp.exp(-time) * self.means
        later = eqx.tree_at(
            lambda mixture: (mixture.means, mixture.variances), self, (means, variances)
        )
        return traced.only(good, later, time)

    def sample(
        self, key: Key[Array, ""], number: int
    ) -> tuple[Float[Array, "n d"], Int[Array, " n"]]:
        """Draw `number` independent points and the component of each.

        Probabilities of the components are met to the spacing of uniform numbers, 2^-23 in
        float32. Differentiable in means and in positive variances, at fixed labels.

        Errors: ValueError for a number that is no Python integer at or above zero.
        """
        _check_count("number", number)
        return _sample(key, self, None, number)

    def sample_counts(
        self, key: Key[Array, ""], counts: tuple[int, ...]
    ) -> tuple[Float[Array, "n d"], Int[Array, " n"]]:
        """Draw ``counts[k]`` points of component `k`, ordered by component: first all of 0, then 1.

        The weights play no part.

        Errors: ValueError unless `counts` has one Python integer at or above zero for each
        component.
        """
        if not isinstance(counts, tuple | list) or len(counts) != self.components:
            expected = f"a tuple of {self.components} integers"
            raise validate.fail("counts", repr(counts), expected, "pass one per component")
        for count in counts:
            _check_count("counts", count)
        ends = np.cumsum(counts, dtype=np.int64)
        return _sample(key, self, jnp.asarray(ends, jnp.int32), int(ends[-1]))

    def log_density(self, points: npt.ArrayLike) -> Float[Array, "*shape"]:
        """The logarithm of the density at each point.

        ``log sum_k weights[k] N(point; means[k], covariance k)``. Squared distances come from
        differences, so that a large common offset or far components cost no digits; below the
        range of the dtype the result is ``-inf``.

        Shapes: `[n, d]` -> `[n]`, or one point `[d]` -> `[]`.
        Errors: ValueError for zero variances, NaN and shapes that disagree.
        """
        return self._evaluate(gaussians.log_density, points)

    def score(self, points: npt.ArrayLike) -> Float[Array, "... d"]:
        """The gradient of the log-density at each point.

        ``sum_k responsibility_k covariance_k^-1 (means[k] - point)``.

        Shapes: `[n, d]` -> `[n, d]`, or one point `[d]` -> `[d]`.
        Errors: those of `log_density`.
        """
        return self._evaluate(gaussians.score, points)

    def responsibilities(self, points: npt.ArrayLike) -> Float[Array, "... k"]:
        """The probability of each component given each point.

        Shapes: `[n, d]` -> `[n, k]`, or one point `[d]` -> `[k]`.
        Errors: those of `log_density`.
        """
        return self._evaluate(gaussians.responsibilities, points)

    def _evaluate(self, function: Callable[..., Array], points: npt.ArrayLike) -> Array:
        if not isinstance(points, jax.Array | np.ndarray):
            points = jnp.asarray(points, self.means.dtype)
        single = np.ndim(points) == 1
        expected = (self.dimension,) if single else (None, self.dimension)
        validate.shape("points", points, expected, "pass [n, d] or one point [d]")
        standard = _standardise(self)
        _check_density(standard)
        values = _map_points(function, standard, points[None] if single else points)
        _check_points(points, values)
        return values[0] if single else values


def common_variance(mixture: GaussianMixture) -> Float[Array, ""]:
    """The one variance of isotropic components.

    Errors: ValueError for other kinds of covariance, and for variances that are not all equal.
    """
    isotropic = mixture.kind == "isotropic"
    variances = validate.concrete(mixture.variances) if isotropic else None
    uneven = variances is not None and not (variances == variances[0]).all()
    if uneven or not isotropic:
        got = f"{mixture.kind} components" + (" of unlike variance" if uneven else "")
        fix = "build it with GaussianMixture.isotropic and one variance"
        raise validate.fail("mixture", got, "one isotropic variance for all components", fix)
    if variances is not None:
        return mixture.variances[0]
    even = (mixture.variances == mixture.variances[0]).all()
    return traced.only(even, mixture.variances[0], mixture.variances)


@jax.jit
def _standardise(mixture: GaussianMixture) -> gaussians.Standard:
    return gaussians.standardise(mixture.weights, mixture.means, mixture.variances)


@partial(jax.jit, static_argnums=0)
def _map_points(
    function: Callable[..., Array], standard: gaussians.Standard, points: Num[Array, "n d"]
) -> Array:
    rows = gaussians.rows_at_once(function, standard, points)
    return map_rows(function, rows, standard, points)


@partial(jax.jit, static_argnums=3)
def _sample(
    key: Key[Array, ""], mixture: GaussianMixture, ends: Int[Array, " k"] | None, number: int
) -> tuple[Float[Array, "n d"], Int[Array, " n"]]:
    """Points and components: drawn by weight, or by row where `ends` has the last row of each."""
    deviations = gaussians.deviations(mixture.variances)
    # A matrix per row is gathered where the covariances are full.
    numbers = deviations.size // mixture.components + 4 * mixture.dimension
    rows = rows_per_chunk(number, mixture.means.dtype.itemsize * numbers, most=4096)
    draw = partial(gaussians.draw, min(rows, number))
    parameters = (key, mixture.weights, mixture.means, deviations, ends)
    return fill_rows(draw, rows, number, parameters)


def _common_dtype(**arrays: npt.ArrayLike) -> np.dtype:
    """float32 or float64, from the arrays that have a dtype; plain numbers follow them."""
    known = [array.dtype for array in arrays.values() if isinstance(array, TYPED)]
    # numpy's own float64 is no request for it: without 64-bit it becomes float32 in silence.
    known = [jax.dtypes.canonicalize_dtype(dtype) for dtype in known]
    floating = [dtype for dtype in known if jnp.issubdtype(dtype, jnp.inexact)]
    dtype = jnp.result_type(*(floating or [float]))
    if dtype not in (jnp.float32, jnp.float64):
        raise validate.fail(", ".join(arrays), str(dtype), "float32 or float64", "convert them")
    return dtype


def _check_mixture(mixture: GaussianMixture) -> None:
    validate.shape("weights", mixture.weights, (None,), "pass one weight per component")
    components = mixture.weights.shape[0]
    validate.shape("means", mixture.means, (components, None), "pass one mean per weight, as rows")
    dimension = mixture.means.shape[1]
    shapes = {
        "isotropic": ((components,), "pass one variance per component, or one number"),
        "diagonal": ((components, dimension), "pass one variance per component and coordinate"),
        "full": ((components, dimension, dimension), "pass one matrix per component"),
    }
    validate.shape("variances", mixture.variances, *shapes[mixture.kind])
    if components == 0 or dimension == 0:
        raise validate.fail("means", f"shape {mixture.means.shape}", "no empty axis", "add a mean")
    validate.simplex("weights", mixture.weights)
    validate.finite("means", mixture.means)
    validate.finite("variances", mixture.variances)
    if mixture.kind == "full":
        validate.semidefinite("variances", mixture.variances)
    else:
        validate.nonnegative("variances", mixture.variances, "pass variances, which are squares")


def _valid(mixture: GaussianMixture) -> traced.Truth:
    """What `_check_mixture` cannot see of traced values; True where it has seen all of them."""
    weights, means, variances = mixture.weights, mixture.means, mixture.variances
    good: traced.Truth = True
    if validate.concrete(weights) is None:
        slack = 64 * np.finfo(np.float32).eps * weights.size
        good &= (weights >= 0).all() & (abs(weights.sum() - 1) <= slack)
    if validate.concrete(means) is None:
        good &= jnp.isfinite(means).all()
    if validate.concrete(variances) is None:
        good &= jnp.isfinite(variances).all()
        if mixture.kind == "full":
            good &= gaussians.semidefinite(variances)
        else:
            good &= (variances >= 0).all()
    return good


def _check_count(argument: str, count: object) -> None:
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise validate.fail(argument, repr(count), "a Python integer >= 0", "convert it with int()")


@jax.jit
def _any_nan(values: Shaped[Array, "*shape"]) -> Bool[Array, ""]:
    # The largest value is NaN if any is, and needs no array of booleans, which `any` makes.
    return jnp.isnan(jnp.max(values, initial=-jnp.inf))


@jax.jit
def _first_column_nan(values: Shaped[Array, "*shape"]) -> Bool[Array, ""]:
    return _any_nan(values.reshape(values.shape[0], -1)[:, 0] if values.size else values)


def _check_points(points: Array | np.ndarray, values: Array) -> None:
    """Refuse NaN in concrete points, seen first in what came out: mostly far fewer numbers."""
    if isinstance(points, jax.core.Tracer):  # pyright: ignore[reportAttributeAccessIssue]
        return
    if not jnp.issubdtype(points.dtype, jnp.floating):
        return
    with jax.ensure_compile_time_eval():
        # One NaN in a point makes its whole row NaN, so the first column tells.
        clean = not isinstance(values, jax.core.Tracer) and not bool(_first_column_nan(values))  # pyright: ignore[reportAttributeAccessIssue]
        if not clean and bool(_any_nan(points)):
            raise validate.fail("points", "NaN", "numbers", "remove those rows")


def _check_density(standard: gaussians.Standard) -> None:
    constants = validate.concrete(standard.constants)
    if constants is None or not np.isnan(constants).any():
        return
    bad = ", ".join(str(component) for component in np.flatnonzero(np.isnan(constants)))
    fix = "point masses have no density: use at_time(time) with time > 0 or add a variance"
    raise validate.fail("variances", f"zero or singular in component {bad}", "positive ones", fix)
