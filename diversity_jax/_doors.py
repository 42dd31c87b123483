"""The doors of the house: a package shows its modules, and loads each when it is asked for."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import pkgutil
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

MOVED = {
    f"diversity_jax.diffusion.{name}": f"diversity_jax.diffusion.theory.{name}"
    for name in ("fairness", "losses", "speciation", "spectrum", "times")
} | {
    "diversity_jax.chunks": "diversity_jax.rows",
    "diversity_jax.convex_clustering.neighbours": "diversity_jax.neighbours",
}
"""Modules under the names they had first; both names are one module."""


def lazily(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of `package`: its public modules, listed from its folder."""
    own = sys.modules[package]
    rooms = {
        module.name: f"{package}.{module.name}"
        for module in pkgutil.iter_modules(own.__path__)
        if not module.name.startswith("_")
    }
    rooms |= {old.rpartition(".")[2]: new for old, new in MOVED.items() if _within(old, package)}

    def load(name: str) -> Any:
        if name in rooms:
            return importlib.import_module(rooms[name])
        raise AttributeError(
            f"{package} has no attribute {name!r}; its modules: {', '.join(sorted(rooms))}"
        )

    return load, lambda: sorted({*vars(own), *rooms})


def _within(module: str, package: str) -> bool:
    return module.rpartition(".")[0] == package


class _Moved(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports of `MOVED` names give the modules where they are now."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(fullname, self) if fullname in MOVED else None

    def exec_module(self, module: ModuleType) -> None:
        sys.modules[module.__name__] = importlib.import_module(MOVED[module.__name__])


if not any(isinstance(finder, _Moved) for finder in sys.meta_path):
    sys.meta_path.append(_Moved())
