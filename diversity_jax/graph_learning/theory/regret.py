"""Regret and risk bounds of the papers as formulas, and what the derived bounds make of them.

The squared error of the online quantised learner, lq, is split over the offline solution l* and the
online one on the whole graph, lo:

    (lq - y)^2 <= s [(l* - y)^2 + (lo - l*)^2 + (lq - lo)^2].

The papers have s = 9/2; s = 3 does (Cauchy and Schwarz) and no smaller one, as three equal terms
show. All of these bounds are vacuous, whatever the data: they ask for a regularisation at which
predictions vanish. With ``|l| <= 1 / (1 + g)`` (`bounds.soft_bound`) the offline risk of labels of
-1 and 1 is at least ``(g / (1 + g))^2``, so that the regret bounds stay above 12/5 (ours, at g = 4)
and ``18 n_l / (1 + 4 n_l)`` (the papers', at g = 4 n_l), where predicting 0 costs 1; and the margin
bound, whose part across the graph is at least beta, stays above 1, where guessing errs by 1/2.
They are formulas to look at, not to tune by.
"""

from __future__ import annotations

import jax
import numpy as np
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.graph_learning.theory import _arguments
from diversity_jax.graph_learning.theory.bounds import online_bound
from diversity_jax.records import Record

SPLIT = 3.0
PAPER_SPLIT = 4.5


class RegretBound(Record):
    """A bound on the mean squared error of the online quantised learner, and its three terms."""

    total: Float[Array, ""]
    offline: Float[Array, ""]
    online: Float[Array, ""]
    quantised: Float[Array, ""]


class MarginBound(Record):
    """A bound on the error of a max-margin graph cut, and its parts.

    `used` the mean loss where the graph was sure, `unsure` the part of nodes that were left out,
    `inductive` the complexity of the classifier.
    """

    total: Float[Array, ""]
    used: Float[Array, ""]
    unsure: Float[Array, ""]
    graph: Float[Array, ""]
    transductive: Float[Array, ""]
    inductive: Float[Array, ""]


def paper_regret_bound(
    offline_risk: ScalarLike,
    labelled: ScalarLike,
    mean_square_difference: ScalarLike,
    *,
    regularisation: ScalarLike,
    unlabelled_confidence: ScalarLike,
) -> RegretBound:
    """``9/2 [R(l*) + 4 n_l / (1 + g)^2 + n_l / (c_u^2 g^4) mean |Lq - Lo|_F^2]``.

    Errors: ValueError for numbers that are negative, or a regularisation or confidence of 0.
    Source: 2605.03495, section 5.4.
    """
    n_l = _arguments.above_zero("labelled", labelled)
    g = _arguments.above_zero("regularisation", regularisation)
    c = _arguments.above_zero("unlabelled_confidence", unlabelled_confidence)
    square = _arguments.number("mean_square_difference", mean_square_difference)
    quantised = n_l * square / (c**2 * g**4)
    return _regret(PAPER_SPLIT, offline_risk, 4 * n_l / (1 + g) ** 2, quantised)


def regret_bound(
    offline_risk: ScalarLike,
    labelled: ScalarLike,
    mean_square_difference: ScalarLike,
    *,
    regularisation: ScalarLike,
    unlabelled_confidence: ScalarLike,
) -> RegretBound:
    """``3 [R(l*) + 4 / (1 + g)^2 + n_l / (g + c_u)^4 mean |Lq - Lo|_2^2]``, below the papers'.

    Spectral norms; c_l = 1 >= c_u > 0.

    Errors: ValueError for numbers that are negative, or a confidence outside (0, 1].
    Source: derived, from `bounds.online_bound` and `bounds.quantised_bound`.
    """
    n_l = _arguments.above_zero("labelled", labelled)
    g = _arguments.number("regularisation", regularisation)
    c = _arguments.above_zero("unlabelled_confidence", unlabelled_confidence)
    if c > 1:
        raise validate.fail("unlabelled_confidence", c, "a number in (0, 1]", "take units of c_l")
    square = _arguments.number("mean_square_difference", mean_square_difference)
    online = float(online_bound(regularisation=g))
    return _regret(SPLIT, offline_risk, online, n_l * square / (g + c) ** 4)


def least_regret_bound(*, regularisation: ScalarLike) -> Float[Array, ""]:
    """``3 (g^2 + 4) / (1 + g)^2``: no data and labels of -1 and 1 take `regret_bound` below it.

    At least 12/5, at g = 4: the bound never says more than that predictions of 0 are as good.

    Errors: ValueError for a negative number.
    Source: derived (module docstring).
    """
    g = _arguments.number("regularisation", regularisation)
    return jax.device_put(np.float64(SPLIT * (g**2 + 4) / (1 + g) ** 2))


def paper_least_regret_bound(
    labelled: ScalarLike, *, regularisation: ScalarLike
) -> Float[Array, ""]:
    """``9/2 (g^2 + 4 n_l) / (1 + g)^2``: none takes `paper_regret_bound` below it.

    At least ``18 n_l / (1 + 4 n_l)``, from 18/5 with one label on.

    Errors: ValueError for a negative number, or no label.
    Source: derived (module docstring).
    """
    n_l = _arguments.above_zero("labelled", labelled)
    g = _arguments.number("regularisation", regularisation)
    return jax.device_put(np.float64(PAPER_SPLIT * (g**2 + 4 * n_l) / (1 + g) ** 2))


