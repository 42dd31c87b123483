"""Small linear algebra at many points side by side, without complex divisions where it can be."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from diversity_jax import special


def inverse(x: Inexact[Array, "*n"]) -> Inexact[Array, "*n"]:
    """``1 / x`` for numbers of moderate size: several times faster than the careful division."""
    if not jnp.iscomplexobj(x):
        return 1 / x
    return jnp.conj(x) / (x.real**2 + x.imag**2)


def solve_each(
    matrix: Inexact[Array, "m m n"], right: Inexact[Array, "m n"]
) -> Inexact[Array, "m n"]:
    """`matrix^-1 right`, point by point."""
    if matrix.shape[0] != 2:
        return jax.vmap(special.solve_small, (-1, -1), -1)(matrix, right)
    (a, b), (c, d) = matrix
    scale = inverse(a * d - b * c)
    return jnp.stack([d * right[0] - b * right[1], a * right[1] - c * right[0]]) * scale[None]


def null_vector(matrix: Inexact[Array, "m m"], start: Inexact[Array, " m"]) -> Inexact[Array, " m"]:
    """The null vector of a matrix that is singular but for rounding, its largest entry one.

    By two steps of inverse iteration from `start`.
    """

    def step(_: Array, vector: Array) -> Array:
        vector = special.solve_small(matrix, vector)
        return vector / jnp.max(jnp.abs(vector))

    return jax.lax.fori_loop(0, 2, step, start)


def real_product(
    matrix: Float[Array, "m n"], vector: Inexact[Array, "n ..."]
) -> Inexact[Array, "m ..."]:
    """A real matrix times a vector, without making it complex where the vector is."""
    if not jnp.iscomplexobj(vector):
        return matrix @ vector
    return matrix @ vector.real + 1j * (matrix @ vector.imag)


def packed(matrix: Inexact[Array, "k k"]) -> Inexact[Array, " m"]:
    """The coefficients of a quadratic form, upper triangle, both halves added."""
    a, b = np.triu_indices(matrix.shape[0])
    return jnp.where(a == b, 1.0, 2.0) * (matrix[a, b] + matrix[b, a]) / 2


def unpacked(triangle: Inexact[Array, " m"], k: int) -> Inexact[Array, "k k"]:
    """The symmetric matrix `[k, k]` of an upper triangle."""
    a, b = np.triu_indices(k)
    places = np.zeros((k, k), int)
    places[a, b] = places[b, a] = np.arange(a.size)
    return triangle[places]
