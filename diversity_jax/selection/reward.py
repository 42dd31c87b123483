"""The entropy of a domain posterior as a reward, and what it bounds."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from diversity_jax import validate


def domain_entropy(probabilities: Float[Array, "*rows k"]) -> Float[Array, " *rows"]:
    """``H = -sum_k p_k ln p_k`` over the last axis, in nats, with ``0 ln 0 = 0``.

    Between 0 (one domain is certain) and ``ln k``. The derivative at ``p_k = 0``, infinite in
    truth, is given as 0, so that gradients stay finite. Errors: ValueError for probabilities that
    are negative, NaN or do not sum to 1. Source: arXiv 2502.04380, section 4.2.
    """
    probabilities = jnp.asarray(probabilities)
    _check_rows("probabilities", probabilities)
    present = probabilities > 0
    logs = jnp.log(jnp.where(present, probabilities, 1))
    return -jnp.sum(jnp.where(present, probabilities * logs, 0), axis=-1)


def hard_weight_bound(
    posterior: Float[Array, "*rows k"], ratios: Float[Array, " k"]
) -> Float[Array, " *rows"]:
    """What the squared error of the hard importance weight cannot exceed, by the entropy.

    The weight of x is ``sum_k ratios_k p_k``; the hard one is ``ratios_m`` with m the most likely
    domain. Their squared difference ``(sum_{k != m} (ratios_k - ratios_m) p_k)^2`` is at most
    ``max_k (ratios_k - ratios_m)^2 (1 - e^-H)^2``, because ``1 - p_m <= 1 - e^-H``: an entropy is
    an average of ``-ln p_k``, each at least ``-ln p_m``. Only a bound: the error may be zero at
    any entropy, so high entropy does not mean a large error (the gloss of arXiv 2502.04380 on its
    proposition C.1 is false). Errors: as for `domain_entropy`, and ratios below zero. Derived.
    """
    posterior, ratios = jnp.asarray(posterior), jnp.asarray(ratios)
    entropy = domain_entropy(posterior)
    validate.shape("ratios", ratios, (posterior.shape[-1],), "pass one ratio per domain")
    validate.nonnegative("ratios", ratios)
    hard = ratios[jnp.argmax(posterior, axis=-1)]
    others = ratios.reshape((1,) * (posterior.ndim - 1) + (-1,))
    furthest = jnp.max((others - hard[..., None]) ** 2, axis=-1)
    return furthest * jnp.expm1(-entropy) ** 2


def _check_rows(argument: str, rows: Array) -> None:
    """Refuse rows that are no probabilities; slack as in `validate.simplex`."""
    values = validate.concrete(rows)
    if np.ndim(rows) < 1:
        fix = "pass probabilities [..., k]"
        raise validate.fail(argument, "a single number", "an axis of domains", fix)
    if values is None:
        return
    validate.nonnegative(argument, values)
    off = np.abs(values.sum(axis=-1, dtype=np.float64) - 1)
    if not (off <= 64 * np.finfo(np.float32).eps * values.shape[-1]).all():
        got = f"a sum that is off 1 by {off.max():.3g}"
        raise validate.fail(argument, got, "sums of 1 along the last axis", "divide by the sums")
