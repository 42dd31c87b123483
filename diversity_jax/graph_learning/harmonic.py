"""Harmonic solutions: labels for all nodes of a graph from those of a few.

With the Laplacian ``L = D - W`` and ``g >= 0`` the regularisation:

    hard    (L_uu + g) l_u = W_ul y_l, labelled nodes keep their labels
    soft    (L + g + C) l = C y, C the confidences: minimises (l - y)' C (l - y) + l' (L + g) l

The hard solution is what a random walk earns: from an unlabelled node i it dies with probability
``g / (d_i + g)`` before its next step, and at the first labelled node it earns its label. So |l| is
at most 1, and falls with the distance from labels; for labels of -1 and 1 it is a confidence.

Groups of identical points may be one node with a multiplicity v: with V = diag(v) everything above
holds for ``Wq = V W V``, ``g V`` and ``C V`` and is exact, not approximate. In the hard problem
every member has its group's value; in the soft one the group has the mean of its members, whose own
values `member_labels` gives. (The papers print g for ``g / c`` in the compact soft formula
``l = (C^-1 V^-1 Lq + g C^-1 + 1)^-1 y``; the two agree at a confidence of 1, which they use.)

Labels of k classes are columns (`classes.encode`), which are solved for at once.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import traced, validate
from diversity_jax.graph_learning import compiled, inputs, systems
from diversity_jax.graph_learning.problem import Known, count, known
from diversity_jax.graph_learning.systems import Method, Solution
from diversity_jax.graph_learning.tasks import Task


def hard(
    affinity: object,
    labels: npt.ArrayLike,
    labelled: npt.ArrayLike,
    *,
    regularisation: ScalarLike,
    multiplicities: npt.ArrayLike | None = None,
    tolerance: float | None = None,
    most: int | None = None,
    method: Method = "auto",
) -> Float[Array, "n ..."]:
    """The hard harmonic solution of all nodes: ``(L_uu + g) l_u = W_ul y_l``.

    Everything may be traced and differentiated but the edges of a sparse affinity. A column whose
    solve did not converge is NaN; `solve_hard` says how far it came. A node of multiplicity 0 has
    no influence and gets the value of one more point there.

    Shapes: labels `[n]` or `[n, k]`, from -1 to 1, ignored where `labelled` `[n]` is False;
    multiplicities `[n]`; the result has the labels' shape.
    Errors: ValueError for no labelled node, labels outside -1 to 1, an affinity that is not
    symmetric or has negative weights, and, at ``regularisation`` 0, a component without a label.
    Cost: n^3 / 3 for a dense affinity, else conjugate gradients to `tolerance` (the root of the
    precision's rounding) in at most `most` steps.
    Source: 2605.03495, sections 3.2 and 3.5; Zhu, Ghahramani and Lafferty 2003.
    """
    found = solve_hard(
        affinity,
        labels,
        labelled,
        regularisation=regularisation,
        multiplicities=multiplicities,
        tolerance=tolerance,
        most=most,
        method=method,
    )
    return _if_converged(found)


def solve_hard(
    affinity: object,
    labels: npt.ArrayLike,
    labelled: npt.ArrayLike,
    *,
    regularisation: ScalarLike,
    multiplicities: npt.ArrayLike | None = None,
    tolerance: float | None = None,
    most: int | None = None,
    method: Method = "auto",
    certify: bool = False,
) -> Solution:
    """`hard` with residual, steps, convergence and a bound on the error of the values.

    `certify` solves one more column for a bound at any regularisation (see `systems`). `method` is
    "host" (scipy), "compiled" (lineax), or "auto": host where nothing is traced.

    Shapes: those of `hard`; residual, steps, convergence and error `[k]`, or numbers.
    Errors: those of `hard`, but that nothing is NaN for want of convergence.
    """
    given = known(affinity)
    held = inputs.mask(labelled, count(given))
    values, good = inputs.used_labels(inputs.columns(labels, count(given)), held)
    zero = np.zeros(count(given))
    task, fine = _task(given, values, held, zero, regularisation, multiplicities)
    options = {"tolerance": tolerance, "most": most, "method": method, "certify": certify}
    return _solved(given, task, good & fine, np.ndim(labels), options)


def soft(
    affinity: object,
    labels: npt.ArrayLike,
    confidence: npt.ArrayLike,
    *,
    regularisation: ScalarLike,
    multiplicities: npt.ArrayLike | None = None,
    tolerance: float | None = None,
    most: int | None = None,
    method: Method = "auto",
) -> Float[Array, "n ..."]:
    """The soft harmonic solution: ``(L + g + C) l = C y``.

    Solved in this symmetric form, which is that of the papers, ``(C^-1 (L + g) + 1) l = y``, and
    stands at a confidence of 0 too: there the label is ignored. With multiplicities `labels` are
    the groups' means and `confidence` is each member's.

    Shapes: labels `[n]` or `[n, k]`, from -1 to 1; confidence a number or `[n]`, 0 and up.
    Errors: ValueError for no confidence above zero, and as `hard`.
    Cost: that of `hard`.
    Source: 2605.03495, equations 3.5 and 3.6 and section 4.6.2; the form derived.
    """
    found = solve_soft(
        affinity,
        labels,
        confidence,
        regularisation=regularisation,
        multiplicities=multiplicities,
        tolerance=tolerance,
        most=most,
        method=method,
    )
    return _if_converged(found)


def solve_soft(
    affinity: object,
    labels: npt.ArrayLike,
    confidence: npt.ArrayLike,
    *,
    regularisation: ScalarLike,
    multiplicities: npt.ArrayLike | None = None,
    tolerance: float | None = None,
    most: int | None = None,
    method: Method = "auto",
    certify: bool = False,
) -> Solution:
    """`soft` with residual, steps, convergence and a bound on the error, as `solve_hard`."""
    given = known(affinity)
    nodes = count(given)
    pull, sure = inputs.weights("confidence", confidence, nodes)
    if validate.concrete(pull) is not None and not (np.asarray(pull) > 0).any():
        fix = "labels count by their confidence"
        raise validate.fail("confidence", "zero everywhere", "some above zero", fix)
    values, good = inputs.used_labels(inputs.columns(labels, nodes), pull > 0)
    none = np.zeros(nodes, bool)
    task, fine = _task(given, values, none, pull, regularisation, multiplicities)
    options = {"tolerance": tolerance, "most": most, "method": method, "certify": certify}
    return _solved(given, task, good & sure & fine, np.ndim(labels), options)


def member_labels(
    values: npt.ArrayLike,
    labels: npt.ArrayLike,
    groups: npt.ArrayLike,
    affinity: object,
    confidence: npt.ArrayLike,
    *,
    regularisation: ScalarLike,
    multiplicities: npt.ArrayLike,
    within: ScalarLike = 1.0,
) -> Float[Array, "m ..."]:
    """Soft labels of the members of groups of identical points, from their groups' `values`.

    With d the degree between members (all others of the graph, those of the own group too) and
    ``within`` the similarity of two members of one group (1 for a Gaussian kernel),

        l_i = l_group + c (y_i - mean y of the group) / (d_i + within + g + c).

    Exact where the members of a group have one confidence.

    Shapes: values `[n]` or `[n, k]`, labels of the members `[m]` or `[m, k]`, groups `[m]` with
    places from 0 to n - 1, confidence (of each member) a number or `[n]`.
    Errors: ValueError for groups outside that range, or whose sizes are not the multiplicities.
    Source: derived.
    """
    given = known(affinity)
    nodes = count(given)
    place = _places(groups, nodes)
    found = inputs.columns(values, nodes)
    own = inputs.columns(labels, len(place))
    pull, sure = inputs.weights("confidence", confidence, nodes)
    many, whole = inputs.weights("multiplicities", multiplicities, nodes)
    good = sure & whole & inputs.regularisation_of(regularisation)
    sizes = np.bincount(place, minlength=nodes)
    seen = validate.concrete(many)
    if seen is not None and (seen != sizes).any():
        group = int(np.argmax(seen != sizes))
        got = f"{seen[group]:g} at group {group} with {sizes[group]} members"
        raise validate.fail("multiplicities", got, "the sizes of the groups", "count the members")
    number = jnp.asarray(many)
    mean = jnp.zeros(found.shape, own.dtype).at[place].add(jnp.asarray(own))
    mean = mean / jnp.maximum(sizes, 1)[:, None]
    between = compiled.product(given)(number) + number * within
    ratio = jnp.asarray(pull) / (between + regularisation + jnp.asarray(pull))
    apart = jnp.asarray(own) - mean[place]
    values_of = jnp.asarray(found)[place] + ratio[place][:, None] * apart
    result = traced.only(good, values_of, values, labels)
    return result if np.ndim(labels) == 2 else result[:, 0]


def _places(groups: npt.ArrayLike, nodes: int) -> np.ndarray:
    validate.shape("groups", groups, (None,), "give every member the place of its group")
    seen = validate.concrete(groups)
    if seen is None:
        raise validate.fail("groups", "traced groups", "concrete ones", "pass them from outside")
    if seen.dtype.kind not in "iu" or (seen < 0).any() or (seen >= nodes).any():
        got = f"{seen.min()} to {seen.max()} of type {seen.dtype}"
        raise validate.fail("groups", got, f"places from 0 to {nodes - 1}", "number the groups")
    return seen


def _task(
    affinity: Known,
    labels: Any,
    held: Any,
    confidence: Any,
    regularisation: ScalarLike,
    multiplicities: npt.ArrayLike | None,
) -> tuple[Task, traced.Truth]:
    nodes = count(affinity)
    good = inputs.regularisation_of(regularisation) & inputs.matrix_of(affinity)
    if multiplicities is None:
        many: Any = np.ones(nodes)
    else:
        many, whole = inputs.weights("multiplicities", multiplicities, nodes)
        good = good & whole
    task = Task(labels, held, confidence, regularisation, many)
    if validate.seen((affinity, tuple(task))):
        inputs.check_reached(affinity, task)
    return task, good


def _solved(
    affinity: Known, task: Task, good: traced.Truth, axes: int, options: dict[str, Any]
) -> Solution:
    found = systems.solve(affinity, task, flat=axes == 1, **options)
    return traced.only(good, found, affinity, tuple(task))


def _if_converged(found: Solution) -> Float[Array, "n ..."]:
    if validate.concrete(found.converged) is not None and np.asarray(found.converged).all():
        return found.values
    return jnp.where(jax.lax.stop_gradient(found.converged), found.values, jnp.nan)
