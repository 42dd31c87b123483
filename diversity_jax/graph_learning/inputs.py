"""Labels, masks and numbers of harmonic problems, refused where they are seen to be bad.

Where they are traced, what is bad makes the whole result NaN.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse
from jaxtyping import ScalarLike
from scipy.sparse import csgraph

from diversity_jax import traced, validate
from diversity_jax.columns import NOTHING
from diversity_jax.graph_learning import host
from diversity_jax.graph_learning.problem import SLACK, Affinity, GaussianAffinity, Known
from diversity_jax.graph_learning.tasks import Task
from diversity_jax.neighbours import named


def library(*values: Any) -> Any:
    """numpy where all can be seen, which compiles nothing, and else jax's."""
    return np if all(validate.concrete(value) is not None for value in values) else jnp


def columns(labels: npt.ArrayLike, nodes: int) -> Any:
    """`labels` as floats `[n, k]`; refuse other shapes and what is no number."""
    shape = np.shape(labels)
    if len(shape) not in (1, 2) or shape[0] != nodes or 0 in shape:
        fix = "give every node a number, or a row with one number per class"
        raise validate.fail("labels", f"shape {shape}", f"shape ({nodes},) or ({nodes}, k)", fix)
    xp = library(labels)
    values = xp.asarray(labels)
    if values.dtype.kind not in "fiub" and values.dtype != jnp.bfloat16:
        fix = "number them -1 and +1, or use classes.encode"
        raise validate.fail("labels", f"type {values.dtype}", "numbers", fix)
    if values.dtype.kind != "f":
        values = values.astype(jnp.zeros(0).dtype)
    return values if values.ndim == 2 else values[:, None]


def used_labels(labels: Any, used: Any) -> tuple[Any, traced.Truth]:
    """Labels where `used`, zero elsewhere; each used one is to be a number from -1 to 1."""
    xp = library(labels, used)
    chosen = xp.where(used[:, None], labels, 0)
    if xp is np:
        if np.isnan(chosen).any():
            row = int(np.argmax(np.isnan(chosen).any(1)))
            got, fix = f"NaN at node {row}", "leave it out of what is labelled"
            raise validate.fail("labels", got, "numbers where labelled", fix)
        most = np.abs(chosen).max()
        if most > 1:
            got = f"{chosen.flat[np.abs(chosen).argmax()]:.6g}"
            fix = "classes are -1 and +1, or columns made by classes.encode"
            raise validate.fail("labels", got, "numbers from -1 to 1", fix)
    return chosen, traced.holds(
        "labels", chosen, lambda x: abs(x) <= 1, "numbers from -1 to 1", "use classes.encode"
    )


def names_of(labels: npt.ArrayLike, chosen: npt.ArrayLike) -> np.ndarray:
    """Labels as an array, in which 1 and "1" are two; what is missing is NaN, "" or None.

    Errors: ValueError for chosen ones of types that do not sort among each other.
    """
    names = np.asarray(labels)
    given: Any = labels if isinstance(labels, list | tuple) and names.ndim == 1 else ()
    if names.dtype.kind in "US" and not all(isinstance(each, str | bytes) for each in given):
        names = np.array(labels, object)  # or numbers and NaN would be texts
    if names.dtype.kind != "O" or names.shape != np.shape(chosen):
        return names
    names = names.copy()
    names[[_is_missing(each) for each in names]] = None
    held = [each for each in names[np.asarray(chosen)] if each is not None]
    try:
        sorted(set(held))
    except TypeError as error:
        kinds = {type(each).__name__: each for each in reversed(held)}
        got = " and ".join(f"{each!r} of type {kind}" for kind, each in list(kinds.items())[:2])
        fix = "write all as texts: [str(label) for label in labels]"
        raise validate.fail("labels", got, "labels of one type that sorts", fix) from error
    return names


def _is_missing(label: Any) -> bool:
    # What pandas calls missing is neither the same as itself nor not.
    return label is None or type(label).__name__ in NOTHING or bool(label != label)


def mask(labelled: npt.ArrayLike, nodes: int) -> Any:
    """The labelled nodes as booleans; at least one."""
    fix = "give one truth per node: of places, np.isin(np.arange(n), places)"
    validate.shape("labelled", labelled, (nodes,), fix)
    seen = validate.concrete(labelled)
    if seen is None:
        return jnp.asarray(labelled).astype(bool)
    if seen.dtype.kind != "b":
        fix = "pass a mask: labelled = np.isin(np.arange(n), places)"
        raise validate.fail("labelled", f"type {seen.dtype}", "booleans", fix)
    if not seen.any():
        raise validate.fail("labelled", "no node", "at least one", "label some node")
    return seen


def weights(name: str, values: npt.ArrayLike, nodes: int) -> tuple[Any, traced.Truth]:
    """One finite number from 0 up for each node; a scalar is everyone's."""
    if np.shape(values) not in ((), (nodes,)):
        fix = "pass one number, or one per node"
        raise validate.fail(name, f"shape {np.shape(values)}", f"shape ({nodes},)", fix)
    xp = library(values)
    each = xp.broadcast_to(xp.asarray(values, float), (nodes,))
    return each, traced.nonnegative(name, each)


def regularisation_of(value: ScalarLike) -> traced.Truth:
    """One finite number from 0 up."""
    validate.shape("regularisation", value, (), "map over several with jax.vmap")
    return traced.nonnegative("regularisation", value)


def matrix_of(affinity: Known) -> traced.Truth:
    """What cannot be seen of weights: that they are symmetric, finite and not negative."""
    if isinstance(affinity, GaussianAffinity):
        return traced.positive("bandwidth", affinity.bandwidth)
    if isinstance(affinity, Affinity):
        return traced.nonnegative("affinity", affinity.weights)
    if validate.concrete(affinity) is not None:
        return True
    apart = jnp.abs(affinity - affinity.T).max()
    same = apart <= SLACK * jnp.finfo(affinity.dtype).eps * affinity.max()
    return traced.nonnegative("affinity", affinity) & same


def check_reached(affinity: Known, task: Task) -> None:
    """Refuse, at zero regularisation, components from which no label can be reached, naming them.

    Nodes of multiplicity 0 are in none. Of a kernel nothing is asked: all of it is one component,
    unless its bandwidth is so small that weights underflow.
    """
    if float(task.regularisation) > 0 or isinstance(affinity, GaussianAffinity):
        return
    table = sparse.csr_array(host.matrix(affinity))
    _, part = csgraph.connected_components(table, directed=False)
    there = np.asarray(task.multiplicities) > 0
    if not there.all():
        # Among those that are there alone: an absent node joins none.
        _, inside = csgraph.connected_components(table[there][:, there], directed=False)
        part = np.full(len(part), -1)
        part[there] = inside
    source = there & (np.asarray(task.held) | (np.asarray(task.confidence) > 0))
    bad = np.setdiff1d(part[there], part[source])
    if not len(bad):
        return
    several = "component" if len(bad) == 1 else f"{len(bad)} components"
    got = f"0 with {'a ' if len(bad) == 1 else ''}{several} without a label: {named(part, bad)}"
    fix = "take a regularisation above zero, or label a node in each"
    raise validate.fail("regularisation", got, "a label in each component", fix)
