"""ParK: kernel ridge regression in the cells of a partition of feature space.

Each cell q solves its own problem with the penalty of the whole one,

    a_q = (K_qq + n ridge)^-1 y_q,    n the number of all inputs,

with all of its points as centres, or with some drawn from them; a point is predicted by its own
cell. Were features of different cells orthogonal, this would be the solution on all inputs. With
the cell's own number of inputs instead (`own_count`) it would be regularised too little by the
number of cells.

At the border of two cells the prediction jumps. With `blend` b > 0 it is an average of the nearest
cells, continuous: with D_j the squared distance to centroid j, D_0 the least of them,

    w_j = s(t_j), t_j = (D_j - D_0) / min(b D_0, D_4 - D_0), s(t) = (1 - t)^2 (1 + 2 t) below 1,

over the sum of all, 0 from t = 1 on. D_4, the fifth nearest, bounds the number of cells that count;
with b D_0 the zone is scale free: on the line between two centroids it has the share
``(sqrt(1 + b) - 1) / (sqrt(1 + b) + 1)`` of the length, 10% at b = 0.5.

`divide_and_conquer` is the rival: random parts, each with its own number of inputs in the penalty,
and the mean of all their predictions.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Bool, Float, ScalarLike

from diversity_jax import seeds, traced, validate
from diversity_jax.kernel_ridge import cells as _cells
from diversity_jax.kernel_ridge import products
from diversity_jax.kernel_ridge.kernels import Kernel, known
from diversity_jax.kernel_ridge.partition import MOST, Partition, checked, partition
from diversity_jax.records import Record

__all__ = ["Average", "ParK", "divide_and_conquer", "fit", "partition"]
SOLVERS = ("direct", "falkon")
NEIGHBOURS = 4  # cells that a prediction is blended from, at most


class Local(Record):
    """Solves of several sets of inputs: centres `[q, m, d]`, `coefficients` `[q, m, c]`.

    Set j has ``many[j]`` centres; the rest have coefficients 0. `residuals` `[q, c]` are what is
    left of each one's equations, relative to their right-hand side.
    """

    kernel: Kernel
    centres: Float[Array, "q m d"]
    coefficients: Float[Array, "q m c"]
    many: Any
    residuals: Float[Array, "q c"]
    flat: bool = eqx.field(static=True)

    @property
    def residual(self) -> Float[Array, ""]:
        """The largest of the residuals."""
        return jnp.max(self.residuals)

    @property
    def cell_converged(self) -> Bool[Array, " q"]:
        """Whether each set's equations are solved to the root of a rounding."""
        tolerance = jnp.finfo(self.coefficients.dtype).eps ** 0.5
        return jnp.all(self.residuals <= tolerance, axis=1)

    @property
    def converged(self) -> Bool[Array, ""]:
        """Whether all of them are."""
        return jnp.all(self.cell_converged)

    def _points(self, points: npt.ArrayLike) -> np.ndarray:
        rows = checked("points", points, columns=self.centres.shape[2])
        return rows.astype(np.dtype(self.centres.dtype))

    def _shaped(self, values: Any) -> Array:
        return jax.device_put(values[:, 0] if self.flat else values)


class ParK(Local):
    """A fit in each cell of a `partition`; `blend` is 0 for hard borders."""

    partition: Partition
    blend: float = eqx.field(static=True)

    def predict(self, points: npt.ArrayLike) -> Float[Array, "m ..."]:
        """Each point's value in its own cell, or a blend of the nearest ones.

        For another blend of the same fit: ``dataclasses.replace(fit, blend=...)``.

        Shapes: points `[n, d]`; the result `[n]`, or `[n, c]` of several targets.
        Errors: ValueError for another dimension, values that are not finite or are traced.
        Cost: q distances and m kernel values a point; blended, up to 4 m near borders.
        """
        rows = self._points(points)
        routing = self.partition.routing
        if self.blend == 0 or len(self.centres) == 1:
            return self._shaped(self._values(rows, routing.nearest(rows)[0]))
        nearest, far = routing.few(rows, min(NEIGHBOURS + 1, len(self.centres)))
        weights = blending(far, self.blend, few=len(self.centres) <= NEIGHBOURS)
        point, place = np.nonzero(weights)
        found = self._values(rows[point], nearest[point, place])
        total = np.zeros((len(rows), found.shape[1]), found.dtype)
        np.add.at(total, point, weights[point, place][:, None].astype(found.dtype) * found)
        return self._shaped(total)

    def _values(self, rows: np.ndarray, cells: np.ndarray) -> np.ndarray:
        return _cells.values(self.kernel, self.centres, self.coefficients, rows, cells)


