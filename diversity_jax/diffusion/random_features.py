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
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from diversity_jax import seeds, special, validate
from diversity_jax.diffusion.model import ClassModel

ORDER, NODES = 6, 67
BLOCK = 32  # samples at a time: their features at all Hermite orders stay in the cache
HIGHEST = lax.Precision.HIGHEST


class Features(eqx.Module):
    """Frozen weights, samples by class, and how noise and spread enter."""

    weights: Float[Array, "p d"]
    samples: Float[Array, "n d"]
    centroids: Float[Array, "k d"]
    deviations: Float[Array, "k d"]
    decay: Float[Array, ""]  # e^-t
    noise: Float[Array, ""]  # D
    counts: tuple[int, ...] = eqx.field(static=True)


class Spectrum(eqx.Module):
    """Eigenvalues of the feature covariance, ascending, and the sizes that it was drawn at."""

    eigenvalues: Float[Array, " p"]
    counts: Int[Array, " k"]
    samples: Int[Array, ""]
    features: Int[Array, ""]


def simulate(key: Array, model: ClassModel, *, dimension: int) -> Spectrum:
    """The eigenvalues of U of one draw of samples and weights in `dimension` dimensions.

    ``n = round(samples_per_dimension * d)`` samples, shared over classes by their fractions (never
    at random), ``p = round(features_per_dimension * d)`` features. Rows of W have norm
    ``sqrt(d)``, so that the atom is not smeared. Memory some 4 p^2 + 7 n p numbers, time p^3 +
    7 n p^2. Errors: ValueError for a class without samples, for sizes that are traced, and, on a
    CPU, for matrices larger than the machine's memory. Source: the module docstring, derived.
    """
    drawn = draw(key, model, dimension=dimension, normalised=True)
    matrix, _ = covariance(model, drawn)
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
    _check_memory(n, p)
    return counts, p


def _check_memory(samples: int, features: int) -> None:
    """Refuse matrices that the host cannot hold, before any is made; a device knows its own."""
    if jax.default_backend() != "cpu" or not hasattr(os, "sysconf"):
        return
    room = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    needed = 8 * (4 * features**2 + 7 * samples * features)
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

    ``V_ij = mean_c1_i W_ij / (r_i sqrt d)``. Memory some 3 p^2 + 7 n p numbers.
    """
    first = 0 if of is None else sum(drawn.counts[:of])
    number = sum(drawn.counts) if of is None else drawn.counts[of]
    chosen = lax.slice_in_dim(drawn.samples, first, first + number)
    means = drawn.decay * (chosen @ drawn.weights.T) / np.sqrt(drawn.weights.shape[1])
    norms = jnp.sum(drawn.weights**2, axis=1) / drawn.weights.shape[1]
    return _average(model.activation, drawn.weights, means, jnp.sqrt(drawn.noise * norms))


def population(
    model: ClassModel, drawn: Features, of: int
) -> tuple[Float[Array, "p p"], Float[Array, "p d"]]:
    """U and V of new samples of class `of`: averages over samples and noise, both exact."""
    d = drawn.weights.shape[1]
    spread = jnp.sqrt(drawn.decay**2 * drawn.deviations[of] ** 2 + drawn.noise)
    scaled = drawn.weights * spread[None, :]
    deviation = jnp.sqrt(jnp.sum(scaled**2, axis=1) / d)
    means = drawn.decay * (drawn.weights @ drawn.centroids[of])[None] / np.sqrt(d)
    matrix, slopes = _average(model.activation, scaled, means, deviation)
    factor = jnp.sqrt(drawn.noise) * slopes / deviation / np.sqrt(d)
    return matrix, factor[:, None] * drawn.weights


def cross(drawn: Features, slopes: Float[Array, " p"]) -> Float[Array, "p d"]:
    """V from the mean first Hermite coefficients of `covariance`."""
    norms = jnp.sqrt(jnp.sum(drawn.weights**2, axis=1))
    return (slopes / norms)[:, None] * drawn.weights


@partial(jax.jit, static_argnums=0)
def _average(activation: Any, directions: Array, means: Array, deviation: Array):
    """``E f f'`` for pre-activations ``means + deviation u``, u correlated like `directions`.

    Averaged over the rows of `means`; the second result is the mean first Hermite coefficient.
    """
    p, rows = directions.shape[0], means.shape[0]
    nodes, weights = (jnp.asarray(part) for part in special.normal_nodes(NODES))
    basis = weights[:, None] * jnp.stack(special.hermite(ORDER, nodes), axis=1)
    block = min(BLOCK, rows)
    padded = jnp.pad(means, ((0, -rows % block), (0, 0)))
    counted = (jnp.arange(padded.shape[0]) < rows).astype(float)

    def coefficients(chunk: tuple[Array, Array]) -> tuple[Array, Array]:
        here, used = chunk

        def add(held: tuple[Array, Array], node: tuple[Array, ...]) -> tuple[Any, None]:
            values = activation(here + (deviation * node[0])[None, :])
            sums = held[0] + node[1][:, None, None] * values[None]
            return (sums, held[1] + node[2] * values**2), None

        empty = jnp.zeros((ORDER + 1, block, p)), jnp.zeros((block, p))
        sums, squares = lax.scan(add, empty, (nodes, basis, weights))[0]
        return sums * used[None, :, None], (squares * used[:, None]).sum(axis=0)

    split = padded.reshape(-1, block, p), counted.reshape(-1, block)
    found, squares = lax.map(coefficients, split)
    found = jnp.moveaxis(found, 1, 0).reshape(ORDER + 1, -1, p)
    unit = directions / jnp.sqrt(jnp.sum(directions**2, axis=1, keepdims=True))
    similarity = jnp.matmul(unit, unit.T, precision=HIGHEST)

    def horner(total: Array, part: Array) -> tuple[Array, None]:
        return total * similarity + jnp.matmul(part.T, part, precision=HIGHEST), None

    total, _ = lax.scan(horner, jnp.zeros((p, p)), found[::-1])
    total = total / rows
    diagonal = squares.sum(axis=0) / rows
    total = total.at[jnp.arange(p), jnp.arange(p)].set(diagonal)
    return total, found[1].sum(axis=0) / rows


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
