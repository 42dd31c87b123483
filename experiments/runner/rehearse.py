"""What would fail only once a run is over, tried before it begins."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from diversity_jax import files, results
from experiments.runner import compute, fingerprint
from experiments.runner.task import Task


def writing(task: Task, points: list[dict[str, Any]], provenance: dict[str, Any]) -> None:
    """Refuse what the result of `task` could not be saved with: its provenance, its attributes.

    Attributes come from `summarise`, which may cost much: it is tried, on zeros of the shapes to
    come, only where the experiment's own code speaks of attributes. If it fails on zeros nothing is
    known, and if the shapes cannot be had without a run neither.

    Errors: ValueError that names what cannot be written.
    """
    files.plain(provenance, "provenance")
    if not _speaks_of_attributes(task) or getattr(task.module, "HOST", False):
        return
    try:
        arrays = [_zeros(task.module, point) for point in points]
        axes = getattr(task.module, "AXES", {})
        made = task.module.summarise(results.assemble(points, arrays, axes, 1))
    except Exception:  # whatever zeros do to an experiment; the run will tell
        return
    results.to_bytes(made)


def _speaks_of_attributes(task: Task) -> bool:
    folder = fingerprint.CHECKOUT / "experiments"
    reached = fingerprint.reached(folder / f"{task.name}.py")
    return any("attrs" in fingerprint.code(path) for path in reached if folder in path.parents)


def _zeros(module: Any, point: dict[str, Any]) -> dict[str, np.ndarray]:
    """The outputs of one seed at `point`, all zero, from the shapes alone."""
    static, traced = compute.parted(module, point)
    shapes = jax.eval_shape(
        lambda key, values: module.job(key, {**static, **values}), jax.random.key(0), traced
    )
    return {name: np.zeros((1, *out.shape), out.dtype) for name, out in shapes.items()}
