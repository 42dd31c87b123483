"""Arithmetic on the published tables of arXiv 2502.04380: averages of methods and of pools."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from experiments.shared import daar_tables as tables

AXES = {"averages": ("model", "method"), "pools": ("model", "pool"), "speed": ()}


@dataclass(frozen=True)
class Config:
    """Nothing is random."""

    seeds: int = 1


PRESETS = {"smoke": Config(), "laptop": Config(), "paper": Config()}


def grid(config: Config) -> list[dict]:
    """One point."""
    return [{"gain_told": tables.GAIN_TOLD, "speed_told": tables.SPEED_TOLD}]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """The tables, and the ratio of the two times."""
    return {
        "averages": jnp.asarray(tables.AVERAGES),
        "pools": jnp.asarray(tables.POOLS),
        "speed": jnp.asarray(tables.SECONDS[0] / tables.SECONDS[1]),
    }


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add names, and the gain of DaaR over the best other method."""
    table = dataset.averages.values[0, 0]
    return dataset.assign(
        gain=("model", table[:, -1] - np.nanmax(table[:, :-1], axis=1)),
    ).assign_coords(model=list(tables.MODELS), method=list(tables.METHODS))
