"""The layers themselves, on one sequence of tokens."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, ScalarLike

from diversity_jax import validate


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

    Errors: ValueError for heads of another dimension.
    Cost: O(L h d); A and the L x L scores are never formed.
    Source: abstract of arXiv 2505.13112.
    """
    tokens, heads = _checked(tokens, heads)
    gain = (
        jnp.asarray(clusters if scale is None else scale) * jnp.asarray(strength) / tokens.shape[0]
    )
    overlaps = tokens @ heads.T
    return gain * (overlaps @ (overlaps.T @ tokens))


def in_context_attention(
    tokens: Float[ArrayLike, "n d"], *, strength: ScalarLike, scale: ScalarLike
) -> Float[Array, "n d"]:
    """The parameter-free layer, ``T_l = (scale/L) sum_k strength <X_l, X_k> X_k``.

    Cost: O(L d min(L, d)).
    Source: abstract of arXiv 2505.13112.
    """
    tokens = _sequence(tokens)
    length, dimension = tokens.shape
    gain = jnp.asarray(scale) * jnp.asarray(strength) / length
    if length < dimension:
        return gain * ((tokens @ tokens.T) @ tokens)
    return gain * (tokens @ (tokens.T @ tokens))


def softmax_attention(
    tokens: Float[ArrayLike, "n d"], heads: Float[ArrayLike, "h d"], *, strength: ScalarLike
) -> Float[Array, "n d"]:
    """The sum of softmax heads with scores ``strength <X_l, mu_h> <mu_h, X_k>``.

    Each head averages the tokens with weights softmax over k; an idle head returns the mean
    token, not zero.

    Errors: ValueError for heads of another dimension.
    Cost: memory O(h L^2).
    Source: our parametrisation; the paper's is not known.
    """
    tokens, heads = _checked(tokens, heads)
    overlaps = (tokens @ heads.T).T
    scores = strength * overlaps[:, :, None] * overlaps[:, None, :]
    return (jax.nn.softmax(scores, axis=-1) @ tokens[None, :, :]).sum(axis=0)


def _checked(
    tokens: Float[ArrayLike, "n d"], heads: Float[ArrayLike, "h d"]
) -> tuple[Float[Array, "n d"], Float[Array, "h d"]]:
    tokens = _sequence(tokens)
    validate.shape("heads", heads, (None, tokens.shape[1]), "give heads [h, d] of the tokens' d")
    return tokens, jnp.asarray(heads)


def _sequence(tokens: Float[ArrayLike, "n d"]) -> Float[Array, "n d"]:
    validate.shape("tokens", tokens, (None, None), "give one sequence [length, d]")
    return jnp.asarray(tokens)
