"""One thing to run: an experiment at a preset, with what was changed, under a root seed."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import numpy as np

from diversity_jax import catalogue, files, results, validate
from diversity_jax.fingerprint import environment
from diversity_jax.results import PRESETS
from experiments.runner import fingerprint, shape

__all__ = ["EXPERIMENTS", "PRESETS", "Task", "environment", "make", "preset_of"]

EXPERIMENTS = Path(__file__).resolve().parent.parent
MOST_SEEDS = 10**7  # whose numbers alone, kept while it runs, take some gigabytes


@dataclasses.dataclass(frozen=True)
class Task:
    """An experiment with its configuration; everything its numbers depend on."""

    name: str
    config: Any
    preset: str
    changed: tuple[tuple[str, Any], ...]
    seed: int
    mode: str

    @property
    def module(self) -> ModuleType:
        """The experiment's file."""
        return importlib.import_module(f"experiments.{self.name}")

    @property
    def folder(self) -> Path:
        """Where the result lies."""
        return results.folder(self.name, self.preset, dict(self.changed))

    @property
    def command(self) -> str:
        """The command line that makes this very result."""
        return results.command(self.name, self.preset, dict(self.changed))

    @property
    def again(self) -> str:
        """The command line that makes it in place of one that is there, damaged or not."""
        return f"{self.command} --again"

    def identity(self) -> dict[str, Any]:
        """All that decides the numbers, as JSON: a result with another identity is stale."""
        return files.plain({
            "experiment": self.name,
            "config": dataclasses.asdict(self.config),
            "seed": self.seed,
            "mode": self.mode,
            "precision": "float64" if jax.config.jax_enable_x64 else "float32",  # pyright: ignore[reportAttributeAccessIssue]
            "fingerprint": fingerprint.of(self.name),
        })  # fmt: skip


def make(
    name: str, preset: str = "laptop", *, seed: int = 0, mode: str = "reference", **fields: Any
) -> Task:
    """The task for experiment `name`; `fields` replace fields of the preset's Config."""
    catalogue.require(EXPERIMENTS, "PRESETS", "experiment", name)
    validate.choice("preset", preset, PRESETS)
    validate.choice("mode", mode, ("reference", "fast"))
    base = preset_of(name, preset)
    known = [field.name for field in dataclasses.fields(base)]
    for field in fields:
        validate.choice(f"field of {name}", field, known)
    fields = {name: _like(name, value, getattr(base, name)) for name, value in fields.items()}
    for field, value in fields.items():
        _check_finite(field, value, getattr(base, field))
    config = dataclasses.replace(base, **fields)
    if type(config.seeds) is not int or config.seeds < 1:
        raise validate.fail("seeds", repr(config.seeds), "an integer >= 1", "run at least one seed")
    if config.seeds > MOST_SEEDS:
        raise validate.fail("seeds", config.seeds, f"at most {MOST_SEEDS}", "use several roots")
    files.plain(dataclasses.asdict(config), "Config")  # it goes into the result, as JSON
    seed = validate.seed(seed)
    changed = {key: value for key, value in fields.items() if not _same(value, getattr(base, key))}
    changed |= {"seed": seed} if seed else {}
    changed |= {"mode": mode} if mode != "reference" else {}
    return Task(name, config, preset, tuple(sorted(changed.items())), seed, mode)


def _same(one: Any, other: Any) -> bool:
    return results.digest(files.plain(one)) == results.digest(files.plain(other))


def preset_of(name: str, preset: str) -> Any:
    """The Config of experiment `name` at `preset`, once its file has all that the runner needs."""
    module = importlib.import_module(f"experiments.{name}")
    shape.check(name, module)
    return module.PRESETS[preset]


def _check_finite(field: str, value: Any, base: Any) -> None:
    """Refuse NaN, and infinity where the preset has none (a length may be infinite)."""
    odd = [part for part in _flat(value) if isinstance(part, float) and not np.isfinite(part)]
    endless = any(isinstance(part, float) and np.isinf(part) for part in _flat(base))
    bad = [part for part in odd if np.isnan(part) or not endless]
    if bad:
        expected = "a number or infinity" if endless else "a finite number"
        raise validate.fail(field, bad[0], expected, f"pass one like {base!r}")


def _flat(value: Any) -> list[Any]:
    return [part for item in value for part in _flat(item)] if isinstance(value, tuple) else [value]


def _like(field: str, value: Any, base: Any) -> Any:
    """`value` for `field` as the kind of value that the preset has there; ValueError if it is not.

    Whole numbers may stand for floats, lists and arrays for tuples. A preset's None says nothing.
    """
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(base, tuple) and isinstance(value, list | tuple | np.ndarray):
        mixed = len({type(item) for item in base}) > 1 and len(base) == len(value)
        likes = base if mixed else (base[:1] or (None,)) * len(value)
        return tuple(_like(field, item, like) for item, like in zip(value, likes))
    if type(base) is float and type(value) is int:
        return float(value)
    if base is not None and value is not None and type(value) is not type(base):
        raise validate.fail(
            field, repr(value), f"{type(base).__name__} like {base!r}", "convert it"
        )
    return value
