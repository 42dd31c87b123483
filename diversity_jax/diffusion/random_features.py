"""Random features of noised samples, with the average over the noise done exactly.

For feature i the pre-activation of sample nu is ``eta_i + sqrt(D) r_i u_i`` with
``eta_i = e^-t w_i . x_nu / sqrt d``, ``r_i = |w_i| / sqrt d`` and u standard normal with
correlations ``rho_ij = w_i . w_j / (d r_i r_j)``. With the Hermite coefficients
``c_s(eta_i) = E h_s(u) act(eta_i + sqrt(D) r_i u)``, h_s normalised, Mehler's formula gives

    E_xi f_i f_j = sum_s rho_ij^s c_s(eta_i) c_s(eta_j)   (i != j),     E_xi f_i^2 by quadrature,

and ``E_xi f_i xi = c_1(eta_i) w_i / (r_i sqrt d)``. Since rho is of order ``1/sqrt d`` off the
diagonal, `ORDER` terms leave a relative error of order ``d^(-(ORDER + 1) / 2)``. New samples of a
class are Gaussian, so their average is the same formula with the class's covariance.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from diversity_jax import seeds, special, validate
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.records import Record

ORDER, NODES, HIGHEST = 6, 67, lax.Precision.HIGHEST
BLOCK = TILE = 128  # samples and features at a time: beside U are held 7 BLOCK p numbers


class Features(Record):
    """Frozen weights, samples by class, and how noise and spread enter."""

    weights: Float[Array, "p d"]
    samples: Float[Array, "n d"]
    centroids: Float[Array, "k d"]
    deviations: Float[Array, "k d"]
    decay: Float[Array, ""]  # e^-t
    noise: Float[Array, ""]  # D
    counts: tuple[int, ...] = eqx.field(static=True)


class Spectrum(Record):
    """Eigenvalues of the feature covariance, ascending, and the sizes that it was drawn at."""

    eigenvalues: Float[Array, " p"]
    counts: Int[Array, " k"]
    samples: Int[Array, ""]
    features: Int[Array, ""]


def simulate(key: Array, model: ClassModel, *, dimension: int) -> Spectrum:
    """The eigenvalues of U of one draw of samples and weights in `dimension` dimensions.

    ``n = round(samples_per_dimension * d)`` samples, shared over classes by their fractions (never
    at random), ``p = round(features_per_dimension * d)`` features. Rows of W have norm
    ``sqrt(d)``, so that the atom is not smeared.

    Errors: ValueError for a class without samples, for sizes that are traced, and, on a CPU, for
    matrices larger than the machine's memory.
    Cost: time p^3 + 7 n p^2, memory beyond samples and weights some 3 p^2 + 2000 p numbers.
    Source: the module docstring, derived.
    """
    drawn = draw(key, model, dimension=dimension, normalised=True)
    matrix = covariance(model, drawn)[0]
    return Spectrum(
        eigenvalues=_eigenvalues(matrix),
        counts=jnp.asarray(drawn.counts),
        samples=jnp.asarray(drawn.samples.shape[0]),
        features=jnp.asarray(drawn.weights.shape[0]),
    )


def _eigenvalues(matrix: Float[Array, "p p"]) -> Float[Array, " p"]:
    """Ascending; on a CPU by LAPACK's own driver, since jax computes the vectors as well."""
    seen = validate.concrete(matrix)
    if seen is None or jax.default_backend() != "cpu":
        return jnp.linalg.eigvalsh(matrix)
    return jnp.asarray(np.linalg.eigvalsh(seen))


def sizes(model: ClassModel, dimension: int) -> tuple[tuple[int, ...], int]:
    """Samples per class and the number of features in `dimension` dimensions; both static."""
    numbers = [
        validate.concrete(value)
        for value in (model.fractions, model.samples_per_dimension, model.features_per_dimension)
    ]
    if isinstance(dimension, bool) or not isinstance(dimension, int) or dimension < 2:
        raise validate.fail("dimension", repr(dimension), "an integer >= 2", "pass e.g. 100")
    fractions, per_sample, per_feature = numbers
    if fractions is None or per_sample is None or per_feature is None:
        fix = "the sizes of arrays follow from them: close over them instead"
        raise validate.fail("fractions and ratios", "traced values", "concrete numbers", fix)
    n, p = round(float(per_sample) * dimension), round(float(per_feature) * dimension)
    ends = np.round(np.cumsum(fractions) * n).astype(int)
    counts = tuple(int(count) for count in np.diff(ends, prepend=0))
    if min(counts) < 1:
        empty = counts.index(min(counts))
        got = f"{counts[empty]} samples for class {empty}"
        raise validate.fail("fractions", got, "at least one per class", "raise n or the fraction")
    if p < 1:
        raise validate.fail("features_per_dimension", p, "at least one feature", "raise it")
    _check_memory(n, p, dimension)
    return counts, p


