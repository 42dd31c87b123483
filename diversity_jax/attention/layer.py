"""The layers themselves, on one sequence of tokens."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, ScalarLike

from diversity_jax import traced, validate


def linear_attention(
    tokens: Float[ArrayLike, "n d"],
    heads: Float[ArrayLike, "h d"],
    *,
    strength: ScalarLike,
    scale: ScalarLike | None = None,
    clusters: int = 2,
) -> Float[Array, "n d"]:
    """Linear attention with rank-one heads, ``T_l = (scale/L) sum_k strength (X_l' A X_k) X_k``.

    ``A = sum_h mu_h mu_h'``; the sum runs over all tokens of the sequence, the own one included.
    `scale` defaults to `clusters`. Output in cubed units of the tokens for unit heads and unit
    strength.

    Errors: ValueError for heads of another dimension, for no tokens.
    Cost: O(L h d); A and the L x L scores are never formed.
    Source: reconstructed from the abstract of arXiv 2505.13112, which gives no formula.
    """
    tokens, heads = _checked(tokens, heads)
    validate.integer("clusters", clusters, "pass their number", least=1)
    good = traced.finite("strength", strength)
    scale = clusters if scale is None else scale
    good &= traced.finite("scale", scale)
    gain = jnp.asarray(scale) * jnp.asarray(strength) / tokens.shape[0]
    overlaps = tokens @ heads.T
    output = gain * (overlaps @ (overlaps.T @ tokens))
    return traced.only(good, output, tokens, heads, strength, scale)


def in_context_attention(
    tokens: Float[ArrayLike, "n d"], *, strength: ScalarLike, scale: ScalarLike
) -> Float[Array, "n d"]:
    """The parameter-free layer, ``T_l = (scale/L) sum_k strength <X_l, X_k> X_k``.

    Errors: ValueError for no tokens.
    Cost: O(L d min(L, d)).
    Source: reconstructed from the abstract of arXiv 2505.13112, which gives no formula.
    """
    tokens = _sequence(tokens)
    length, dimension = tokens.shape
    good = traced.finite("strength", strength) & traced.finite("scale", scale)
    gain = jnp.asarray(scale) * jnp.asarray(strength) / length
    if length < dimension:
        output = gain * ((tokens @ tokens.T) @ tokens)
    else:
        output = gain * (tokens @ (tokens.T @ tokens))
    return traced.only(good, output, tokens, strength, scale)


def softmax_attention(
    tokens: Float[ArrayLike, "n d"], heads: Float[ArrayLike, "h d"], *, strength: ScalarLike
) -> Float[Array, "n d"]:
    """The sum of softmax heads with scores ``strength <X_l, mu_h> <mu_h, X_k>``.

    Each head averages the tokens with weights softmax over k; an idle head returns the mean
    token, not zero.

    Errors: ValueError for heads of another dimension, for no tokens.
    Cost: memory O(h L^2).
    Source: our parametrisation; the paper's is not known.
    """
    tokens, heads = _checked(tokens, heads)
    good = traced.finite("strength", strength)
    overlaps = (tokens @ heads.T).T
    scores = strength * overlaps[:, :, None] * overlaps[:, None, :]
    output = (jax.nn.softmax(scores, axis=-1) @ tokens[None, :, :]).sum(axis=0)
    return traced.only(good, output, tokens, heads, strength)


def _checked(
    tokens: Float[ArrayLike, "n d"], heads: Float[ArrayLike, "h d"]
) -> tuple[Float[Array, "n d"], Float[Array, "h d"]]:
    tokens = _sequence(tokens)
    validate.shape("heads", heads, (None, tokens.shape[1]), "give heads [h, d] of the tokens' d")
    return tokens, jnp.asarray(heads)


def _sequence(tokens: Float[ArrayLike, "n d"]) -> Float[Array, "n d"]:
    validate.shape("tokens", tokens, (None, None), "give one sequence [length, d]")
    if 0 in np.shape(tokens):
        raise validate.fail("tokens", f"shape {np.shape(tokens)}", "no empty axis", "add a token")
    return jnp.asarray(tokens)
