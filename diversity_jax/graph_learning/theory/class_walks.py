"""Random walks within classes: their stationary law, and their odds against those of neighbours.

A walk on an undirected graph that steps from i to j with chance ``w_ij / d_i`` spends the share
``d_i / vol`` of its time at i, ``vol = sum of d``: ``sum_i d_i w_ij / d_i = d_j``. A row joined by
weights that sum to s to the graph of a class of volume v (without it) gets ``s / (v + 2 s)``. The
odds of the other class against the own one, with priors, are

    (s_other / s_own) (prior_other / prior_own) (v_own + 2 s_own) / (v_other + 2 s_other),

and s_other / s_own are those of neighbours weighted by affinity. The 2 s are of one row among n, so
the factor tends to ``(prior_other v_own) / (prior_own v_other)``; with priors that are the shares
``n_c / n`` of the rows this is the own class's mean degree over the other's. It is 1 only where
classes are as dense: a row of the denser class has its score raised, one of the sparser class
lowered.

Mean degrees of n independent rows of a class grow as ``n E k(x, x')``. For mixtures of Gaussians
and a Gaussian kernel of bandwidth b, ``x - x'`` of two components is Gaussian, with mean m and
covariance S, the sum of theirs, and

    E exp(-|x - x'|^2 / (2 b^2)) = det(1 + S / b^2)^(-1/2) exp(-m' (S + b^2)^-1 m / 2).
"""

from __future__ import annotations

import jax
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.graph_learning.theory import _arguments
from diversity_jax.mixtures import GaussianMixture
from diversity_jax.records import Record


class OddsFactor(Record):
    """By what a walk's odds of the other class exceed those of weighted neighbours `[n]`.

    `exact` for these rows, all of them in the graphs of their classes; `limit` without the row's
    own weights, which is what many rows tend to.
    """

    exact: Float[Array, " n"]
    limit: Float[Array, " n"]


def stationary_law(affinity: object) -> Float[Array, " n"]:
    """``d_i / sum of d``: the share of its time that a random walk spends at each node.

    Exact. Of a graph in several parts it is one of many such laws.

    Errors: ValueError for a graph without an edge.
    Source: 2605.03495, algorithm 3.
    """
    degrees = _arguments.weights(affinity).sum(1)
    if not degrees.sum() > 0:
        raise validate.fail("affinity", "no edge", "at least one", "raise the bandwidth")
    return jax.device_put(degrees / degrees.sum())


def walk_odds_factor(
    affinity: object, labels: npt.ArrayLike, *, priors: npt.ArrayLike | None = None
) -> OddsFactor:
    """Odds of `anomaly.random_walk` without a background over `anomaly.weighted_neighbours`'s.

    `exact` is ``(prior_other v_own) / (prior_own (v_other + 2 s_other))``, v_own with the row in
    it. Asymptotic in the number of rows: the `limit`.

    Shapes: labels `[n]` of two kinds; priors `[2]` in ascending order of these, by default shares.
    Errors: ValueError for one or several classes, or one without an edge inside.
    Source: derived; 2605.03495, equations 5.17 and 5.18, have a factor that tends to a constant.
    """
    weights = _arguments.weights(affinity)
    names = _arguments.seen("labels", labels)
    validate.shape("labels", names, (len(weights),), "give every node one label")
    order, place = np.unique(names, return_inverse=True)
    if len(order) != 2:
        got = f"{len(order)} classes"
        raise validate.fail("labels", got, "two classes", "compare two at a time")
    own = place[:, None] == np.arange(2)
    if priors is None:
        chances = own.mean(0)
    else:
        validate.shape("priors", priors, (2,), "give one number per class")
        validate.simplex("priors", priors)
        validate.positive("priors", priors)
        chances = _arguments.seen("priors", priors).astype(np.float64)
    toward = weights @ own
    volumes = np.array([toward[own[:, k], k].sum() for k in range(2)])
    if not (volumes > 0).all():
        got = f"class {order[int(np.argmin(volumes))].item()!r} without an edge inside"
        raise validate.fail("affinity", got, "one in each class", "raise the bandwidth")
    other = 1 - place
    ratio = chances[other] / chances[place] * volumes[place]
    beside = toward[np.arange(len(place)), other]
    parts = ratio / (volumes[other] + 2 * beside), ratio / volumes[other]
    return OddsFactor(*(jax.device_put(part) for part in parts))


def mean_similarity(mixture: GaussianMixture, *, bandwidth: ScalarLike) -> Float[Array, ""]:
    """``E exp(-|x - x'|^2 / (2 bandwidth^2))`` of two independent points of the mixture. Exact.

    Errors: ValueError for a bandwidth that is not above zero.
    Source: derived.
    """
    width = _arguments.above_zero("bandwidth", bandwidth)
    means = _arguments.seen("mixture", mixture.means).astype(np.float64)
    covariances = _arguments.seen("mixture", mixture.component_covariances()) / width**2
    shares = _arguments.seen("mixture", mixture.weights).astype(np.float64)
    apart = (means[:, None] - means) / width
    spread = np.eye(means.shape[1]) + covariances[:, None] + covariances
    far = (apart * np.linalg.solve(spread, apart[..., None])[..., 0]).sum(-1)
    pairs = np.exp(-far / 2) / np.sqrt(np.linalg.det(spread))
    return jax.device_put(np.float64(shares @ pairs @ shares))


def population_odds_factor(
    own: GaussianMixture, other: GaussianMixture, *, bandwidth: ScalarLike, share: ScalarLike = 0.5
) -> Float[Array, ""]:
    """The limit of `walk_odds_factor` for many rows, a `share` of them of the own class.

    ``share E_own / ((1 - share) E_other)``, E the `mean_similarity`, at priors that are the shares.
    Asymptotic in the number of rows.

    Errors: ValueError for a share outside (0, 1), and as `mean_similarity`.
    Source: derived.
    """
    part = _arguments.above_zero("share", share)
    if part >= 1:
        raise validate.fail("share", part, "a number in (0, 1)", "leave rows to the other class")
    mine = float(mean_similarity(own, bandwidth=bandwidth))
    theirs = float(mean_similarity(other, bandwidth=bandwidth))
    return jax.device_put(np.float64(part * mine / ((1 - part) * theirs)))
