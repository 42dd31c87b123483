"""What the solvers are given: points, gammas and tolerances, refused where they are seen to be bad.

What a precision can certify. With eps its unit of rounding, what is summed for the gap are numbers
of the order of the objective at the rows returned, at most ``|X - mean|^2 / 2``, each with some
rounding: no tolerance below ``8 eps`` can be promised. That is all for the host's methods, which
make the rows of a group equal. "ama" returns ``X - B^T Z`` as it is; its rows differ by rounding
where they should agree, some ``eps s`` with s the root mean square of a point, and every edge adds
up to ``2 gamma w_e eps s``. Both together, relative to ``|X - mean|^2 / 2 = n s^2 / 2``:

    8 eps (1 + gamma sum_e w_e / (n s)).
"""

from __future__ import annotations

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float

from diversity_jax import validate
from diversity_jax.convex_clustering.components import check_connected
from diversity_jax.convex_clustering.problem import NORMS, Graph, Norm, checked_points
from diversity_jax.convex_clustering.units import scaled

Method = Literal["auto", "fast", "admm", "ama"]
METHODS = ("auto", "fast", "admm", "ama")


def checked(points: npt.ArrayLike, graph: Graph, norm: Norm, method: Method) -> Float[Array, "n d"]:
    """The points, after all checks that do not concern gamma."""
    validate.choice("norm", norm, NORMS)
    validate.choice("method", method, METHODS)
    data = checked_points(points, graph)
    check_same(data, graph)
    check_connected(graph)
    return data


def check_same(data: Array, graph: Graph) -> None:
    """Refuse points and weights of two precisions."""
    if data.dtype == graph.weights.dtype:
        return
    got = f"{data.dtype} with weights of {graph.weights.dtype}"
    raise validate.fail("points", got, "one precision for both", "convert one of them")


def checked_gammas(gammas: npt.ArrayLike) -> Float[Array, " k"]:
    """A list of gammas, each finite and not negative."""
    validate.shape("gammas", gammas, (None,), "pass a list of numbers; for one use solver.solve")
    if not np.shape(gammas)[0]:
        raise validate.fail("gammas", "none", "at least one", "pass e.g. [1.0]")
    validate.nonnegative("gammas", gammas, "pass zero or more")
    validate.finite("gammas", gammas, "for all points in one cluster pass solver.gamma_max")
    return jnp.asarray(gammas, float)


def check_number(tolerance: float) -> None:
    """Refuse what is no number above zero; NaN is none."""
    if isinstance(tolerance, jax.core.Tracer):  # pyright: ignore[reportAttributeAccessIssue]
        return
    if not 0 < tolerance < np.inf:
        raise validate.fail("tolerance", tolerance, "a number above zero", "pass e.g. 1e-6")


def check_tolerance(
    tolerance: float, data: Array, graph: Graph, gammas: Array, method: Method, visible: bool
) -> None:
    """Refuse a tolerance that is seen to be below what the precision can certify."""
    check_number(tolerance)
    if not visible:
        return
    most = float(np.max(np.asarray(gammas)))
    least = least_tolerance(np.asarray(data), graph, gamma=most, method=method)
    if tolerance < least:
        expected = f"at least {least:.1e}, what {data.dtype} can certify here"
        fix = "allow more, or pass double precision (jax_enable_x64)"
        raise validate.fail("tolerance", tolerance, expected, fix)


def least_tolerance(
    points: npt.ArrayLike, graph: Graph, *, gamma: float, method: Method = "auto"
) -> float:
    """The smallest tolerance that the points' precision can certify (module docstring).

    Errors: ValueError for traced values.
    """
    data = np.asarray(points)
    eps = float(np.finfo(data.dtype if data.dtype.kind == "f" else float).eps)
    if method != "ama":
        return 8 * eps
    units = scaled(data.astype(float), np.asarray(graph.weights, dtype=float))
    size = np.sqrt(2 * float(units.half()) * graph.nodes)
    if size == 0:
        return 8 * eps
    return 8 * eps * (1 + float(units.gamma(gamma)) * float(units.weights.sum()) / size)