class Average(Local):
    """The mean of fits to random parts of the inputs."""

    def predict(self, points: npt.ArrayLike) -> Float[Array, "m ..."]:
        """The mean of all parts' values.

        Shapes and errors: those of `ParK.predict`.
        Cost: q m kernel values a point.
        """
        rows = jnp.asarray(self._points(points))
        parts = (
            products.apply(self.kernel, rows, centres, coefficients)
            for centres, coefficients in zip(self.centres, self.coefficients)
        )
        return self._shaped(sum(parts) / len(self.centres))


def fit(
    key: Array,
    kernel: object,
    inputs: npt.ArrayLike,
    targets: npt.ArrayLike,
    *,
    ridge: ScalarLike,
    cells: int | Partition,
    centres_per_cell: int | None,
    method: str = "k-means++",
    solver: str = "direct",
    iterations: int = 20,
    most: float | None = MOST,
    blend: float = 0.0,
    own_count: bool = False,
    together: int | None = None,
) -> ParK:
    """Kernel ridge regression in each cell of a partition.

    `cells` is a number for `partition` with `method` and `most`, or a partition of these inputs.
    A cell of no more points than `centres_per_cell` (None: any) takes all of them, and is solved
    exactly; the others by `solver`: "direct", or "falkon" in at most so many `iterations`, which
    takes fewer operations where a cell has thousands of centres. `own_count` puts the cell's number
    of inputs for that of all in the penalty: a control. `together` cells are solved in a batch (one
    on a CPU, what some 256 MB hold elsewhere).

    Shapes: inputs `[n, d]`, targets `[n]` or `[n, c]`.
    Errors: ValueError for a ridge not above zero, more centres than inputs, a negative blend, a
    cell whose matrix is not positive definite within rounding; as `partition`; for traced values.
    Cost: n q distances, and per cell of n_q inputs ``3 n_q m^2 + m^3`` operations, or n_q^3 / 3
    where all are centres; memory for the data twice and one cell's matrices.
    Source: 2106.12231, reconstructed; blending derived.
    """
    rows, columns, flat = _checked(inputs, targets, ridge, centres_per_cell)
    validate.choice("solver", solver, SOLVERS)
    validate.integer("iterations", iterations, "take some twenty", least=1)
    if not 0 <= blend < np.inf:
        raise validate.fail("blend", repr(blend), "a number >= 0", "pass 0 for hard borders")
    function = known(kernel)
    if isinstance(cells, Partition):
        validate.shape("cells", cells.cells, (len(rows),), "pass a partition of these inputs")
        parted = cells
    else:
        stream = seeds.stream(key, "partition")
        parted = partition(stream, function, rows, cells=cells, method=method, most=most)
    sizes = np.asarray(parted.sizes)
    counts = sizes if own_count else np.full(len(sizes), len(rows))
    penalties = counts * float(np.asarray(ridge))
    steps = iterations if solver == "falkon" else None
    sets = np.asarray(parted.cells)
    local = _local(key, function, rows, columns, sets, penalties, centres_per_cell, together, steps)
    return ParK(**local, flat=flat, partition=parted, blend=float(blend))


