"""What the solvers return, on the host and in traced code."""

from __future__ import annotations

from jaxtyping import Array, Bool, Float, Int

from diversity_jax.records import Record


class Solution(Record):
    """Centroids with the dual point that certifies them; of a path with a leading axis of gammas.

    ``centroids = points - B^T dual`` up to rounding, and ``|centroids - U*|_F <= sqrt(2 gap)``.
    `labels` name the groups of points that the dual point shows to share a centroid, by their first
    members' order; `certified` says of each point whether its group is proved to be one whole
    cluster of the exact solution (`certificate`, which also holds the rule for `labels`), which the
    host's methods look at; compiled ones prove nothing of it, and say false: the proof needs sums
    over groups and a search of their edges, which their programs do not hold. A smaller tolerance
    proves more.
    """

    centroids: Float[Array, "*gammas n d"]
    dual: Float[Array, "*gammas m d"]
    gap: Float[Array, "*gammas"]
    objective: Float[Array, "*gammas"]
    labels: Int[Array, "*gammas n"]
    iterations: Int[Array, "*gammas"]
    converged: Bool[Array, "*gammas"]
    certified: Bool[Array, "*gammas n"]


class Runs(Record):
    """Solutions of many data sets at many gammas, without their dual points."""

    centroids: Float[Array, "*sets k n d"]
    gap: Float[Array, "*sets k"]
    objective: Float[Array, "*sets k"]
    labels: Int[Array, "*sets k n"]
    iterations: Int[Array, "*sets k"]
    converged: Bool[Array, "*sets k"]
