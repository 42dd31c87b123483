"""Solvers of kernel ridge regression as rivals: how each is called, its time and its memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from diversity_jax import seeds
from diversity_jax.kernel_ridge import exact, nystrom, park

STEPS = 20  # of conjugate gradients
STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")
# Seeds may run in threads of one process, whose time and memory are one.
ALONE = threading.Lock()


class Task(NamedTuple):
    """Inputs, targets and other points; kernel and ridge; the stream that fits draw from."""

    key: jax.Array
    kernel: Any
    inputs: np.ndarray
    targets: np.ndarray
    points: np.ndarray
    ridge: float


class Taken(NamedTuple):
    """Predictions, what is left of the equations, CPU seconds of fit and prediction, megabytes."""

    values: np.ndarray
    residual: float
    fitting: float
    predicting: float
    memory: float


def whole(task: Task) -> Any:
    """All inputs as centres."""
    return exact.fit(task.kernel, task.inputs, task.targets, ridge=task.ridge)


def few(task: Task, *, centres: int, steps: bool = False) -> Any:
    """Random centres, solved directly or by conjugate gradients."""
    random = seeds.numpy_generator(seeds.stream(task.key, "centres"))
    chosen = task.inputs[random.permutation(len(task.inputs))[:centres]]
    data = task.kernel, task.inputs, task.targets
    if steps:
        return nystrom.falkon(*data, ridge=task.ridge, centres=chosen, iterations=STEPS)
    return nystrom.fit(*data, ridge=task.ridge, centres=chosen)


def cells(
    task: Task, *, number: int, centres: int | None, method: str = "k-means", blend: float = 0.0
) -> Any:
    """A fit in each cell."""
    return park.fit(
        task.key, task.kernel, task.inputs, task.targets, ridge=task.ridge, cells=number,
        centres_per_cell=centres, method=method, blend=blend,
    )  # fmt: skip


def parts(task: Task, *, number: int, centres: int | None) -> Any:
    """The mean of fits to random parts."""
    return park.divide_and_conquer(
        task.key, task.kernel, task.inputs, task.targets, ridge=task.ridge, parts=number,
        centres_per_part=centres,
    )  # fmt: skip


def taken(task: Task, fit: Callable[[Task], Any]) -> Taken:
    """Fit and predict; compiling is no part of the times.

    Megabytes are the highest resident memory over that before, NaN where the system keeps none.
    """
    with ALONE:
        before = _fresh_peak()
        fitted, fitting = _timed(partial(fit, task))
        values, predicting = _timed(lambda: np.asarray(fitted.predict(task.points)))
        memory = (_kilobytes("VmHWM") - before) / 1000
    residual = float(np.max(np.asarray(fitted.residual)))
    return Taken(values, residual, fitting, predicting, memory)


def _timed(call: Callable[[], Any]) -> tuple[Any, float]:
    spent = _compiling()
    compiled, start = spent[0], time.process_time()
    value = jax.block_until_ready(call())
    seconds = time.process_time() - start - (spent[0] - compiled)
    return value, max(seconds, 0.0)


@cache
def _compiling() -> list[float]:
    """Seconds that jax has traced and compiled since the first call, as one number that grows."""
    spent = [0.0]

    def add(event: str, duration_secs: float, **_: object) -> None:
        if event.startswith("/jax/core/compile"):
            spent[0] += duration_secs

    jax.monitoring.register_event_duration_secs_listener(add)
    return spent


def _fresh_peak() -> float:
    """Resident kilobytes, from which the highest is counted anew."""
    try:
        CLEAR.write_text("5")
    except OSError:
        return np.nan
    return _kilobytes("VmRSS")


def _kilobytes(name: str) -> float:
    try:
        lines = STATUS.read_text().splitlines()
    except OSError:
        return np.nan
    found = [line for line in lines if line.startswith(f"{name}:")]
    return float(found[0].split()[1]) if found else np.nan