def divide_and_conquer(
    key: Array,
    kernel: object,
    inputs: npt.ArrayLike,
    targets: npt.ArrayLike,
    *,
    ridge: ScalarLike,
    parts: int,
    centres_per_part: int | None,
    total: bool = False,
    together: int | None = None,
) -> Average:
    """Kernel ridge regression on random parts of equal size, whose predictions are averaged.

    The penalty of a part is its own number of inputs times ridge, or with `total` that of all.

    Shapes, errors, cost: those of `fit`, without a partition.
    Source: Zhang, Duchi and Wainwright 2015.
    """
    rows, columns, flat = _checked(inputs, targets, ridge, centres_per_part)
    fix = "a part has at least one input"
    validate.integer("parts", parts, fix, least=1, most=len(rows))
    random = seeds.numpy_generator(seeds.stream(key, "parts"))
    sets = random.permutation(len(rows)) % parts
    sizes = np.bincount(sets)
    penalties = (np.full(parts, len(rows)) if total else sizes) * float(np.asarray(ridge))
    local = _local(key, known(kernel), rows, columns, sets, penalties, centres_per_part, together)
    return Average(**local, flat=flat)


def blending(squares: np.ndarray, blend: float, *, few: bool = False) -> np.ndarray:
    """Weights of the nearest cells from squared distances to their centroids, nearest first.

    The last one given only bounds the others' reach, and has none itself, but with `few`.

    Shapes: `[n, k]` -> `[n, k]`; rows add up to 1.
    """
    over = squares - squares[:, :1]
    reach = blend * squares[:, :1]
    if not few:
        reach = np.minimum(reach, over[:, -1:])
    ratio = np.where(over > 0, over / np.where(reach > 0, reach, 1), 0)
    ratio = np.where((reach > 0) | (over == 0), ratio, 1)
    below = np.minimum(ratio, 1)
    weights = (1 - below) ** 2 * (1 + 2 * below)
    return weights / weights.sum(1, keepdims=True)


def _checked(
    inputs: npt.ArrayLike, targets: npt.ArrayLike, ridge: ScalarLike, centres: int | None
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Rows, targets as columns in the same precision, and whether they were given flat."""
    for name, value in (("targets", targets), ("ridge", ridge)):
        if validate.concrete(value) is None:
            raise validate.fail(name, "traced", "concrete", "call it outside the traced function")
    rows = checked("inputs", inputs)
    shape = np.shape(targets)
    if len(shape) not in (1, 2) or shape[0] != len(rows) or 0 in shape:
        expected = f"shape ({len(rows)},) or ({len(rows)}, c)"
        raise validate.fail("targets", f"shape {shape}", expected, "give every input its target")
    validate.finite("targets", targets)
    validate.shape("ridge", ridge, (), "pass one number")
    traced.positive("ridge", ridge)
    if centres is not None:
        fix = "a centre is an input: pass None for all of a cell"
        validate.integer("centres_per_cell", centres, fix, least=1, most=len(rows))
    columns = np.asarray(targets).reshape(len(rows), -1)
    kind = np.result_type(rows, columns) if columns.dtype.kind == "f" else rows.dtype
    return rows.astype(kind), columns.astype(kind), len(shape) == 1


def _local(
    key: Array,
    kernel: Kernel,
    rows: np.ndarray,
    targets: np.ndarray,
    sets: np.ndarray,
    penalties: np.ndarray,
    centres: int | None,
    together: int | None,
    iterations: int | None = None,
) -> dict[str, Any]:
    """The fields of `Local` but `flat`; ValueError for a set that has no solution."""
    random = seeds.numpy_generator(seeds.stream(key, "centres"))
    data = _cells.grouped(random, rows, targets, sets)
    found = _cells.solve(
        kernel, data, penalties, centres=centres, together=together, iterations=iterations
    )
    bad: Any = ~np.isfinite(found.coefficients).all((1, 2))
    if bad.any():
        got = f"a matrix that is not positive definite in {bad.sum()} of {len(bad)} cells"
        fix = "raise ridge, or use float64: jax.config.update('jax_enable_x64', True)"
        raise validate.fail("kernel", f"{got}, in {rows.dtype}", "positive definite ones", fix)
    arrays = {name: jax.device_put(value) for name, value in found._asdict().items()}
    return {"kernel": kernel, **arrays}
