"""The noise level of long paths and of barbells, with its constant: suprema of Brownian bridges.

On a path of unit weights the flow over edge s is ``S_s - (s/n) S_n``, S the sums of the noise in
the path's order, so that rho / sqrt n tends in law to the supremum of the length of a Brownian
bridge in p dimensions, whose distribution is known (Kiefer 1959, Gikhman 1957):

    P(sup <= x) = 4 / (Gamma(p/2) 2^(p/2) x^p)
                  sum_k j_k^(p-2) / J_(p/2)(j_k)^2 exp(-j_k^2 / (2 x^2)),  j_k zeros of J_(p/2-1).

On a barbell the noise that one clique has more of than the other crosses k bridges in equal parts:
``rho sqrt(4 k^2 / n)`` tends to the length of a normal vector in p dimensions. With the penalty J
of the truth, (K - 1) d on a path and k d on a barbell, the mean of ``2 rho J / (n p)`` is then a
constant over sqrt n; k drops out. No logarithm: all large flows are sums of the same noise.
"""

from __future__ import annotations

import math
from typing import Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, ScalarLike
from scipy import integrate, optimize, special

from diversity_jax import validate
from diversity_jax.convex_clustering.theory import _arguments

ZEROS = 60  # of the Bessel function: enough for the law below a mean of one half


def bridge_supremum(dimension: int) -> Float[Array, ""]:
    """The mean of ``sup |B(t)|`` over [0, 1], B a Brownian bridge in `dimension` dimensions.

    In one dimension ``sqrt(pi/2) log 2``, in three ``sqrt(pi/2)``. Good to 1e-9. On the host.

    Errors: ValueError for a dimension that is no integer from 1 to 30.
    Source: the law is that of Kiefer (1959); its mean by quadrature.
    """
    validate.integer("dimension", dimension, "pass the number of columns", least=1, most=30)
    order = dimension / 2 - 1
    zeros = _bessel_zeros(order)
    scales = np.log(4) - special.gammaln(dimension / 2) - dimension / 2 * np.log(2)
    sizes = (dimension - 2) * np.log(zeros) - 2 * np.log(np.abs(special.jv(order + 1, zeros)))

    def beyond(x: float) -> float:
        terms = np.exp(scales + sizes - zeros**2 / (2 * x * x) - dimension * math.log(x))
        return 1.0 - float(terms.sum())

    # Below `start` all but nothing of the law lies, and the series has no digits there.
    start = float(zeros[0] / math.sqrt(2 * 80))
    rest, _ = integrate.quad(beyond, start, math.sqrt(dimension) + 6, epsabs=1e-11, limit=400)
    return jnp.asarray(start + rest)


def design_constant(
    design: Literal["path", "barbell"],
    clusters: int = 2,
    *,
    distance: ScalarLike,
    dimension: int,
    deviation: ScalarLike,
) -> Float[Array, ""]:
    """What ``sqrt n`` times the mean of ``2 rho J / (n p)`` tends to; asymptotic in n.

    For normal noise of `deviation`, unit weights and clusters of one size in the path's order, each
    `distance` from the next; a barbell has two, and any fixed number of bridges.

    Errors: ValueError for another design, fewer than two clusters (other than two on a barbell), a
    distance or deviation not above zero, a dimension that is no integer from 1 to 30.
    Source: derived (module docstring).
    """
    validate.choice("design", design, ("path", "barbell"))
    validate.integer("clusters", clusters, "pass the number of clusters", least=2)
    if design == "barbell" and clusters != 2:
        raise validate.fail("clusters", clusters, "2 for a barbell", "it has two cliques")
    validate.integer("dimension", dimension, "pass the number of columns", least=1, most=30)
    for name, value in (("distance", distance), ("deviation", deviation)):
        _arguments.positive_number(name, value)
    scale = jnp.asarray(distance) * deviation / dimension
    if design == "path":
        return 2 * (clusters - 1) * scale * bridge_supremum(dimension)
    half = dimension / 2
    length = math.sqrt(2) * math.exp(special.gammaln(half + 0.5) - special.gammaln(half))
    return scale * length


def _bessel_zeros(order: float) -> np.ndarray:
    """The first zeros above 0 of J_order, by its changes of sign."""
    places = np.linspace(1e-6, order + math.pi * (ZEROS + 2), 40 * (ZEROS + 4))
    values = special.jv(order, places)
    turns = np.flatnonzero(values[:-1] * values[1:] < 0)[:ZEROS]
    return np.array(
        [
            optimize.brentq(lambda x: special.jv(order, x), places[turn], places[turn + 1])
            for turn in turns
        ]
    )