def _check_memory(samples: int, features: int, dimension: int) -> None:
    """Refuse matrices that the host cannot hold, before any is made; a device knows its own."""
    if jax.default_backend() != "cpu" or not hasattr(os, "sysconf"):
        return
    room = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    needed = 8 * (4 * features**2 + 2 * (samples + features) * dimension)
    if needed > room:
        got = f"{features} features and {samples} samples, some {needed / 1e9:.0f} GB"
        fix = "lower dimension, features_per_dimension or samples_per_dimension"
        raise validate.fail("dimension", got, f"at most {room / 1e9:.0f} GB", fix)


def draw(key: Array, model: ClassModel, *, dimension: int, normalised: bool = False) -> Features:
    """Weights and samples of one seed; `normalised` gives the rows of W the norm ``sqrt(d)``."""
    counts, p = sizes(model, dimension)
    d = dimension
    weights = jax.random.normal(seeds.stream(key, "weights"), (p, d), float)
    if normalised:
        weights = weights * jnp.sqrt(d / jnp.sum(weights**2, axis=1, keepdims=True))
    deviations = jnp.sqrt(model.group_variances[:, _group_of(model, d)])
    centroids = _centroids(model, d)
    labels = np.repeat(np.arange(len(counts)), counts)
    noise = jax.random.normal(seeds.stream(key, "samples"), (labels.size, d), float)
    return Features(
        weights=weights,
        samples=centroids[labels] + deviations[labels] * noise,
        centroids=centroids,
        deviations=deviations,
        decay=jnp.exp(-model.time),
        noise=-jnp.expm1(-2 * model.time),
        counts=counts,
    )


def covariance(
    model: ClassModel, drawn: Features, *, of: int | None = None
) -> tuple[Float[Array, "p p"], Float[Array, " p"]]:
    """U and the first Hermite coefficients, averaged over all samples or those of class `of`.

    ``V_ij = mean_c1_i W_ij / (r_i sqrt d)``.

    Cost: memory of some p^2 + 2000 p numbers.
    """
    first = 0 if of is None else sum(drawn.counts[:of])
    number = sum(drawn.counts) if of is None else drawn.counts[of]
    chosen = lax.slice_in_dim(drawn.samples, first, first + number)
    d = drawn.weights.shape[1]
    shrunk = drawn.decay / np.sqrt(d) * chosen
    norms = jnp.sum(drawn.weights**2, axis=1) / d
    deviation = jnp.sqrt(drawn.noise * norms)
    return _average(model.activation, drawn.weights, drawn.weights, shrunk, deviation)


def population(
    model: ClassModel, drawn: Features, of: int
) -> tuple[Float[Array, "p p"], Float[Array, "p d"]]:
    """U and V of new samples of class `of`: averages over samples and noise, both exact."""
    d = drawn.weights.shape[1]
    spread = jnp.sqrt(drawn.decay**2 * drawn.deviations[of] ** 2 + drawn.noise)
    scaled = drawn.weights * spread[None, :]
    deviation = jnp.sqrt(jnp.sum(scaled**2, axis=1) / d)
    shrunk = drawn.decay / np.sqrt(d) * drawn.centroids[of][None]
    matrix, slopes = _average(model.activation, scaled, drawn.weights, shrunk, deviation)
    factor = jnp.sqrt(drawn.noise) * slopes / deviation / np.sqrt(d)
    return matrix, factor[:, None] * drawn.weights


def cross(drawn: Features, slopes: Float[Array, " p"]) -> Float[Array, "p d"]:
    """V from the mean first Hermite coefficients of `covariance`."""
    norms = jnp.sqrt(jnp.sum(drawn.weights**2, axis=1))
    return (slopes / norms)[:, None] * drawn.weights


@partial(jax.jit, static_argnums=0)
def _average(
    activation: Callable[[Array], Array],
    directions: Float[Array, "p d"],
    weights: Float[Array, "p d"],
    points: Float[Array, "n d"],
    deviation: Float[Array, " p"],
) -> tuple[Float[Array, "p p"], Float[Array, " p"]]:
    """``E f f'`` for pre-activations ``W x + deviation u``, u correlated like `directions`.

    Averaged over the rows x of `points`; the second result is the mean first Hermite coefficient.
    A block of points at a time, so that nothing but the result is as large as p^2 or n p.
    """
    rows, p = points.shape[0], weights.shape[0]
    block, tile = _even(rows, BLOCK), _even(p, TILE)
    unit = directions / jnp.sqrt(jnp.sum(directions**2, axis=1, keepdims=True))
    unit, weights, deviation = (_filled(part, tile) for part in (unit, weights, deviation))
    size = weights.shape[0]
    points = _filled(points, block)
    # The average enters here: a pass over the sum at the end would need a second p x p array.
    share = jnp.where(jnp.arange(points.shape[0]) < rows, 1 / np.sqrt(rows), 0.0)

    def add(
        held: tuple[Array, Array, Array], given: tuple[Array, Array]
    ) -> tuple[tuple[Array, Array, Array], None]:
        matrix, slopes, squares = held
        hermite, diagonal = _coefficients(activation, weights, deviation, *given)
        matrix = _add_products(matrix, unit, hermite, tile)
        return (matrix, slopes + given[1] @ hermite[:, 1], squares + diagonal), None

    empty = jnp.zeros((size, size)), jnp.zeros(size), jnp.zeros(size)
    blocks = points.reshape(-1, block, points.shape[1]), share.reshape(-1, block)
    total, slopes, squares = lax.scan(add, empty, blocks)[0]
    total = total.at[jnp.arange(size), jnp.arange(size)].set(squares)
    return total[:p, :p], slopes[:p]


