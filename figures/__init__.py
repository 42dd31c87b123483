"""Figures: one file each, drawn from saved results; `draw` for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(name: str, dataset: Any) -> Figure:
    """Draw figure `name` from its experiment's `dataset`; ValueError for an unknown name."""
    import importlib
    from pathlib import Path

    from diversity_jax import catalogue
    from figures import style

    catalogue.require(Path(__file__).parent, "EXPERIMENT", "figure", name)
    with style.applied():
        return importlib.import_module(f"figures.{name}").draw(dataset)
