"""Convex clustering: solutions, paths and the largest useful gamma, each with its certificate.

    U* = argmin_U 1/2 |X - U|_F^2 + gamma sum_e w_e |u_i - u_j|_q,       q in {1, 2, inf}.

Every method ends by the same rule: a feasible dual point whose gap, summed edge by edge at
``U = X - B^T Z`` (`problem`), is at most `tolerance` times ``|X - mean|_F^2 / 2``, the objective
where all points are one. It is returned with the solution, and where it was not reached `converged`
is false. Points are centred first and brought to a scale near one by a power of two.

``"fast"``   groups of points, shown to be groups at every gamma or split (`fusion`); on the host
``"admm"``   ADMM on the whole graph by a factored system (`levels`); on the host
``"ama"``    accelerated projected gradient on the dual (`ama`): compiled, for any device, traced
``"auto"``   "fast" where the values are seen, "ama" where they are traced

A tolerance below what the points' precision can certify (`inputs.least_tolerance`) is refused where
the values are seen, and shows as `converged` false where they are traced.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.convex_clustering import compiled, host, largest
from diversity_jax.convex_clustering.host import Progress
from diversity_jax.convex_clustering.inputs import (
    Method,
    check_number,
    check_same,
    check_tolerance,
    checked,
    checked_gammas,
)
from diversity_jax.convex_clustering.problem import NORMS, Graph, Norm, checked_gamma
from diversity_jax.convex_clustering.record import Runs, Solution

__all__ = ["Runs", "Solution", "batch", "gamma_bounds", "gamma_max", "path", "solve"]

ITERATIONS = 100_000


def solve(
    points: npt.ArrayLike,
    graph: Graph,
    *,
    gamma: ScalarLike,
    norm: Norm = "l2",
    tolerance: float = 1e-6,
    method: Method = "auto",
    iterations: int = ITERATIONS,
) -> Solution:
    """The centroids at one gamma, with the dual point that certifies them.

    `gap` is absolute, in units of the points squared; `tolerance` is relative to
    ``|points - mean|^2 / 2``. gamma = 0 gives the points, `gamma_max` and more their mean.

    Shapes: `[n, d]` points and centroids, `[m, d]` dual, `[n]` labels and certified.
    Errors: ValueError for points that are not finite, or not one row per node, or of another
    precision than the weights; a negative or infinite gamma; a graph in several components (they
    are named); an unknown norm or method; a tolerance below what the precision can certify.
    Cost: some 50 to 500 ms at 1000 points in the plane with ten neighbours each, as gamma goes;
    memory a dozen arrays of the size of the dual, and a sparse factor: some 40 MB at 20,000 points
    in the plane, but near 300 MB at 5000 in 50 dimensions, whose graphs fill it; there, and on
    accelerators, "ama" needs the arrays alone.
    Source: 2605.24673, equation 1; methods in their modules.
    """
    checked_gamma(gamma)
    found = _path(
        points, graph, jnp.reshape(gamma, (1,)), norm, tolerance, method, iterations, None
    )
    return Solution(**{name: jnp.asarray(leaf[0]) for name, leaf in found.items()})


def path(
    points: npt.ArrayLike,
    graph: Graph,
    gammas: npt.ArrayLike,
    *,
    norm: Norm = "l2",
    tolerance: float = 1e-6,
    method: Method = "auto",
    iterations: int = ITERATIONS,
    progress: Progress | None = None,
) -> Solution:
    """Solutions at many gammas, each begun from its neighbour's; see `solve` for the rest.

    Any order of gammas will do: on the host they are solved from the smallest up. Clusters may
    split as gamma grows, and labels are made anew at each. `progress` is called with the number
    done and the number in all after each gamma, on the host's methods.

    Shapes: as of `solve`, with a leading `[gammas]`.
    Errors: as of `solve`, and for gammas that are no list.
    Cost: 40 gammas at 1000 points in the plane some 0.7 s; on the host nothing is compiled.
    """
    found = _path(points, graph, gammas, norm, tolerance, method, iterations, progress)
    return Solution(**{name: jnp.asarray(leaf) for name, leaf in found.items()})


def gamma_max(
    points: npt.ArrayLike, graph: Graph, *, norm: Norm = "l2", tolerance: float = 1e-6
) -> Float[Array, ""]:
    """The smallest gamma at which all points share one centroid, from above.

    What is returned is a gamma at which flows that show it are at hand, and at most `tolerance`
    (relative) above the smallest where `gamma_bounds` meet: exact on a tree, elsewhere the upper of
    these, which now and then stay some millionths apart.

    Errors: as of `solve`, and for traced values.
    Cost: that of some ten solutions; on a tree one linear system.
    Source: derived in `largest`.
    """
    return gamma_bounds(points, graph, norm=norm, tolerance=tolerance)[1]


def gamma_bounds(
    points: npt.ArrayLike, graph: Graph, *, norm: Norm = "l2", tolerance: float = 1e-6
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """A lower and an upper bound of `gamma_max`, each with its proof at hand.

    They are at most `tolerance` of their size apart, or as near as was reached in
    `largest.ROUNDS` solutions: that they met is for the caller to see.

    Errors: as of `solve`, and for traced values.
    Cost: that of some ten solutions; on a tree one linear system.
    Source: derived in `largest`; the iteration is that of Dinkelbach 1967.
    """
    data = checked(points, graph, norm, "fast")
    least = 64 * float(np.finfo(np.float64).eps)
    if not least <= tolerance < 1:
        fix = "pass e.g. 1e-6"
        raise validate.fail("tolerance", tolerance, f"a number from {least:.0e} to 1", fix)
    if validate.concrete(data) is None or validate.concrete(graph.weights) is None:
        fix = "find it outside the traced function"
        raise validate.fail("points", "traced values", "values that can be seen", fix)
    here = host.setting(np.asarray(data), graph, norm)
    found = largest.bounds(here.whole, norm, tolerance, ITERATIONS)
    scale = float(here.units.size) / float(here.units.heaviness)
    below, above = (jnp.asarray(bound * scale, data.dtype) for bound in found)
    return below, above


def batch(
    points: npt.ArrayLike,
    graphs: Graph,
    gammas: npt.ArrayLike,
    *,
    norm: Norm = "l2",
    tolerance: float = 1e-6,
    iterations: int = 10_000,
    together: int | None = None,
) -> Runs:
    """Solutions of many data sets at many gammas by one program, in bounded memory.

    Each data set has its graph (`problem.stacked`), or all share one. Gammas are solved in the
    order given, from the smallest is best, each from the one before. `together` data sets run
    side by side: on a CPU one, which ends when it is done, on an accelerator as many as fill it.

    Shapes: `[b, n, d]` points, graphs with a leading `[b]` or none; results `[b, k, ...]`.
    Errors: ValueError as of `solve` for each argument; connectedness is not checked: a component
    is then solved by itself.
    Cost: 100 points, 500 to 1300 edges: a solution to 1e-6 takes some 1 ms of one core, to 1e-4
    some 0.3 ms; the program is compiled once, for several seconds.
    Source: 2605.24673, equation 1; accelerated projected gradient on the dual (`ama`).
    """
    data, values = _checked_sets(points, graphs, gammas, norm, tolerance, iterations)
    if together is None:
        together = 1 if jax.default_backend() == "cpu" else 256
    validate.integer("together", together, "run at least one at a time", least=1)
    return compiled.many(
        data,
        graphs,
        values,
        norm=norm,
        tolerance=jnp.asarray(tolerance, data.dtype),
        iterations=iterations,
        together=together,
    )


def _checked_sets(
    points: npt.ArrayLike,
    graphs: Graph,
    gammas: npt.ArrayLike,
    norm: Norm,
    tolerance: float,
    iterations: int,
) -> tuple[Float[Array, "b n d"], Float[Array, " k"]]:
    """Data sets and gammas of `batch`, after its checks."""
    validate.shape("points", points, (None, graphs.nodes, None), "give every node its row")
    data = jnp.asarray(points)
    check_same(data, graphs)
    validate.finite("points", data)
    validate.choice("norm", norm, NORMS)
    check_number(tolerance)
    validate.integer("iterations", iterations, "allow some steps", least=1)
    if graphs.edges.ndim == 3 and graphs.edges.shape[0] != data.shape[0]:
        got = f"{graphs.edges.shape[0]} graphs for {data.shape[0]} data sets"
        raise validate.fail("graphs", got, "one for each, or one for all", "stack as many")
    return data, checked_gammas(gammas).astype(data.dtype)


def _path(
    points: npt.ArrayLike,
    graph: Graph,
    gammas: npt.ArrayLike,
    norm: Norm,
    tolerance: float,
    method: Method,
    iterations: int,
    progress: Progress | None,
) -> dict[str, Any]:
    """The fields of a `Solution` with a leading axis of gammas, of numpy or jax."""
    data = checked(points, graph, norm, method)
    values = checked_gammas(gammas)
    validate.integer("iterations", iterations, "allow some steps", least=1)
    given = (data, graph.weights, graph.edges, values)
    visible = all(validate.concrete(array) is not None for array in given)
    if method in ("fast", "admm") and not visible:
        fix = 'pass method="ama", or the values themselves'
        raise validate.fail("method", repr(method), "values that are not traced", fix)
    chosen = method if method != "auto" else ("fast" if visible else "ama")
    check_tolerance(tolerance, data, graph, values, chosen, visible)
    if chosen == "ama":
        call = compiled.jitted if visible else compiled.along
        limit = jnp.asarray(tolerance, data.dtype)
        typed = values.astype(data.dtype)
        found = call(data, graph, typed, norm=norm, tolerance=limit, iterations=iterations)
        return dict(vars(found))
    found = host.along(
        host.setting(np.asarray(data), graph, norm),
        np.asarray(values, dtype=float).tolist(),
        method="fast" if chosen == "fast" else "admm",
        tolerance=tolerance,
        iterations=iterations,
        progress=progress,
    )
    return found._asdict()