def _even(number: int, most: int) -> int:
    """The size of equal blocks, of `most` at most: a divisor of `number`, or one close to it."""
    fitting = [size for size in range(most // 2, most + 1) if number % size == 0]
    return fitting[-1] if fitting and number > most else -(-number // -(-number // most))


def _filled(array: Array, block: int) -> Array:
    """With rows of zeros up to a whole number of blocks."""
    extra = -array.shape[0] % block
    return jnp.pad(array, ((0, extra), *[(0, 0)] * (array.ndim - 1))) if extra else array


def _coefficients(
    activation: Callable[[Array], Array],
    weights: Float[Array, "p d"],
    deviation: Float[Array, " p"],
    points: Float[Array, "b d"],
    share: Float[Array, " b"],
) -> tuple[Float[Array, "b s p"], Float[Array, " p"]]:
    """Hermite coefficients of every feature at each of a block of points, and summed squares.

    Values of point nu are multiplied by ``share[nu]``.
    """
    nodes, masses = (jnp.asarray(part) for part in special.normal_nodes(NODES))
    basis = jnp.stack(special.hermite(ORDER, nodes)) * masses[None]
    means = jnp.matmul(points, weights.T, precision=HIGHEST)
    steps = nodes[:, None] * deviation[None]

    def of(row: tuple[Array, Array]) -> tuple[Array, Array]:
        values = activation(row[0][None] + steps) * row[1]
        return jnp.matmul(basis, values, precision=HIGHEST), masses @ values**2

    hermite, squares = lax.map(of, (means, share))
    return hermite, squares.sum(axis=0)


def _add_products(
    matrix: Float[Array, "p p"], unit: Array, hermite: Float[Array, "b s p"], tile: int
) -> Float[Array, "p p"]:
    """`matrix` plus ``sum_s rho^s C_s' C_s``, in place: one tile and its mirror image at a time."""
    pairs = [part.astype(np.int32) for part in np.tril_indices(matrix.shape[0] // tile)]

    def add(index: Array, held: Array) -> Array:
        first, other = (jnp.asarray(part)[index] * tile for part in pairs)
        rows, columns = (
            lax.dynamic_slice_in_dim(hermite, start, tile, axis=2) for start in (first, other)
        )
        near, far = (lax.dynamic_slice_in_dim(unit, start, tile) for start in (first, other))
        similarity = jnp.matmul(near, far.T, precision=HIGHEST)
        total = jnp.zeros((tile, tile))
        for s in range(ORDER, -1, -1):
            product = jnp.matmul(rows[:, s].T, columns[:, s], precision=HIGHEST)
            total = total * similarity + product
        total = total + lax.dynamic_slice(held, (first, other), (tile, tile))
        held = lax.dynamic_update_slice(held, total, (first, other))
        return lax.dynamic_update_slice(held, total.T, (other, first))

    return lax.fori_loop(0, len(pairs[0]), add, matrix)


def _group_of(model: ClassModel, dimension: int) -> np.ndarray:
    """The direction group of each coordinate."""
    shares = validate.concrete(model.groups)
    if shares is None:
        raise validate.fail("group_fractions", "traced", "concrete numbers", "close over them")
    ends = np.round(np.cumsum(shares) * dimension).astype(int)
    return np.searchsorted(ends, np.arange(dimension), side="right")


def _centroids(model: ClassModel, dimension: int) -> Float[Array, "k d"]:
    """Centroids along the first coordinates with exactly the overlaps of the model."""
    k = model.classes
    if model.centroid_overlaps is None:
        return jnp.zeros((k, dimension))
    if k > dimension:
        raise validate.fail("dimension", dimension, f"at least {k}", "one per centroid")
    values, vectors = jnp.linalg.eigh(model.centroid_overlaps)
    root = vectors * jnp.sqrt(jnp.maximum(values, 0.0) * dimension)[None, :]
    return jnp.pad(root, ((0, 0), (0, dimension - k)))
