"""The entropy of a domain posterior as a reward; what it bounds is in `theory.importance`."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from diversity_jax import validate


def domain_entropy(probabilities: Float[ArrayLike, "*rows k"]) -> Float[Array, " *rows"]:
    """``H = -sum_k p_k ln p_k`` over the last axis, in nats, with ``0 ln 0 = 0``.

    Between 0 (one domain is certain) and ``ln k``. The derivative at ``p_k = 0``, infinite in
    truth, is given as 0, so that gradients stay finite.

    Errors: ValueError for probabilities that are negative, NaN or do not sum to 1.
    Source: arXiv 2502.04380, section 4.2.
    """
    probabilities = jnp.asarray(probabilities)
    _check_rows("probabilities", probabilities)
    present = probabilities > 0
    logs = jnp.log(jnp.where(present, probabilities, 1))
    return -jnp.sum(jnp.where(present, probabilities * logs, 0), axis=-1)


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
