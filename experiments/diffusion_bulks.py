"""The bulks of a spectrum at large ratios: how many eigenvalues each holds, and what it learns."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from experiments.shared import flows, spectra

AXES = {"below": ("place",), "learned": ("place",)}
# The settings of figures 4 and 14 of arXiv 2505.17638 at 8 samples and 64 features per dimension
# (one class, so that both are written alike; variance one, or one half and three halves), and the
# first of them late in diffusion.
SETTINGS = {
    "one": ((1.0, 1.0), 0.01),
    "halves": (((0.5, 1.5), (0.5, 1.5)), 0.01),
    "late": ((1.0, 1.0), 1.0),
}
RATIOS, PERCENT = (8, 64), 50


@dataclass(frozen=True)
class Config:
    """One dimension, for memory: 64 features per dimension."""

    seeds: int = 10
    dimension: int = 16


PRESETS = {
    "smoke": Config(seeds=2, dimension=6),
    "laptop": Config(),
    "paper": Config(seeds=10, dimension=100),
}


def grid(config: Config) -> list[dict]:
    """Every setting at one dimension."""
    return [
        flows.point(variances, PERCENT, RATIOS, config.dimension, time)
        for variances, time in SETTINGS.values()
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Shares of one draw below `spectra.GRID`."""
    found = spectra.simulate(key, flows.model(point), point["dimension"])
    return {name: found[name] for name in ("below", "learned")}


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the predicted bulks (the lowest with the atom), and what is counted in each."""
    made = [
        spectra.predict(flows.model(flows.of(dataset, place)))
        for place in range(dataset.sizes["point"])
    ]
    number = max(len(one.masses) for one in made)
    cuts = np.full((len(made), number + 1), np.nan)
    for row, one in zip(cuts, made):
        between = np.sqrt(one.edges[1:, 0] * one.edges[:-1, 1])
        # The atom is smeared at finite size, so it is counted with the lowest bulk.
        row[: len(one.masses) + 1] = [spectra.GRID[0], *between, spectra.GRID[-1]]
        one.masses[0] += one.atom[1]
    per_bulk = ("point", "bulk")
    padded = {
        name: (per_bulk, np.stack([_padded(getattr(one, name), number) for one in made]))
        for name in ("masses", "falls")
    }
    axes = ("point", "seed", "bulk")
    counted = {
        f"counted_{name}": xarray.DataArray(_between(dataset[name].values, cuts), dims=axes)
        for name in ("below", "learned")
    }
    edges = np.stack([_padded(one.edges, number) for one in made])
    return (
        dataset.assign({**padded, **counted})
        .assign(
            edges=(("point", "bulk", "end"), edges),
            theory_below=(("point", "place"), np.stack([one.below for one in made])),
            theory_learned=(("point", "place"), np.stack([one.learned for one in made])),
            atom=("point", [one.atom[0] for one in made]),
            atom_mass=("point", [one.atom[1] for one in made]),
        )
        .assign_coords(setting=("point", list(SETTINGS)), place=spectra.GRID)
    )


def _padded(values: np.ndarray, number: int) -> np.ndarray:
    rest = ((0, number - len(values)), *((0, 0) for _ in values.shape[1:]))
    return np.pad(values, rest, constant_values=np.nan)


def _between(shares: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """The share `[point, seed, bulk]` between neighbouring cuts."""
    found = [
        np.stack([np.interp(row, spectra.GRID, seed) for seed in shares[place]])
        for place, row in enumerate(cuts)
    ]
    return np.diff(np.stack(found), axis=2)
