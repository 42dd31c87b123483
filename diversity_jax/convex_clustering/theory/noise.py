"""The flow that carries the noise along the edges, and how large it gets.

``F^+ E`` is the flow of least energy with the noise as its sources (but for their mean): row e is
``w_e (L^+ E)_i - w_e (L^+ E)_j``, and ``z_e = w_e (F^+ E)_e`` has ``B^T Z = E - mean``. Its level

    rho = max_e |(F^+ E)_e|_q* = max_e |z_e|_q* / w_e

is the gamma of the error bound in `bounds`.

For independent noise of deviation sigma on a graph that is independent of it, row e of F^+ E has
entries of deviation ``sigma r_e``. With m edges and p columns, each with probability at least
1 - delta,

    Gaussian      q = 2    rho <= sigma r (sqrt p + sqrt(2 log(m/delta)))
                  q = 1    rho <= sigma r sqrt(2 log(2 m p/delta))
                  q = inf  rho <= sigma r (p sqrt(2/pi) + sqrt(2 p log(m/delta)))
    sub-Gaussian  q = 1 as above, q = 2 times sqrt p, q = inf times p,              (B)

r = max r_e: a norm of a Gaussian row exceeds its mean (at most sqrt p; p sqrt(2/pi)) by t sigma r_e
times its Lipschitz constant (1; sqrt p) with probability at most exp(-t^2/2), then the edges add
up. The mean has ``n |ebar|^2 <= sigma^2 (p + 2 sqrt(p t) + 2t)``, t = log(1/delta), for both laws,
as ``E exp(c |v|^2) <= (1 - 2 c sigma^2)^(-p/2)`` for independent sub-Gaussian v (average
``exp(sqrt(2c) g.v)`` over a normal g). What is needed: entries independent, light-tailed, and a
graph that does not know them. The path through sorted noise, a tree or nearest neighbours of the
points themselves have levels far above; so has noise along the slowest eigenvector of L.
"""

from __future__ import annotations

import math
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax.scipy.linalg import cho_factor, cho_solve
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.convex_clustering import problem
from diversity_jax.convex_clustering.problem import Graph, Norm
from diversity_jax.convex_clustering.theory import _arguments
from diversity_jax.convex_clustering.theory.numerics import potentials
from diversity_jax.records import Record

Law = Literal["gaussian", "subgaussian"]
LAWS = ("gaussian", "subgaussian")


class NoiseFlow(Record):
    """``F^+ E``, and how far its divergence misses the noise, relative to it: rounding."""

    flow: Float[Array, "m d"]
    residual: Float[Array, ""]


def noise_flow(noise: npt.ArrayLike, graph: Graph) -> NoiseFlow:
    """``F^+ E``: row e is ``w_e`` times the difference of ``L^+ E`` over the edge.

    On the host, in 64 bits and for any weights, where all is concrete; by a Cholesky factor of the
    Laplacian where something is traced (NaN for a graph that is not connected), which loses the
    digits of its condition number.

    Errors: ValueError for a graph that is seen not to be connected, naming components; for noise
    of another shape than `[graph.nodes, d]`.
    Cost: n^3, with a handful of n x n arrays.
    """
    given = problem.checked_points(noise, graph, "noise")
    xp = _arguments.library(given, graph)
    values = xp.asarray(given)
    centred = values - xp.mean(values, axis=0, keepdims=True)
    if xp is np:
        prepared, own = _arguments.connected(graph)
        found = potentials.flows(prepared, centred.astype(np.float64))
        flow = _arguments.spread(found, own, graph).astype(centred.dtype)
        edges, carried = np.asarray(graph.edges), np.asarray(graph.weights)[:, None] * flow
        missed = centred.copy()
        np.add.at(missed, edges[:, 0], -carried)
        np.add.at(missed, edges[:, 1], carried)
    else:
        flow = _traced_flow(centred, graph)
        missed = centred - problem.divergence(graph.weights[:, None] * flow, graph, graph.nodes)
    size = xp.linalg.norm(centred)
    residual = xp.linalg.norm(missed) / xp.where(size > 0, size, 1)
    good = residual <= jnp.finfo(residual.dtype).eps ** 0.5
    # Put, since `asarray` compiles a program for every new shape.
    return NoiseFlow(*map(jax.device_put, (xp.where(good, flow, xp.nan), residual)))


def noise_level(noise: npt.ArrayLike, graph: Graph, *, norm: Norm = "l2") -> Float[Array, ""]:
    """``rho = max_e |(F^+ E)_e|`` in the dual norm: the gamma of the theorem.

    Errors, Cost: those of `noise_flow`.
    Source: 2605.24673 through its authors' code (the largest row of ``F^+ E``) for l2; derived.
    """
    validate.choice("norm", norm, problem.NORMS)
    return _largest_row(noise_flow(noise, graph).flow, norm)


