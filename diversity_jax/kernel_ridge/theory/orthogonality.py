"""How far the cells of a partition are from orthogonal, and what that bounds.

K, D, E, ``m = n ridge``, ``A = D + m``, ``B = K + m`` as in `dimensions`. kappa_- and kappa_+ are
the smallest and largest eigenvalue of ``A^-1/2 B A^-1/2 = 1 + F``, so that
``kappa_- A <= B <= kappa_+ A``; the blocks of F are the regularised canonical correlations
``F_qr = A_q^-1/2 K_qr A_r^-1/2``, zero for q = r. Since F has no trace, kappa_- <= 1 <= kappa_+.

**(i) Dimensions.** D is block-diagonal, so ``sum d_q = tr D A^-1 = tr K A^-1``, and
``A^-1 <= kappa_+ B^-1`` gives ``d_eff <= sum d_q <= kappa_+ d_eff`` (the left side: `dimensions`).
With D the mean of K over Q diagonal phases, ``K <= Q D``: so ``kappa_+ <= Q``, and sharper, with
``h(s) = s / (s + m)`` and ``|D| = max |K_qq|``,

    kappa_+ <= 1 + (Q - 1) h(|D|) < Q,     kappa_- >= m A^-1 >= 1 - h(|D|) > 0,

the former attained by Q copies of one point, a cell each, the latter by two. From the identity in
`dimensions`, since ``A^-1 / kappa_+ <= B^-1 <= A^-1 / kappa_-``,

    leak / kappa_+ <= sum d_q - d_eff <= leak / kappa_-,     leak = m tr F^2 A^-1.

**(ii) Fits.** On training points ``f_glob = y - m B^-1 y`` and ``f_loc = y - m A^-1 y``, so their
difference is ``m (B^-1 - A^-1) y``. From above, ``B^-1 - A^-1 <= (1 - kappa_-) B^-1`` and
``A^-1 - B^-1 <= (1 - 1 / kappa_+) A^-1``; with ``m B^-1, m A^-1 <= 1``

    |f_loc - f_glob| <= max(1 - kappa_-, 1 - 1 / kappa_+) |y|.

Attained: two copies of one point in two cells, with targets 1 and -1. The use of ``A^-1`` in both
gives ``1 / kappa_- - 1`` in place of ``1 - kappa_-``: weaker, above 1 (where it says nothing) from
kappa_- < 1/2 on, and attained by nothing, since ``m A^-1 v = v`` asks for ``D v = 0 = K v``.

**(iii) Pairs.** Let C hold the norms ``|F_qr|``, rho the largest. The norm of F is at most the
largest eigenvalue r(C) of C, which is at most the largest row sum, at most (Q - 1) rho:

    1 - (Q - 1) rho <= 1 - r(C) <= kappa_- <= 1 <= kappa_+ <= 1 + r(C) <= 1 + (Q - 1) rho.

For two cells all are equalities. Where ``rho >= 1 / (Q - 1)`` the outermost left side says nothing;
``1 - r(C)`` may still, and ``1 - h(|D|)`` always does.

Small kappa_- and large kappa_+ are given to within `_arguments.ALLOWED` of themselves or refused.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, ScalarLike

from diversity_jax.kernel_ridge.theory import _arguments, _blocks
from diversity_jax.records import Record


class Orthogonality(Record):
    """Effective dimensions, extreme eigenvalues and pairwise correlations of a partition.

    `correlations` `[Q, Q]` are the largest of each pair of cells (0 on the diagonal), `radius` is
    the largest eigenvalue of that matrix, and `largest_share` is ``|D| / (|D| + n ridge)``.
    `excess` is ``sum d_q - d_eff``, from a formula without cancellation, and `leak` is
    ``n ridge tr F^2 A^-1``, which is near it where correlations are small.
    """

    effective_dimension: Float[Array, ""]
    local_effective_dimensions: Float[Array, " q"]
    excess: Float[Array, ""]
    kappa_minus: Float[Array, ""]
    kappa_plus: Float[Array, ""]
    correlations: Float[Array, "q q"]
    radius: Float[Array, ""]
    leak: Float[Array, ""]
    largest_share: Float[Array, ""]

    @property
    def correlation(self) -> Float[Array, ""]:
        """rho: the largest regularised canonical correlation of two cells."""
        return self.correlations.max()

    @property
    def dimension_bound(self) -> Float[Array, ""]:
        """``kappa_+ d_eff``: ``sum d_q`` is not above it."""
        return self.kappa_plus * self.effective_dimension

    @property
    def excess_bounds(self) -> Float[Array, " 2"]:
        """``leak / kappa_+`` and ``leak / kappa_-``, between which `excess` is."""
        return jnp.stack([self.leak / self.kappa_plus, self.leak / self.kappa_minus])

    @property
    def kappa_bounds(self) -> Float[Array, " 2"]:
        """Below `kappa_minus` and above `kappa_plus`, the best that pairs and blocks give."""
        share, cells = self.largest_share, len(self.correlations)
        low = jnp.maximum(1 - self.radius, 1 - share if cells > 1 else 1.0)
        high = 1 + jnp.minimum(self.radius, (cells - 1) * share)
        return jnp.stack([low, high])

    @property
    def pair_bounds(self) -> Float[Array, " 2"]:
        """``1 - (Q - 1) rho`` and ``1 + (Q - 1) rho``, from the largest correlation alone."""
        most = (len(self.correlations) - 1) * self.correlation
        return jnp.stack([1 - most, 1 + most])

    @property
    def fit_bound(self) -> Float[Array, ""]:
        """``max(1 - kappa_-, 1 - 1 / kappa_+)``: no ``|f_loc - f_glob| / |y|`` is above it.

        On the training points, Euclidean norms.
        """
        return jnp.maximum(1 - self.kappa_minus, 1 - 1 / self.kappa_plus)

    @property
    def weak_fit_bound(self) -> Float[Array, ""]:
        """``max(1 / kappa_- - 1, 1 - 1 / kappa_+)``, the same by a coarser step; may be above 1."""
        return jnp.maximum(1 / self.kappa_minus - 1, 1 - 1 / self.kappa_plus)


def orthogonality(
    kernel_matrix: npt.ArrayLike, cells: npt.ArrayLike, *, ridge: ScalarLike
) -> Orthogonality:
    """Local and global effective dimensions, and how near to orthogonal the cells are.

    Exact. One cell, or kernel 0 across cells, gives kappa_- = kappa_+ = 1 and correlations 0.

    Shapes: kernel_matrix `[n, n]`, cells `[n]` whole numbers from 0 to Q - 1.
    Errors: those of `local_effective_dimensions`; a ridge so small that rounding could change
    ``K + n ridge`` by a thousandth of itself.
    Cost: n^3, on the host.
    Source: derived above; that small correlations are what ParK's centroids are after is
    reconstructed from the abstract of 2106.12231.
    """
    whole = _arguments.spectrum("kernel_matrix", kernel_matrix)
    points = len(whole.matrix)
    shift = _arguments.shift(ridge, points, whole.unit)
    members = _arguments.cells(cells, points)
    _blocks.resolve(whole, shift)
    roots, values = _inverse_roots(whole.matrix, members, shift)
    correlated = roots @ _blocks.off_blocks(whole.matrix, members) @ roots
    extremes = np.linalg.eigvalsh(np.eye(points) + correlated)[[0, -1]]
    pairs = np.array(
        [[np.linalg.norm(correlated[np.ix_(p, q)], 2) for q in members] for p in members]
    )
    pairs = (pairs + pairs.T) / 2
    np.fill_diagonal(pairs, 0)
    found = (
        _blocks.shares(whole.values, shift).sum(),
        np.array([_blocks.shares(part, shift).sum() for part in values]),
        _blocks.excess(whole, members, shift),
        # Without a trace, 1 + F has 1 between its extremes; rounding may put it outside.
        min(extremes[0], 1.0),
        max(extremes[1], 1.0),
        pairs,
        max(np.linalg.eigvalsh(pairs)[-1], 0.0),
        shift * ((correlated @ roots) ** 2).sum(),
        max(_blocks.shares(part, shift).max() for part in values),
    )
    return Orthogonality(*(jax.device_put(np.asarray(part, np.float64)) for part in found))


def _inverse_roots(
    matrix: np.ndarray, members: list[np.ndarray], shift: float
) -> tuple[np.ndarray, list[np.ndarray]]:
    """``A^-1/2``, and the eigenvalues of every block."""
    roots, found = np.zeros_like(matrix), []
    for places in members:
        values, vectors = np.linalg.eigh(matrix[np.ix_(places, places)])
        values = np.maximum(values, 0)
        roots[np.ix_(places, places)] = (vectors / np.sqrt(values + shift)) @ vectors.T
        found.append(values)
    return roots, found
