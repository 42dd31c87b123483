"""Convex clustering on graphs: certified solutions and what the affinity graph does to them.

`problem`    the graph, the objective, the dual and the gap between them (2605.24673, eq. 1)
`graphs`     affinity graphs of points and of labels; completion of disconnected ones
`solver`     solutions, paths and `gamma_max`, each with its certificate
`theory`     edge sensitivities, resistances, error bounds, windows of exact recovery
"""

from diversity_jax import _doors

__getattr__, __dir__ = _doors.lazily(__name__)