def oracle_term(truth: npt.ArrayLike, noise: npt.ArrayLike, graph: Graph) -> Float[Array, ""]:
    """``max_ek |(F^+ E)_ek| * sum_e w_e |u_i - u_j|_2 / (n sqrt p)``, each edge once.

    Twice this is at least the last term ``2 rho J(U) / (n p)`` of the bound per entry at
    ``gamma = rho``, since ``rho <= sqrt(p) max |F^+ E|``. It needs the truth.

    Errors, Cost: those of `noise_flow`.
    Source: 2605.24673's code; the figure's label leaves out the ``sqrt p``.
    """
    centres = problem.checked_points(truth, graph, "truth")
    flow = noise_flow(noise, graph).flow
    xp = _arguments.library(centres, flow, graph)
    total = _arguments.penalty(centres, graph, "l2", xp)
    largest = xp.max(xp.abs(xp.asarray(flow)))
    return jnp.asarray(largest * total / (graph.nodes * math.sqrt(centres.shape[1])))


def probable_noise_level(
    largest_sensitivity: ScalarLike,
    *,
    edges: ScalarLike,
    dimension: int,
    deviation: ScalarLike,
    failure: ScalarLike,
    norm: Norm = "l2",
    law: Law = "gaussian",
) -> Float[Array, ""]:
    """What rho stays below with probability ``1 - failure``, from max r_e and the number of edges.

    (B) of the module docstring. `deviation` is that of every noise entry: all independent, and
    Gaussian or sub-Gaussian (``E exp(t x) <= exp(t^2 deviation^2 / 2)``). The graph has to be
    independent of the noise.

    Errors: ValueError for numbers that are not above zero, a failure outside (0, 1), an unknown
    norm or law.
    Source: derived.
    """
    for name, value in (("edges", edges), ("deviation", deviation)):
        _arguments.positive_number(name, value)
    validate.nonnegative("largest_sensitivity", largest_sensitivity)
    validate.integer("dimension", dimension, "pass the number of columns", least=1)
    _arguments.probability("failure", failure)
    validate.choice("norm", norm, problem.NORMS)
    validate.choice("law", law, LAWS)
    p, unit = dimension, jnp.asarray(deviation) * largest_sensitivity
    entry = jnp.sqrt(2 * jnp.log(2 * jnp.asarray(edges) * p / failure))
    row = jnp.sqrt(2 * jnp.log(jnp.asarray(edges) / failure))
    if norm == "l1":
        return unit * entry
    if law == "subgaussian":
        return unit * entry * (math.sqrt(p) if norm == "l2" else p)
    if norm == "l2":
        return unit * (math.sqrt(p) + row)
    return unit * (p * math.sqrt(2 / math.pi) + math.sqrt(p) * row)


def probable_mean_term(
    *, dimension: int, deviation: ScalarLike, failure: ScalarLike
) -> Float[Array, ""]:
    """``deviation^2 (p + 2 sqrt(p t) + 2 t)``, t = log(1/failure): what ``n |ebar|^2`` stays below.

    With probability ``1 - failure``, for independent Gaussian or sub-Gaussian entries; its mean is
    ``p deviation^2`` where that is the variance.

    Errors: ValueError for a deviation not above zero, a failure outside (0, 1).
    Source: derived; Laurent and Massart (2000) for the chi-squared law.
    """
    validate.integer("dimension", dimension, "pass the number of columns", least=1)
    _arguments.positive_number("deviation", deviation)
    _arguments.probability("failure", failure)
    t = -jnp.log(jnp.asarray(failure) * jnp.ones(()))
    spread = dimension + 2 * jnp.sqrt(dimension * t) + 2 * t
    return jnp.asarray(deviation) ** 2 * spread


def _largest_row(flow: Array, norm: Norm) -> Array:
    xp = _arguments.library(flow)
    rows = _arguments.lengths(xp.asarray(flow), problem.dual(norm), xp)
    return jnp.asarray(xp.max(rows, initial=0))


def _traced_flow(centred: Array, graph: Graph) -> Array:
    weights = graph.weights / jnp.max(graph.weights)
    conductances = weights**2
    first, second, n = graph.first, graph.second, graph.nodes
    degrees = jnp.zeros(n, weights.dtype).at[first].add(conductances).at[second].add(conductances)
    matrix = jnp.diag(degrees)
    matrix = matrix.at[first, second].add(-conductances).at[second, first].add(-conductances)
    # On what has mean zero this changes nothing; the constants it makes invertible.
    factor = cho_factor(matrix + jnp.mean(degrees) / n)

    def arriving(values: Array) -> Array:
        flow = conductances[:, None] * problem.differences(values, graph)
        return problem.divergence(flow, graph, n)

    values = cho_solve(factor, centred)
    values = values + cho_solve(factor, centred - arriving(values))
    flow = weights[:, None] * problem.differences(values, graph)
    return flow / jnp.max(graph.weights)
