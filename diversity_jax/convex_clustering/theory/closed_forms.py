"""Sensitivities and resistances in closed form, for graphs of one weight.

All are ``r_e = value / w`` and ``R_e = value / w^2`` of what stands here for weight one.

Complete: ``L^+ = (1 - 11^T/n)/n``. Ring: the current takes both ways round, ``R = (n-1)/n``, and by
symmetry every edge has the mean of ``tr L^+ = (n^2-1)/12``. An edge of a tree that splits the nodes
into s and n - s: potentials ``(n-s)/n`` on s nodes and ``-s/n`` on the rest; in a path s counts the
nodes on one side, in a star it is one.

Barbell (two cliques of s = n/2 nodes, k disjoint bridges). Split what acts on both sides into a
part equal on both, on which L is ``s - 11^T``, and a part of opposite signs, on which it is
``s - 11^T + 2 P``, P keeping the bridge nodes. The latter is solved by
``y_j = (f_j + S) / (s + 2)`` at bridge nodes and ``(f_j + S) / s`` at the others, where

    S = sum_j y_j = [s sum_bridge f + (s + 2) sum_other f] / (2k).

A bridge is ``f = e_i``; an edge within one side is half of the one and half of the other part, with
``f = (e_i - e_j) / 2``.

Mean-field block model (K blocks of s nodes, n = K s): the Laplacian's expectation has the
eigenvalues ``within = s p + (n - s) q`` across nodes of a block and ``n q`` across blocks, hence
for an edge of weight one on top of it

    inside a block  r^2 = 2 / within^2,                R = 2 / within,
    between blocks  r^2 = 2 (1 - 1/s) / within^2 + (2/s) / (n q)^2,
                    R = 2 (1 - 1/s) / within + (2/s) / (n q).

It leaves out how degrees vary, and is asymptotic in the mean degree: the largest r_e of one drawn
graph lies above it (seen: twice at a mean degree of 10, by half at 30 to 50, by a tenth at 70 with
within = 0.8), since it belongs to an edge between nodes of low degree: see `degree_sensitivity`.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy.typing as npt
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.convex_clustering.theory import _arguments
from diversity_jax.records import Record


class EdgeValues(Record):
    """r_e and R_e of edges of one kind."""

    sensitivity: Float[Array, "*shape"]
    resistance: Float[Array, "*shape"]


class BarbellEdges(Record):
    """The four kinds of edges of a barbell.

    `bridge` joins the cliques; within a clique `bridge_bridge`, `other_bridge` and `other_other`
    join nodes that carry a bridge or none. Kinds that a graph lacks (k = 1, k = n/2) have values
    all the same: those of an edge that would be there without changing the rest.
    """

    bridge: EdgeValues
    bridge_bridge: EdgeValues
    other_bridge: EdgeValues
    other_other: EdgeValues


class BlockEdges(Record):
    """Edges inside blocks and between them, of the mean-field block model."""

    inside: EdgeValues
    between: EdgeValues


def complete_edges(nodes: int, *, weight: ScalarLike = 1.0) -> EdgeValues:
    """Every edge of a complete graph: ``r = sqrt 2 / (n w)``, ``R = 2 / (n w^2)``; exact.

    Errors: ValueError for fewer than two nodes or a weight that is not above zero.
    """
    validate.integer("nodes", nodes, "pass the number of nodes", least=2)
    return _scaled(2 / nodes**2, 2 / nodes, weight)


def ring_edges(nodes: int, *, weight: ScalarLike = 1.0) -> EdgeValues:
    """Every edge of a ring: ``r = sqrt((n^2 - 1)/(12 n)) / w``, ``R = (n-1)/(n w^2)``; exact.

    Errors: ValueError for fewer than three nodes or a weight that is not above zero.
    """
    validate.integer("nodes", nodes, "pass the number of nodes", least=3)
    return _scaled((nodes**2 - 1) / (12 * nodes), (nodes - 1) / nodes, weight)


def tree_edges(below: npt.ArrayLike, nodes: int, *, weight: ScalarLike = 1.0) -> EdgeValues:
    """Edges of any tree that leave `below` of the n nodes on one side; exact.

    ``r = sqrt(s (n-s) / n) / w`` with s = `below`, ``R = 1 / w^2``, whatever the other weights.

    Errors: ValueError for a side that has not from 1 to n - 1 nodes, a weight not above zero.
    """
    validate.integer("nodes", nodes, "pass the number of nodes", least=2)
    seen = validate.concrete(below)
    if seen is not None and not ((seen >= 1) & (seen <= nodes - 1)).all():
        fix = "count the nodes on one side"
        raise validate.fail("below", str(seen), f"numbers from 1 to {nodes - 1}", fix)
    sides = jnp.asarray(below) * jnp.ones(())
    return _scaled(sides * (nodes - sides) / nodes, jnp.ones_like(sides), weight)


def path_edges(nodes: int, *, weight: ScalarLike = 1.0) -> EdgeValues:
    """The n - 1 edges of a path, in its order: ``r = sqrt(s (n-s) / n) / w``; exact.

    The largest is ``sqrt(n) / (2 w)`` for even n.

    Errors: ValueError for fewer than two nodes or a weight that is not above zero.
    """
    validate.integer("nodes", nodes, "pass the number of nodes", least=2)
    return tree_edges(jnp.arange(1, nodes), nodes, weight=weight)


def star_edges(nodes: int, *, weight: ScalarLike = 1.0) -> EdgeValues:
    """Every edge of a star: ``r = sqrt((n-1)/n) / w``, ``R = 1 / w^2``; exact.

    Errors: ValueError for fewer than two nodes or a weight that is not above zero.
    """
    return tree_edges(1, nodes, weight=weight)


def barbell_edges(nodes: int, *, bridges: int, weight: ScalarLike = 1.0) -> BarbellEdges:
    """The four kinds of edges of two cliques of n/2 nodes joined by disjoint bridges; exact.

    Formula in the module docstring.

    Errors: ValueError for a number of nodes that is odd or below four, a number of bridges that is
    not from 1 to n/2, a weight that is not above zero.
    Source: derived; r_e agree with the closed forms in the notebook of 2605.24673's authors.
    """
    validate.integer("nodes", nodes, "pass an even number", least=4)
    if nodes % 2:
        raise validate.fail("nodes", nodes, "an even number", "both cliques have half of them")
    s = nodes // 2
    validate.integer("bridges", bridges, "one node carries one bridge", least=1, most=s)
    k = bridges
    sum_bridge, sum_mixed = s / (2 * k), 1 / (2 * k)
    bridge = 2 * (
        ((1 + sum_bridge) ** 2 + (k - 1) * sum_bridge**2) / (s + 2) ** 2
        + (s - k) * (sum_bridge / s) ** 2
    )
    at_other, at_bridge = (sum_mixed + 0.5) / s, (sum_mixed - 0.5) / (s + 2)
    mixed = 1 / s**2 + 2 * (
        at_other**2
        + at_bridge**2
        + (s - k - 1) * (sum_mixed / s) ** 2
        + (k - 1) * (sum_mixed / (s + 2)) ** 2
    )
    return BarbellEdges(
        bridge=_scaled(bridge, 2 * (1 + sum_bridge) / (s + 2), weight),
        bridge_bridge=_scaled(1 / s**2 + 1 / (s + 2) ** 2, 1 / s + 1 / (s + 2), weight),
        other_bridge=_scaled(mixed, 1 / s + at_other - at_bridge, weight),
        other_other=_scaled(2 / s**2, 2 / s, weight),
    )


def block_edges(
    blocks: int, size: int, *, within: ScalarLike, between: ScalarLike, weight: ScalarLike = 1.0
) -> BlockEdges:
    """Mean-field values of a stochastic block model's edges; asymptotic in the mean degree.

    `blocks` of `size` nodes, edges present with probabilities `within` and `between`; formula in
    the module docstring. Exact where both probabilities are 1.

    Errors: ValueError for sizes that are no integers >= 1, fewer than two blocks, probabilities
    outside (0, 1], a weight that is not above zero.
    Source: derived.
    """
    validate.integer("blocks", blocks, "pass the number of blocks", least=2)
    validate.integer("size", size, "pass the nodes of one block", least=1)
    for name, value in (("within", within), ("between", between)):
        _arguments.positive_number(name, value)
        seen = validate.concrete(value)
        if seen is not None and seen > 1:
            raise validate.fail(name, float(seen), "a probability", "pass at most one")
    nodes = blocks * size
    inner = size * jnp.asarray(within) + (nodes - size) * jnp.asarray(between)
    outer = nodes * jnp.asarray(between)
    rest = 1 - 1 / size
    return BlockEdges(
        inside=_scaled(2 / inner**2, 2 / inner, weight),
        between=_scaled(
            2 * rest / inner**2 + 2 / size / outer**2, 2 * rest / inner + 2 / size / outer, weight
        ),
    )


def _scaled(square: object, resistance: object, weight: ScalarLike) -> EdgeValues:
    _arguments.positive_number("weight", weight)
    scale = jnp.asarray(weight) * jnp.ones(())
    return EdgeValues(
        sensitivity=jnp.sqrt(jnp.asarray(square)) / scale,
        resistance=jnp.asarray(resistance) / scale**2,
    )
