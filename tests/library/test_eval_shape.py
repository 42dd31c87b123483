"""Every job of every preset fits together, `paper` included: traced to shapes, nothing is run."""

import importlib
from pathlib import Path

import jax
import numpy as np
import pytest

from diversity_jax import catalogue
from experiments.runner import compute, task

EXPERIMENTS = sorted(catalogue.entries(Path(task.EXPERIMENTS), "PRESETS"))
HOSTED = [
    name
    for name in EXPERIMENTS
    if getattr(importlib.import_module(f"experiments.{name}"), "HOST", False)
]


def shapes(module, point):
    """Shapes of what the job of a grid point returns, floats and TRACED fields traced."""
    numbers = getattr(module, "TRACED", {})
    traced = {
        field: np.asarray(numbers[field](value) if field in numbers else value)
        for field, value in point.items()
        if field in numbers or isinstance(value, float)
    }
    static = {field: value for field, value in point.items() if field not in traced}
    outputs = jax.eval_shape(
        lambda key, values: module.job(key, {**static, **values}), jax.random.key(0), traced
    )
    return {name: np.shape(output) for name, output in outputs.items()}


def kinds(points):
    """One point of each set of static fields: others trace to the same shapes."""
    static = {}
    for point in points:
        fields = {name: value for name, value in point.items() if not isinstance(value, float)}
        static.setdefault(repr(sorted(fields.items())), point)
    return list(static.values())


@pytest.mark.parametrize("name", sorted(set(EXPERIMENTS) - set(HOSTED)))
@pytest.mark.parametrize("preset", ["laptop", "paper"])
def test_every_grid_point_traces_to_the_axes_it_names(name, preset):
    module = importlib.import_module(f"experiments.{name}")
    points = kinds(compute.points(module, module.PRESETS[preset]))
    for point in points:
        for output, shape in shapes(module, point).items():
            assert len(shape) == len(module.AXES.get(output, ())), (output, shape, point)
