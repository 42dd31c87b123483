"""Eigenvalues that centroids push out of the bulks.

Short ones. With ``|mu_c| = O(1)`` the samples' vectors have the mean ``m_c = e^-t a_c W mu_c /
sqrt d`` of bounded length, and the weighted second moments of the fixed point (`spectrum`) become
``zeta_c (C_c + m_c m_c')``: a perturbation of finite rank, which moves no bulk. As ``W'R W / d``
tends to k_g on group g of directions, z outside the bulks is an eigenvalue where

    F(z) = diag((1 + V_c) / pi_c) + e^-2t a_c a_c' sum_g k_g(z) (mu_c . mu_c')_g

is singular, ``1 + V_c = 1 / zeta_c``: that is ``det[1 + N] = 0`` with
``N_cc' = pi_c zeta_c a_c a_c' e^-2t k mu_c . mu_c'``, since zeta_c is finite outside the bulks.
These are uncentred second moments: the mean of all samples is not taken off. V_c and k_g are traces
against R, so F is symmetric and grows with z between two bulks. Each eigenvalue of F that is
negative at the left end and positive at the right one is one outlier, found by closing in on the
signs of the pivots of F (Sylvester's law of inertia), however many coincide.

What the centroids add to U, squares and products with the rest of the samples, leaves its rank as
it is: each eigenvalue above the bulks has a companion that is pushed down, and one below the
lowest bulk, next to the atom, is an outlier as well. Derived here.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy.typing as npt
from jaxtyping import Array, Float, Int

from diversity_jax import validate
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory.equations import bulks as supports
from diversity_jax.diffusion.theory.equations import from_model
from diversity_jax.diffusion.theory.equations.algebra import null_vector
from diversity_jax.diffusion.theory.equations.centred import Coefficients
from diversity_jax.diffusion.theory.equations.constants import class_constants
from diversity_jax.diffusion.theory.equations.fixed_point import on_axis
from diversity_jax.records import Record

CLEARANCE = 1e-6  # outliers nearer to an edge than this share of it are not told
PARTS, TURNS = 8, 20  # a bracket's parts at each turn: as close as 60 halvings, in a third of them


class Outliers(Record):
    """Positions of single eigenvalues outside the bulks, ascending, padded with NaN."""

    positions: Float[Array, " o"]
    number: Int[Array, ""]


def outliers(model: ClassModel, centroid_products: npt.ArrayLike, *, largest: int = 8) -> Outliers:
    """The eigenvalues outside the bulks that centroids of bounded length make, at most `largest`.

    `centroid_products` ``mu_c . mu_c'``, or one for the parts along each group of directions.
    Asymptotic in d; at finite d the variances in `model` should be raised by ``|mu_c|^2 / d``,
    which is first-order in 1/d. `number` counts all, those beyond `largest` too. Positions are
    differentiable where eigenvalues do not coincide. Gaps between bulks count as well.

    Shapes: `centroid_products` `[k, k]` or `[g, k, k]`.
    Errors: ValueError for extensive centroids, and for products that are no second moments.
    Source: derived (module docstring).
    """
    expected, fix = "none", "see giant_outliers for extensive centroids"
    refusal = validate.fail("centroid_overlaps", "extensive centroids", expected, fix)
    system = from_model.centred_system(model, refusal)
    if largest < 1:
        raise validate.fail("largest", largest, "an integer >= 1", "ask for at least one outlier")
    products = jnp.asarray(centroid_products, float)
    k, g = model.classes, model.groups.shape[0]
    if products.ndim == 2:
        products = products[None]
    validate.shape("centroid_products", products, (g, k, k), "pass mu_c . mu_c', one per group")
    validate.semidefinite("centroid_products", products)
    slopes = class_constants(model).slope
    moments = jnp.exp(-2 * model.time) * (slopes[:, None] * slopes[None, :])[None] * products
    return _outliers(system, moments, largest)


@partial(jax.jit, static_argnums=2)
def _outliers(parts: Coefficients, moments: Array, largest: int) -> Outliers:
    """Between bulks, and above the last up to where no eigenvalue can lie."""
    k = parts.fractions.shape[0]
    fixed, still = jax.lax.stop_gradient((parts, moments))
    edges, _, _ = supports.find(fixed, largest)
    ends = jnp.where(jnp.isnan(edges), jnp.inf, edges)
    size = jnp.trace(still.sum(axis=0)) * (jnp.sqrt(fixed.features) + 1) ** 2
    size = size * (1 + 1 / jnp.sqrt(fixed.samples)) ** 2 / fixed.fractions.min()
    most = (jnp.sqrt(fixed.upper_bound()) + jnp.sqrt(size)) ** 2
    left = jnp.concatenate([fixed.residual_power[None], ends[:, 1]])
    right = jnp.minimum(jnp.concatenate([ends[:, 0], jnp.full(1, jnp.inf)]), most)
    left = jnp.minimum(left, right)
    clear = jnp.minimum(CLEARANCE * right, (right - left) / 3)
    place = jnp.repeat(jnp.arange(k), left.size)
    low, high = (jnp.tile(end, k) for end in (left + clear, right - clear))
    between = jnp.tile(right > left, k)

    within = jnp.arange(1, PARTS)[None] / PARTS

    def narrow(step: Array, held: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        """The first turn looks at the ends, so that the solver is compiled once."""
        first, last, exists = held
        inner = first[:, None] + (last - first)[:, None] * within
        ends = jnp.where(within == within[0, 0], first[:, None], last[:, None])
        asked = jnp.where(step == 0, ends, inner)
        found = negative(fixed, still, asked.ravel()).reshape(asked.shape)
        before = found > place[:, None]
        exists = exists & jnp.where(step == 0, before[:, 0] & ~before[:, 1], True)
        # F grows: the points before the outlier are the first ones.
        number = jnp.where(step == 0, 0, jnp.cumprod(before, axis=1).sum(axis=1))
        after = jnp.where(step == 0, PARTS, number + 1)
        points = jnp.concatenate([first[:, None], inner, last[:, None]], axis=1)
        pick = jnp.arange(first.size)
        return points[pick, number], points[pick, after], exists

    at, exists = jax.lax.fori_loop(0, TURNS + 1, narrow, (low, high, between))[1:]
    positions = jnp.where(exists, _moving(parts, moments, jax.lax.stop_gradient(at)), jnp.nan)
    positions = jnp.sort(jnp.concatenate([positions, jnp.full(largest, jnp.nan)]))
    return Outliers(positions[:largest], exists.sum())


def kernel(
    parts: Coefficients, moments: Float[Array, "g k k"], z: Float[Array, " n"]
) -> Float[Array, "n k k"]:
    """F at real z outside the bulks, differentiable."""
    unknowns = on_axis(parts, z).real
    diagonal = (1 / parts.factors(unknowns)).T / parts.fractions[None]
    k = moments.shape[1]
    mixed = (unknowns[1:].T[:, :, None, None] * moments[None]).sum(axis=1)
    return mixed + diagonal[:, :, None] * jnp.eye(k)[None]


def negative(
    parts: Coefficients, moments: Float[Array, "g k k"], z: Float[Array, " n"]
) -> Int[Array, " n"]:
    """How many eigenvalues of F are negative, by its pivots."""
    rest, count = kernel(parts, moments, z), jnp.zeros(z.shape, int)
    for place in range(moments.shape[1]):
        pivot = rest[:, place, place]
        count = count + (pivot < 0)
        column = rest[:, :, place]
        rest = rest - column[:, :, None] * (column / pivot[:, None])[:, None, :]
    return count


def _moving(parts: Coefficients, moments: Array, at: Array) -> Array:
    """The positions `at` with their derivatives: ``x' dF x = 0`` for the null vector x of F."""

    def null(matrix: Array) -> Array:
        # From beside F, which may be singular to the last digit.
        nudge = 1e-13 * jnp.max(jnp.abs(matrix))
        beside = matrix + nudge * jnp.eye(matrix.shape[0])
        return null_vector(beside, jnp.linspace(1.0, 2.0, matrix.shape[0]))

    here, slope = jax.jvp(lambda z: kernel(parts, moments, z), (at,), (jnp.ones_like(at),))
    fixed = jax.lax.stop_gradient(here)
    vectors = jax.vmap(null)(fixed)

    def form(matrices: Array) -> Array:
        return (vectors[:, :, None] * matrices * vectors[:, None, :]).sum(axis=(1, 2))

    return at - form(here - fixed) / jax.lax.stop_gradient(form(slope))


def giant_outliers(model: ClassModel) -> Float[Array, " k"]:
    """The eigenvalues of order p that extensive centroids make, divided by p, ascending.

    The eigenvalues of ``sqrt(pi_c pi_c') E_h[m_c(h) m_c'(h)]``, ``m_c(h)`` the mean feature of
    class c; to leading order in d.

    Shapes: `[k]`.
    Errors: as `extensive.neurons`, and ValueError for a model without extensive centroids.
    Source: derived.
    """
    refusal = validate.fail(
        "centroid_overlaps", "none", "extensive centroids", "see spectrum.outliers for short ones"
    )
    neurons = from_model.extensive_system(model, refusal)
    scaled = neurons.means * jnp.sqrt(neurons.fractions)[None]
    products = (scaled * neurons.weights[:, None]).T @ scaled
    return jnp.linalg.eigvalsh(jnp.where(neurons.together, products, 0.0))
