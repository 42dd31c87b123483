"""Modified Bessel functions of the first kind with their power taken out, in logarithms.

``K_v(x) = x^-v I_v(x)`` is finite, positive and even, also at zero. From order 80 on, Debye's
expansion (NIST Handbook of Mathematical Functions 10.41.3), uniform in x,

    I_v(v z) = e^(v eta) / (sqrt(2 pi v) (1 + z^2)^(1/4)) sum_k u_k(p) / v^k,   p = (1 + z^2)^-1/2,
    u_{k+1}(p) = p^2 (1 - p^2) u_k'(p) / 2 + int_0^p (1 - 5 s^2) u_k(s) ds / 8   (10.41.9)

with `TERMS` terms is right to rounding. Lower orders follow from ``I_{v-1} - I_{v+1} = (2v/x) I_v``
run downwards, its stable direction: ``r_v = I_{v+1} / (x I_v)`` obeys
``r_v = 1 / (2 (v + 1) + x^2 r_{v+1})``, and ``log K_v = log K_{v+1} - log r_v``.
"""

from __future__ import annotations

import math
from functools import cache

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array

STEPS, TERMS = 81, 6


def log_bessel(order: Array, x: Array) -> tuple[Array, Array]:
    """``log(x^-order I_order(x))`` and ``I_{order+1}(x) / (x I_order(x))``, for ``order > -1``.

    `order` is one number. The logarithm is right to a few spacings of numbers of its largest term,
    of size ``order log(order)``.

    Source: the module docstring.
    """
    top = order + STEPS
    value = _debye(top, x)
    ratio = jnp.exp(_debye(top + 1, x) - value)

    def descend(held, above):
        value, ratio = held
        ratio = 1 / (2 * above + x**2 * ratio)
        return (value - jnp.log(ratio), ratio), None

    orders = top - jnp.arange(STEPS, dtype=x.dtype)
    return lax.scan(descend, (value, ratio), orders)[0]


def _debye(order: Array, x: Array) -> Array:
    root = jnp.sqrt(1 + (x / order) ** 2)
    inverse = 1 / root
    series = jnp.zeros_like(x)
    for power, coefficients in reversed(list(enumerate(_polynomials()))):
        value = jnp.zeros_like(x)
        for coefficient in coefficients[power:][::-2]:  # u_k: powers k, k + 2, ..., 3k
            value = value * inverse**2 + float(coefficient)
        series = series + value * (inverse / order) ** power
    main = order * (root - jnp.log1p(root) - jnp.log(order))
    return main - jnp.log(2 * math.pi * order) / 2 - jnp.log(root) / 2 + jnp.log(series)


@cache
def _polynomials() -> tuple[np.ndarray, ...]:
    """Coefficients of ``u_k``, lowest power first."""
    polynomials = [np.polynomial.Polynomial([1.0])]
    square = np.polynomial.Polynomial([0.0, 0.0, 1.0])
    for _ in range(TERMS - 1):
        last = polynomials[-1]
        integral = ((1 - 5 * square) * last).integ()
        polynomials.append(square * (1 - square) * last.deriv() / 2 + integral / 8)
    return tuple(polynomial.coef for polynomial in polynomials)
