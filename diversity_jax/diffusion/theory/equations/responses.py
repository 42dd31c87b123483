"""How the fixed point answers to a perturbation of U by the feature covariance of one class.

``N_x(z1, z2) = tr(V' R(z1) U_x R(z2) V) / d`` is minus the first-order change of ``tr(V' R V) / d``
for two copies of U side by side, at z1 and z2, with ``eps U_x`` between them. In the copies' 2 x 2
matrices all numbers of the fixed point are triangular, and ``d(1/x) = -dx / (x1 x2)`` off the
diagonal. U_x enters at three places: the weight of class x's own samples (train only), what
multiplies ``W W' / d``, and the constant part of the diagonal.

Each system solves its own linear equations for one pair of points; here are the pairs.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, PyTree


def at_pairs(
    response: Callable[[PyTree, PyTree], Array], places: PyTree, *, batch_size: int | None = None
) -> Complex[Array, "x n n2"]:
    """`response(one, two)` `[x]` for all pairs of `places`, then for pairs with conjugates.

    Arrays of `places` begin with the points. ``N_x(z2, z1)`` is ``N_x(z1, z2)``, and of conjugates
    the conjugate: each pair is solved once. All at a time, or `batch_size` of them.
    """
    first, second = np.triu_indices(jax.tree.leaves(places)[0].shape[0])
    one = jax.tree.map(lambda part: jnp.concatenate([part[first]] * 2), places)
    two = jax.tree.map(lambda part: jnp.concatenate([part[second], jnp.conj(part[second])]), places)
    if batch_size is None:
        triangles = jax.vmap(response)(one, two)
    else:
        triangles = jax.lax.map(lambda pair: response(*pair), (one, two), batch_size=batch_size)
    same, mirrored = jnp.split(triangles.T, 2, axis=1)
    halves = _square(same, same), _square(mirrored, jnp.conj(mirrored))
    return jnp.concatenate(halves, axis=2)


def _square(upper: Complex[Array, "x u"], lower: Complex[Array, "x u"]) -> Complex[Array, "x n n"]:
    """Matrices from their upper triangles, row by row, and the transposes of their lower ones."""
    number = int(np.sqrt(2 * upper.shape[1]))
    rows, columns = np.triu_indices(number)
    places = np.zeros((number, number), int)
    places[rows, columns] = places[columns, rows] = np.arange(rows.size)
    above = np.tri(number, dtype=bool).T
    return jnp.where(above[None], upper[:, places], lower[:, places])
