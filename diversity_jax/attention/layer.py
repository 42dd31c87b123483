"""The layers themselves, on one sequence of tokens."""

from __future__ import annotations

from typing import Any

import jax
from jaxtyping import Array, Float

from diversity_jax import validate


def linear_attention(
    tokens: Float[Array, "n d"],
    heads: Float[Array, "h d"],
    *,
    strength: Any,
    scale: Any = None,
    clusters: int = 2,
) -> Float[Array, "n d"]:
    """Linear attention with rank-one heads, ``T_l = (scale/L) sum_k strength (X_l' A X_k) X_k``.

    ``A = sum_h mu_h mu_h'``; the sum runs over all tokens of the sequence, the own one included.
    `scale` defaults to `clusters`. Output in cubed units of the tokens for unit heads and unit
    strength. Cost O(L h d): A and the L x L scores are never formed.
    Errors: ValueError for heads of another dimension. Source: abstract of arXiv 2505.13112.
    """
    validate.shape("tokens", tokens, (None, None), "give one sequence [length, d]")
    validate.shape("heads", heads, (None, tokens.shape[1]), "give heads [h, d] of the tokens' d")
    gain = (clusters if scale is None else scale) * strength / tokens.shape[0]
    seen = tokens @ heads.T
    return gain * (seen @ (seen.T @ tokens))


def in_context_attention(
    tokens: Float[Array, "n d"], *, strength: Any, scale: Any
) -> Float[Array, "n d"]:
    """The parameter-free layer, ``T_l = (scale/L) sum_k strength <X_l, X_k> X_k``.

    Cost O(L d min(L, d)). Source: abstract of arXiv 2505.13112.
    """
    validate.shape("tokens", tokens, (None, None), "give one sequence [length, d]")
    length, dimension = tokens.shape
    gain = scale * strength / length
    if length < dimension:
        return gain * ((tokens @ tokens.T) @ tokens)
    return gain * (tokens @ (tokens.T @ tokens))


def softmax_attention(
    tokens: Float[Array, "n d"], heads: Float[Array, "h d"], *, strength: Any
) -> Float[Array, "n d"]:
    """The sum of softmax heads with scores ``strength <X_l, mu_h> <mu_h, X_k>``.

    Each head averages the tokens with weights softmax over k; an idle head returns the mean
    token, not zero. Memory O(h L^2). Source: our parametrisation; the paper's is not known.
    """
    validate.shape("tokens", tokens, (None, None), "give one sequence [length, d]")
    validate.shape("heads", heads, (None, tokens.shape[1]), "give heads [h, d] of the tokens' d")
    seen = (tokens @ heads.T).T
    scores = strength * seen[:, :, None] * seen[:, None, :]
    return (jax.nn.softmax(scores, axis=-1) @ tokens[None, :, :]).sum(axis=0)
