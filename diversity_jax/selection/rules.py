"""The rules of selection, by name: the one list from which command and experiments choose.

A rule is a function here from a `Problem` to the rows that are kept, in the order of choice, and
its objective. The first line of its docstring is what users read; `offered` reads it from this
file. Settings after the problem are for experiments, whose random streams have names of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from diversity_jax import validate
from diversity_jax.selection import coverage, kernels, offered, reward
from diversity_jax.selection.geometry import best_within
from diversity_jax.selection.pool import Problem

Choice = tuple[np.ndarray, float | None]  # rows in the order of choice, objective
CLUSTERS = 50
MOST = 2**30  # bytes that a rule may take beyond the points


@dataclass(frozen=True)
class Rule(offered.Offer):
    """A rule with what is offered of it."""

    choose: Callable[..., Choice] = lambda problem: (np.zeros(0, int), None)


RULES: dict[str, Rule] = {}


def choose(name: str, problem: Problem, **settings: Any) -> Choice:
    """Rows that the rule `name` keeps, in the order of choice, and its objective, if it has one.

    `settings` are the rule's own arguments after the problem.

    Shapes: `[number]`, integers from 0 to n - 1.
    Errors: ValueError for an unknown rule, a rule that needs labels where there are none, and one
    that would take more than 1 GiB or more picks than its kernel's rank.
    """
    validate.choice("rule", name, tuple(RULES))
    if RULES[name].labelled and problem.labels is None:
        got, fix = "no labels", "pass labels, or a number of domains for pseudo labels"
        raise validate.fail("labels", got, f"labels, which {name} needs", fix)
    indices, objective = RULES[name].choose(problem, **settings)
    return np.asarray(indices, np.int64), objective


def rule(*, objective: str, labelled: bool = False) -> Callable[..., Callable[..., Choice]]:
    """Enter a function among the `RULES`; `objective` is what its number means."""

    def enter(function: Callable[..., Choice]) -> Callable[..., Choice]:
        offer = offered.describe(function.__doc__, objective=objective, labelled=labelled)
        RULES[function.__name__] = Rule(**vars(offer), choose=function)
        return function

    return enter


@rule(objective="none")
def random(problem: Problem) -> Choice:
    """Every subset is as likely."""
    return problem.random("random").permutation(problem.size)[: problem.number], None


@rule(objective="radius")
def k_center(problem: Problem, *, first: int | None = None) -> Choice:
    """Farthest point next, from the one nearest to the mean."""
    points = problem.points
    if first is None:
        middle, unit = problem.frame
        apart = points / points.dtype.type(unit) - middle.astype(points.dtype)
        first = int(np.argmin((apart**2).sum(axis=1)))
    return _kept(coverage.k_center(points, number=problem.number, first=first))


@rule(objective="sum of squared distances")
def kmeans_plus_plus(problem: Problem, *, key: Key[Array, ""] | None = None) -> Choice:
    """At random, by squared distance to those kept."""
    key = problem.stream("k-means++") if key is None else key
    return _kept(coverage.kmeans_plus_plus(key, problem.points, number=problem.number))


@rule(objective="sum of best cosines, none below 0")
def facility_location(
    problem: Problem, *, method: str = "lazy", key: Key[Array, ""] | None = None
) -> Choice:
    """Every point has a similar one (cosine, greedy)."""
    return _kept(
        coverage.facility_location(
            problem.points, number=problem.number, kernel=kernels.clipped_cosine,
            method=method, key=key,
        )
    )  # fmt: skip


@rule(objective="log det of the kernel's block")
def dpp_map(problem: Problem, *, dtype: np.dtype | type = float) -> Choice:
    """Largest determinant (Gaussian kernel, greedy).

    In double precision: late picks of a smooth kernel have little variance left.
    """
    _check_memory("dpp_map", problem, rows=problem.number)
    points = jnp.asarray(problem.points, dtype)
    kernel = kernels.Gaussian(problem.length_scale)
    return _ranked(lambda: coverage.dpp_map(points, number=problem.number, kernel=kernel))


@rule(objective="log det of the kernel's block")
def k_dpp(problem: Problem) -> Choice:
    """At random, by determinant (Gaussian kernel)."""
    _check_memory("k_dpp", problem, rows=3 * problem.size)
    points = jnp.asarray(problem.points, float)
    key, kernel = problem.stream("k-dpp"), kernels.Gaussian(problem.length_scale)
    return _ranked(lambda: coverage.k_dpp(key, points, number=problem.number, kernel=kernel))


@rule(objective="log det of (I + sum of x x')")
def d_optimal(problem: Problem) -> Choice:
    """Highest leverage next."""
    return _kept(coverage.d_optimal(problem.points, number=problem.number, ridge=1.0))


@rule(objective="information")
def information_gain(problem: Problem, *, start: Int[Array, " l"] | None = None) -> Choice:
    """Labels by 50-means, spread on a graph.

    Points of a cluster tie, so rows are put in random order; where the clustering has a `start`,
    the numbers of its first centroids' rows, they are left as they are.
    """
    order, points = np.arange(problem.size), jnp.asarray(problem.points)
    if start is None:
        order = problem.random("information").permutation(problem.size)
        points = points[order]
        clusters = min(CLUSTERS, problem.size)
        key = problem.stream("clusters")
        start = coverage.kmeans_plus_plus(key, points, number=clusters).indices
    graph = coverage.label_graph(points, points[start])
    picks, objective = _kept(coverage.information_gain(*graph, number=problem.number))
    return order[picks], objective


@rule(objective="strata reached", labelled=True)
def coverage_stratified(problem: Problem, *, key: Key[Array, ""] | None = None) -> Choice:
    """Equal numbers from equal stretches of hardness."""
    hardness = 1 - problem.posterior.max(axis=1)
    # No more is dropped than may be spared.
    drop = min(0.1, 1 - problem.number / problem.size)
    key = problem.stream("stratified") if key is None else key
    return _kept(coverage.coverage_stratified(key, hardness, number=problem.number, drop=drop))


@rule(objective="mean entropy", labelled=True)
def entropy(problem: Problem) -> Choice:
    """Highest entropy of the domain posterior."""
    values = np.asarray(reward.domain_entropy(problem.posterior))
    picks = np.argsort(-values, kind="stable")[: problem.number]
    return picks, float(values[picks].mean())


@rule(objective="mean sum of cosines", labelled=True)
def near_other(problem: Problem) -> Choice:
    """Most similar to other domains, by quota."""
    return _by_quota(problem, problem.inter_diversity, 1)


@rule(objective="mean sum of cosines", labelled=True)
def far_other(problem: Problem) -> Choice:
    """Least similar to other domains, by quota."""
    return _by_quota(problem, problem.inter_diversity, -1)


@rule(objective="mean cosine", labelled=True)
def near_own(problem: Problem) -> Choice:
    """Most similar to the own centroid, by quota."""
    return _by_quota(problem, problem.intra_diversity, 1)


@rule(objective="mean cosine", labelled=True)
def far_own(problem: Problem) -> Choice:
    """Least similar to the own centroid, by quota."""
    return _by_quota(problem, problem.intra_diversity, -1)


def _by_quota(problem: Problem, values: Float[np.ndarray, " n"], sign: int) -> Choice:
    """The points of highest ``sign * values``, with one fraction of every domain."""
    assert problem.labels is not None  # `choose` has seen to it
    picks = best_within(sign * values, problem.labels, problem.number)
    return picks, float(values[picks].mean())


def _kept(selection: coverage.Selection) -> Choice:
    return np.asarray(selection.indices), float(selection.objective)


def _ranked(call: Callable[[], coverage.Selection]) -> Choice:
    """`_kept`, with a fix for too low a rank that fits the command line."""
    try:
        return _kept(call())
    except ValueError as error:
        line, _, fix = str(error).partition("; ")
        if "rank" in line:
            fix = "pick fewer, leave out rows that coincide, or lower length_scale"
        raise ValueError(f"{line}; {fix}") from error


def _check_memory(name: str, problem: Problem, *, rows: int) -> None:
    """Refuse what would take `rows` vectors of n numbers beyond what is allowed."""
    need = rows * problem.size * 8
    if need > MOST:
        got = f"{problem.number} of {problem.size}, for which {name} takes {need / 2**30:.1f} GiB"
        fix = "pick fewer, or use e.g. facility_location or k_center"
        raise validate.fail("number", got, f"at most {MOST / 2**30:.0f} GiB", fix)
