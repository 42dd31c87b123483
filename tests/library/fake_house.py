"""Fake experiments for tests of the runner: they never enter the checkout's own list.

`Fake` runs one inside this process; `copy` makes a small checkout of its own for real processes,
whose files a test may change and whose processes it may kill.
"""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import experiments
from experiments.runner import fingerprint, task

CHECKOUT = Path(__file__).resolve().parents[2]

SWEEP = '''
"""A fake sweep on jax: draws whose size and strength the grid sets."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp

AXES = {"draw": ("entry",)}
traces = []


@dataclass(frozen=True)
class Config:
    seeds: int = 7
    sizes: tuple[int, ...] = (3,)
    strengths: tuple[float, ...] = (0.5, 1.0)
    shift: float = 0.0
    title: str = "plain"
    exact: bool = True


PRESETS = {"smoke": Config(seeds=2), "laptop": Config(), "paper": Config(seeds=11)}


def grid(config):
    return [
        {"size": size, "strength": strength, "shift": config.shift}
        for size in config.sizes
        for strength in config.strengths
    ]


def job(key, point):
    traces.append(point["size"])
    draw = point["strength"] * jax.random.normal(key, (point["size"],), jnp.float64)
    return {"draw": draw + point["shift"], "bad": jnp.log(draw[0])}


def summarise(dataset):
    return dataset.assign(mean=dataset.draw.mean("entry"))
'''

LOGGED = '''
"""A fake sweep on the host that logs each seed it computes."""

import os
import time
from dataclasses import dataclass

import jax
import numpy as np

HOST = True
AXES = {"noise": ("entry",)}


@dataclass(frozen=True)
class Config:
    seeds: int = 60
    sizes: tuple[int, ...] = (2, 3, 4, 5)


PRESETS = {"smoke": Config(seeds=4), "laptop": Config(), "paper": Config()}


def grid(config):
    return [{"size": size} for size in config.sizes]


def job(key, point):
    words = np.asarray(jax.random.key_data(key))
    log = os.open(os.environ["FAKE_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, (words.tobytes().hex() + "\\n").encode())
    os.close(log)
    time.sleep(float(os.environ.get("FAKE_SLEEP", "0")))
    return {"noise": np.random.default_rng(words).normal(size=point["size"])}


def summarise(dataset):
    return dataset
'''


class Fake:
    """One fake experiment inside this process, until `close`; results go to a folder of its own."""

    def __init__(self, monkeypatch, folder, source, name="fake"):
        house = folder / "house"
        (house / "experiments").mkdir(parents=True, exist_ok=True)
        for part in ("diversity_jax", "experiments/runner"):
            if not (house / part).exists():
                (house / part).symlink_to(CHECKOUT / part)
        self.name, self.path = name, house / "experiments" / f"{name}.py"
        self.path.write_text(source)
        self.results = folder / "results"
        monkeypatch.setattr(task, "EXPERIMENTS", house / "experiments")
        monkeypatch.setattr(fingerprint, "CHECKOUT", house)
        monkeypatch.setattr(
            experiments, "__path__", [*experiments.__path__, str(house / "experiments")]
        )
        monkeypatch.setenv("DIVERSITY_JAX_RESULTS", str(self.results))
        monkeypatch.setenv("FAKE_LOG", str(folder / "log"))
        self.log = folder / "log"
        self.close()

    @property
    def module(self):
        return importlib.import_module(f"experiments.{self.name}")

    def make(self, preset="laptop", **options):
        return task.make(self.name, preset, **options)

    def computed(self):
        return self.log.read_text().split() if self.log.exists() else []

    def close(self):
        importlib.invalidate_caches()
        sys.modules.pop(f"experiments.{self.name}", None)
        fingerprint.of.cache_clear()


def copy(folder, **sources):
    """A checkout in `folder` with the library, the runner and only these experiments."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(CHECKOUT / "diversity_jax", folder / "diversity_jax", ignore=ignored)
    runner = folder / "experiments" / "runner"
    shutil.copytree(CHECKOUT / "experiments" / "runner", runner, ignore=ignored)
    for name in ("__init__.py", "__main__.py"):
        shutil.copy(CHECKOUT / "experiments" / name, folder / "experiments" / name)
    for name, source in sources.items():
        (folder / "experiments" / f"{name}.py").write_text(source)
    return folder


def start(house, *words, **variables):
    """A process of python in the checkout `house`, its results and log inside it."""
    environment = {
        **os.environ,
        "DIVERSITY_JAX_RESULTS": str(house / "results"),
        "FAKE_LOG": str(house / "log"),
        "PYTHONPATH": str(house),
        "PYTHONDONTWRITEBYTECODE": "1",
        **{name: str(value) for name, value in variables.items()},
    }
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=house,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process, seconds=120):
    """Exit code, standard output and standard error of a process that ends by itself."""
    out, error = process.communicate(timeout=seconds)
    return process.returncode, out, error


def values(dataset):
    """Every variable of a dataset as kind, shape and bytes: equal only if every bit is."""
    return {
        str(name): (variable.dtype.str, variable.shape, variable.values.tobytes())
        for name, variable in dataset.variables.items()
    }


def everything(folder):
    """Every file below `folder` with its content."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
