"""The theorem of Tan and Witten for complete graphs, with constants, and what it leaves lying.

Unit weights, q = 1, independent (sub-)Gaussian noise of deviation sigma (claim D). Without strong
convexity A of `bounds` reads, for gamma >= 2 rho,
``|V-U|^2 / 2 <= n |ebar|^2 + 3/2 gamma J(U)``. As ``r <= 1/sqrt(lambda_2) = 1/sqrt n``, B at
``delta = 2/(p m)`` gives rho <= 2 sigma sqrt(log(p m)/n): with gamma' = gamma/(n p), m = n(n-1)/2,

    |V-U|^2 / (2 n p) <= 3/2 gamma' J(U) + sigma^2 [1/n + 2 sqrt(t/p)/n + 2 t/(n p)],
    gamma' >= 4 sigma sqrt(log(p m) / (n^3 p^2)),  probability >= 1 - 2/(p m) - exp(-t),

of the form of Tan and Witten's theorem (where t is of the order of log(n p)). With the exact
``r = sqrt 2 / n`` the same holds from a gamma' smaller by sqrt(n/2), and A halves the right side.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import vectors
from diversity_jax.convex_clustering.theory import _arguments
from diversity_jax.convex_clustering.theory.noise import probable_mean_term
from diversity_jax.records import Record


class CompleteBound(Record):
    """A bound on ``|V - U|_F^2`` on the complete graph that holds with `probability`.

    `gamma` is the smallest for which it is asserted, `sharp_gamma` that of the exact sensitivities,
    smaller by ``sqrt(n/2)``; `bound` and `sharp_bound` are those at these gammas.
    """

    bound: Float[Array, ""]
    gamma: Float[Array, ""]
    sharp_bound: Float[Array, ""]
    sharp_gamma: Float[Array, ""]
    probability: Float[Array, ""]


def complete_graph_bound(
    truth: npt.ArrayLike, *, deviation: ScalarLike, failure: ScalarLike
) -> CompleteBound:
    """Claim D on ``|V - U|_F^2`` (V for q = 1, unit weights, all pairs), and its sharp form.

    ``n p`` times twice the right side in the module docstring, at its smallest gamma;
    ``t = log(1/failure)``. Holds with probability ``1 - failure - 2/(p m)``, ``m = n(n-1)/2``.
    `deviation` is that of every noise entry (independent, Gaussian or sub-Gaussian).

    Shapes: truth `[n, d]`, at least two rows.
    Errors: ValueError for a truth that is no such array, a deviation not above zero, a failure
    outside (0, 1).
    Cost: n^2 d operations.
    Source: derived; the form is that of Tan and Witten (2015), whose proof was not read.
    """
    centres = vectors.rows("truth", jnp.asarray(truth))
    (n, p), m = centres.shape, centres.shape[0] * (centres.shape[0] - 1) / 2
    _arguments.positive_number("deviation", deviation)
    mean_term = probable_mean_term(dimension=p, deviation=deviation, failure=failure)
    gamma = 4 * jnp.asarray(deviation) * np.sqrt(np.log(p * m) / n)
    sharp = gamma * np.sqrt(2 / n)
    # all pairs by rank: the k-th of n sorted values is added 2k - n + 1 times
    ordered = jnp.sort(centres - jnp.mean(centres, axis=0, keepdims=True), axis=0)
    total = jnp.sum((2 * jnp.arange(n) - n + 1) @ ordered)
    return CompleteBound(
        bound=3 * gamma * total + 2 * mean_term,
        gamma=gamma,
        sharp_bound=1.5 * sharp * total + mean_term,
        sharp_gamma=sharp,
        probability=1 - jnp.asarray(failure) - 2 / (p * m),
    )
