"""Each rule by its name: from a `Problem` to the rows that are kept and the rule's objective."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from diversity_jax import validate
from diversity_jax.selection import coverage, daar, kernels, reward, scores
from experiments.selecting.offered import RULES
from experiments.selecting.problem import Problem
from experiments.shared.quotas import best_within

Choice = tuple[np.ndarray, float | None]  # rows in the order of choice, objective
CLUSTERS = 50
MOST = 2**30  # bytes that a rule may take beyond the points


def choose(rule: str, problem: Problem) -> Choice:
    """Rows that `rule` keeps, in the order of choice, and its objective (None for `random`).

    Errors: ValueError for an unknown rule, a rule that needs labels where there are none, and one
    that would take more than 1 GiB or more picks than its kernel's rank.
    """
    validate.choice("rule", rule, tuple(RULES))
    if RULES[rule].labelled and problem.labels is None:
        got, fix = "no labels", "pass --labels FILE.npy, or --domains K for pseudo labels"
        raise validate.fail("labels", got, f"labels, which {rule} needs", fix)
    indices, objective = CHOOSE[rule](problem)
    return np.asarray(indices, np.int64), objective


def _random(problem: Problem) -> Choice:
    return problem.random("random").permutation(problem.size)[: problem.number], None


def _k_center(problem: Problem) -> Choice:
    points = problem.points
    first = int(np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1)))
    return _kept(coverage.k_center(points, number=problem.number, first=first))


def _kmeans_plus_plus(problem: Problem) -> Choice:
    key = problem.stream("k-means++")
    return _kept(coverage.kmeans_plus_plus(key, problem.points, number=problem.number))


def _facility_location(problem: Problem) -> Choice:
    kernel = kernels.clipped_cosine
    return _kept(coverage.facility_location(problem.points, number=problem.number, kernel=kernel))


def _dpp_map(problem: Problem) -> Choice:
    _check_memory("dpp_map", problem, rows=problem.number)
    # Double precision: late picks of a smooth kernel have little variance left.
    points = jnp.asarray(problem.points, float)
    kernel = kernels.Gaussian(problem.length_scale)
    return _ranked(lambda: coverage.dpp_map(points, number=problem.number, kernel=kernel))


def _k_dpp(problem: Problem) -> Choice:
    _check_memory("k_dpp", problem, rows=3 * problem.size)
    points = jnp.asarray(problem.points, float)
    key, kernel = problem.stream("k-dpp"), kernels.Gaussian(problem.length_scale)
    return _ranked(lambda: coverage.k_dpp(key, points, number=problem.number, kernel=kernel))


def _d_optimal(problem: Problem) -> Choice:
    return _kept(coverage.d_optimal(problem.points, number=problem.number, ridge=1.0))


def _information_gain(problem: Problem) -> Choice:
    """On the labels of a clustering. Points of a cluster tie, so rows are put in random order."""
    order = problem.random("information").permutation(problem.size)
    points = jnp.asarray(problem.points[order])
    clusters = min(CLUSTERS, problem.size)
    start = coverage.kmeans_plus_plus(problem.stream("clusters"), points, number=clusters)
    found = daar.pseudo_labels(points, points[start.indices], steps=30)
    weights = jax.nn.one_hot(found.labels, clusters, dtype=points.dtype)
    # A mean of points that cancel has no direction, and is like no other.
    alike = jnp.nan_to_num(kernels.clipped_cosine(found.centroids, found.centroids))
    picks, objective = _kept(coverage.information_gain(weights, alike, number=problem.number))
    return order[picks], objective


def _coverage_stratified(problem: Problem) -> Choice:
    hardness = 1 - problem.posterior.max(axis=1)
    # No more is dropped than may be spared.
    drop = min(0.1, 1 - problem.number / problem.size)
    key = problem.stream("stratified")
    return _kept(coverage.coverage_stratified(key, hardness, number=problem.number, drop=drop))


def _entropy(problem: Problem) -> Choice:
    return _top(np.asarray(reward.domain_entropy(problem.posterior)), problem)


def _geometry(score: Callable[..., Any], sign: int) -> Callable[[Problem], Choice]:
    """The points of highest ``sign * score``, with one fraction of every domain."""

    def choose(problem: Problem) -> Choice:
        labels, domains = problem.labels, problem.domains
        values = np.asarray(score(problem.points, labels, domains=domains))
        assert labels is not None and domains is not None  # `choose` above has seen to it
        picks = best_within(sign * values, labels, problem.number)
        return picks, float(values[picks].mean())

    return choose


CHOOSE: dict[str, Callable[[Problem], Choice]] = {
    "random": _random,
    "k_center": _k_center,
    "kmeans_plus_plus": _kmeans_plus_plus,
    "facility_location": _facility_location,
    "dpp_map": _dpp_map,
    "k_dpp": _k_dpp,
    "d_optimal": _d_optimal,
    "information_gain": _information_gain,
    "coverage_stratified": _coverage_stratified,
    "entropy": _entropy,
    "near_other": _geometry(scores.inter_diversity, 1),
    "far_other": _geometry(scores.inter_diversity, -1),
    "near_own": _geometry(scores.intra_diversity, 1),
    "far_own": _geometry(scores.intra_diversity, -1),
}


def _kept(selection: coverage.Selection) -> Choice:
    return np.asarray(selection.indices), float(selection.objective)


def _ranked(call: Callable[[], coverage.Selection]) -> Choice:
    """`_kept`, with a fix for too low a rank that fits the command line."""
    try:
        return _kept(call())
    except ValueError as error:
        line, _, fix = str(error).partition("; ")
        if "rank" in line:
            fix = "pick fewer, leave out rows that coincide, or lower --length-scale"
        raise ValueError(f"{line}; {fix}") from error


def _top(values: np.ndarray, problem: Problem) -> Choice:
    picks = np.argsort(-values, kind="stable")[: problem.number]
    return picks, float(values[picks].mean())


def _check_memory(rule: str, problem: Problem, *, rows: int) -> None:
    """Refuse what would take `rows` vectors of n numbers beyond what is allowed."""
    need = rows * problem.size * 8
    if need > MOST:
        got = f"{problem.number} of {problem.size}, for which {rule} takes {need / 2**30:.1f} GiB"
        fix = "pick fewer, or use e.g. facility_location or k_center"
        raise validate.fail("number", got, f"at most {MOST / 2**30:.0f} GiB", fix)
