"""Importance weights from posteriors of domains (P1, P2), their error (D12), its bound (T1), T2.

If a pool p and a target q share their domains' conditional densities, ``q/p = sum_k lambda_k
p(k | x)`` with ``lambda_k = q_k / p_k``: q's density is ``sum_k q_k p(x | k)``, and by Bayes' rule
``p(x | k) = p(k | x) p(x) / p_k``. Keeping only the most likely domain k* gives the hard weight
``lambda_{k*}``; as posteriors sum to one, the difference is ``sum_k (lambda_k - lambda_{k*})
p(k | x)``. It is NOT largest where entropy is: it vanishes for any posterior if the ratios that
carry mass are equal. What entropy does is bound it: ``H >= -log p_max``, so ``1 - p_max <= 1 -
exp(-H)``, and

    error <= max_k (lambda_k - lambda_{k*})^2 (1 - exp(-H))^2.

Sample sizes. Weights that know the label are lambda_label, with mean square ``sum_k q_k^2 / p_k``;
the posterior weight is their conditional mean given x, so its mean square is no larger.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax.scipy.special import entr
from jaxtyping import Array, ArrayLike, Float

from diversity_jax import validate
from diversity_jax.records import Record
from diversity_jax.selection.theory import _arguments


class SampleSizes(Record):
    """Effective over actual sample size by posterior and by label; the hard weights' mean.

    The last is one for weights that are right on average, which hard weights are not.
    """

    posterior: Float[Array, ""]
    labels: Float[Array, ""]
    hard_mean: Float[Array, ""]


def importance_weight(posterior: Float[ArrayLike, "*n k"], ratios: Float[ArrayLike, " k"]) -> Array:
    """``q(x)/p(x) = sum_k ratios[k] posterior[k]`` for each row (P1).

    `ratios` are ``q_k / p_k``. Exact where pool and target share the domains' densities.

    Errors: ValueError for shapes that disagree, negative numbers and posteriors that do not sum to
    one.
    Source: arXiv 2502.04380, proposition 3.2.
    """
    posterior, ratios = _read(posterior, ratios)
    return jnp.sum(posterior * _rows(ratios, posterior), axis=-1)


def hard_weight(posterior: Float[ArrayLike, "*n k"], ratios: Float[ArrayLike, " k"]) -> Array:
    """The ratio of the most likely domain; the first one where several are.

    Errors: as `importance_weight`.
    """
    posterior, ratios = _read(posterior, ratios)
    return ratios[jnp.argmax(posterior, axis=-1)]


def hard_weight_error(posterior: Float[ArrayLike, "*n k"], ratios: Float[ArrayLike, " k"]) -> Array:
    """``(sum_k (ratios[k] - ratios[k*]) posterior[k])^2``, k* the most likely domain (D12, P2).

    The squared error of the hard weight. Exact; zero for one-hot posteriors and for equal ratios.

    Errors: as `importance_weight`.
    Source: arXiv 2502.04380, proposition C.1.
    """
    posterior, ratios = _read(posterior, ratios)
    gaps = _rows(ratios, posterior) - hard_weight(posterior, ratios)[..., None]
    return jnp.sum(posterior * gaps, axis=-1) ** 2


def hard_weight_bound(posterior: Float[ArrayLike, "*n k"], ratios: Float[ArrayLike, " k"]) -> Array:
    """``max_k (ratios[k] - ratios[k*])^2 (1 - exp(-H))^2``, never below `hard_weight_error` (T1).

    H is the posterior's entropy in nats. No converse holds.

    Errors: as `importance_weight`.
    Source: derived in the module docstring.
    """
    posterior, ratios = _read(posterior, ratios)
    gaps = _rows(ratios, posterior) - hard_weight(posterior, ratios)[..., None]
    entropy = jnp.sum(entr(posterior), axis=-1)
    return jnp.max(gaps**2, axis=-1) * jnp.expm1(-entropy) ** 2


def label_sample_size(
    pool: Float[ArrayLike, " k"], target: Float[ArrayLike, " k"]
) -> Float[Array, ""]:
    """Effective over actual sample size of weights by the true label: ``1 / sum_k q_k^2 / p_k``.

    `pool` is p, `target` is q; zero for a domain that the pool lacks.

    Errors: ValueError unless both are probabilities of one length.
    Source: derived (T2).
    """
    pool, target = _arguments.floating(pool, target)
    validate.shape("pool", pool, (None,), "pass one probability per domain")
    validate.shape("target", target, pool.shape, "pass one probability per domain")
    validate.simplex("pool", pool)
    validate.simplex("target", target)
    present = target > 0
    return 1 / jnp.sum(jnp.where(present, target**2 / jnp.where(present, pool, 1.0), 0.0))


def sample_sizes(
    posterior: Float[ArrayLike, "n k"], pool: Float[ArrayLike, " k"], target: Float[ArrayLike, " k"]
) -> SampleSizes:
    """Effective over actual sample sizes with posteriors given at points of the pool (T2).

    ``1 / mean w^2`` for posterior weights over the rows; that by label follows from the shares. An
    average over the points at hand: exact for the pool only as their number grows. For Gaussian
    domains see `mixture_sample_sizes`.

    Errors: as `importance_weight`.
    Source: derived.
    """
    posterior, pool, target = _arguments.floating(posterior, pool, target)
    validate.shape("posterior", posterior, (None, None), "pass one row per point")
    labels = label_sample_size(pool, target)
    validate.positive("pool", pool, "leave out domains that the pool lacks")
    ratios = target / pool
    return SampleSizes(
        posterior=1 / jnp.mean(importance_weight(posterior, ratios) ** 2),
        labels=labels,
        hard_mean=jnp.mean(hard_weight(posterior, ratios)),
    )


def _read(posterior: Any, ratios: Any) -> tuple[Array, Array]:
    posterior, ratios = _arguments.floating(posterior, ratios)
    validate.shape("ratios", ratios, (None,), "pass one ratio per domain")
    expected = (*(None,) * (posterior.ndim - 1), ratios.shape[0])
    if posterior.ndim == 0:
        expected = (ratios.shape[0],)
    validate.shape("posterior", posterior, expected, "pass one probability per domain, last axis")
    validate.nonnegative("ratios", ratios)
    _check_rows(posterior)
    return posterior, ratios


def _check_rows(posterior: Array) -> None:
    rows = validate.concrete(posterior)
    if rows is None or rows.size == 0:
        return
    validate.nonnegative("posterior", rows, "pass probabilities")
    totals = rows.sum(axis=-1).reshape(-1)
    worst = totals[abs(totals - 1).argmax()]
    if not abs(worst - 1) <= 1e-5:
        got = f"a row that sums to {float(worst):.9g}"
        raise validate.fail("posterior", got, "rows that sum to 1", "divide by the sum")


def _rows(ratios: Array, posterior: Array) -> Array:
    return ratios.reshape((1,) * (posterior.ndim - 1) + ratios.shape)