def least_margin_bound(*, regularisation: ScalarLike) -> Float[Array, ""]:
    """``(g^2 + 2 sqrt 2 (1 + g)) / (1 + g)^2``: none takes `margin_bound` below it.

    At least 1, for ever stronger regularisation. Of the soft solution with ``c_l = 1``, its
    part across the graph being beta (`stability`) or more.

    Errors: ValueError for a negative number.
    Source: derived (module docstring).
    """
    g = _arguments.number("regularisation", regularisation)
    return jax.device_put(np.float64((g**2 + 2 * np.sqrt(2) * (1 + g)) / (1 + g) ** 2))


def stability(
    labelled: ScalarLike,
    largest_eigenvalue: ScalarLike,
    *,
    regularisation: ScalarLike,
    unlabelled_confidence: ScalarLike,
) -> Float[Array, ""]:
    """The papers' bound on the algorithm's stability beta, with c_l = 1.

    ``2 [sqrt 2 / (g + 1) + sqrt(2 n_l) (1 - sqrt c_u) / sqrt c_u (lambda + g) / (g^2 + 1)]``,
    lambda the largest eigenvalue of the Laplacian. A formula; it is not derived here.

    Errors: ValueError for numbers that are negative, a confidence outside (0, 1].
    Source: 2605.03495, section 5.4.
    """
    n_l = _arguments.above_zero("labelled", labelled)
    g = _arguments.number("regularisation", regularisation)
    c = _arguments.above_zero("unlabelled_confidence", unlabelled_confidence)
    if c > 1:
        got, fix = f"{c:g}", "labels count most: c_l is 1"
        raise validate.fail("unlabelled_confidence", got, "a number in (0, 1]", fix)
    largest = _arguments.number("largest_eigenvalue", largest_eigenvalue)
    second = np.sqrt(2 * n_l) * (1 - np.sqrt(c)) / np.sqrt(c) * (largest + g) / (g**2 + 1)
    return jax.device_put(np.float64(2 * (np.sqrt(2) / (g + 1) + second)))


def risk_bound(
    empirical_risk: ScalarLike, labelled: ScalarLike, beta: ScalarLike, *, failure: ScalarLike
) -> Float[Array, ""]:
    """``R^ + beta + sqrt(2 ln(2 / failure) / n_l) (n_l beta + 4)`` bounds the offline risk R(l*).

    With probability at least ``1 - failure`` over which nodes are labelled. A formula; it is not
    derived here.

    Source: 2605.03495, section 5.4.
    """
    n_l = _arguments.above_zero("labelled", labelled)
    b = _arguments.number("beta", beta)
    delta = _probability("failure", failure)
    spread = np.sqrt(2 * np.log(2 / delta) / n_l) * (n_l * b + 4)
    return jax.device_put(_arguments.number("empirical_risk", empirical_risk) + b + spread)


def margin_bound(
    loss_where_sure: ScalarLike,
    samples: ScalarLike,
    unsure: ScalarLike,
    graph_risk: ScalarLike,
    transductive: ScalarLike,
    *,
    threshold: ScalarLike,
    dimension: ScalarLike,
    failure: ScalarLike,
) -> MarginBound:
    """The papers' bound on the error of a max-margin graph cut.

        R(f) <= (1/n) sum_{|l| >= eps} loss + 2 eps n_eps / n + R_W + D_T + D_I
        D_I = sqrt((h (ln(2 n / h) + 1) - ln(failure / 4)) / n)

    `loss_where_sure` is the first term, `samples` n, `unsure` n_eps (nodes with ``|l| < eps``),
    `threshold` eps, `graph_risk` R_W (the harmonic solution's on labelled nodes), `transductive`
    D_T, `dimension` h that of Vapnik and Chervonenkis. The second term is right: with y = +-1 and
    ``|l| < eps``, ``1 - (l - y)^2 < 2 eps - eps^2``.

    Errors: ValueError for numbers that are negative, a failure outside (0, 1), more unsure nodes or
    a larger dimension than samples, a threshold above 1.
    Source: 2605.03495, section 5.2.3, proposition 3.
    """
    used = _arguments.number("loss_where_sure", loss_where_sure)
    n, h = _arguments.above_zero("samples", samples), _arguments.above_zero("dimension", dimension)
    unsure, threshold = (
        _arguments.number("unsure", unsure),
        _arguments.number("threshold", threshold),
    )
    for name, value, most in (
        ("unsure", unsure, n),
        ("threshold", threshold, 1),
        ("dimension", h, n),
    ):
        if value > most:
            got, fix = f"{value:g}", "the bound is about no others"
            raise validate.fail(name, got, f"at most {most:g}", fix)
    out = 2 * threshold * unsure / n
    graph = _arguments.number("graph_risk", graph_risk)
    across = _arguments.number("transductive", transductive)
    failure = _probability("failure", failure)
    inside = np.sqrt((h * (np.log(2 * n / h) + 1) - np.log(failure / 4)) / n)
    parts = (used, out, graph, across, inside)
    return MarginBound(*(jax.device_put(np.float64(each)) for each in (sum(parts), *parts)))


def _regret(split: float, offline: ScalarLike, online: float, quantised: float) -> RegretBound:
    parts = (_arguments.number("offline_risk", offline), online, quantised)
    values = (split * sum(parts), *(split * part for part in parts))
    return RegretBound(*(jax.device_put(np.float64(each)) for each in values))


def _probability(name: str, value: ScalarLike) -> float:
    found = _arguments.above_zero(name, value)
    if found >= 1:
        raise validate.fail(name, found, "a number in (0, 1)", "0.05 fails one in twenty")
    return found
