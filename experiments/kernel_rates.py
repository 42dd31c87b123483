"""Risk of one fit and of fits in cells on the circle as points grow, beside its theory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import jax
import numpy as np
import xarray
from scipy.linalg import cho_factor, cho_solve

from diversity_jax import seeds
from diversity_jax.kernel_ridge import kernels, theory

HOST = True
DECAY, NOISE = 0.5, 0.5  # gamma of the kernel's eigenvalues; deviation
# Source condition r, and the power with which the target's coefficients fall: 2 r + 1/2 and more.
TARGETS = {"smooth": (1.0, 2.6), "rough": (0.55, 1.65)}
TERMS = 200  # cosines, and as many sines
CELLS = (1, 2, 4)
GRID = 600  # points at which the risk is averaged
DRAWS = 16  # of points a seed, at most: as many as cost what one of 1600 points does
AXES = {"risk": ("cells",)}


@dataclass(frozen=True)
class Config:
    """`seeds` means over draws of so many uniform points with noisy values."""

    seeds: int = 22
    counts: tuple[int, ...] = (25, 50, 100, 200, 400, 800, 1600)


PRESETS = {
    "smoke": Config(seeds=3, counts=(25, 50, 100, 150, 200)),
    "laptop": Config(),
    "paper": Config(200, (25, 50, 100, 200, 400, 800, 1600, 3200, 6400)),
}


def grid(config: Config) -> list[dict]:
    """Targets by number of points, with the ridge of the best rate."""
    return [{"target": name, "count": count} for name in TARGETS for count in config.counts]


def ridge(target: str, count: int) -> float:
    """``n^(-1 / (2 r + gamma))``."""
    rates = theory.rate_exponents(decay=DECAY, source=TARGETS[target][0])
    return float(count ** float(rates.ridge))


def coefficients(target: str) -> np.ndarray:
    """Of 1, cos, sin, cos, sin, ...; phases that grow with the square leave no point special."""
    orders = np.arange(1, TERMS + 1)
    falls, phases = orders ** -TARGETS[target][1], np.pi * (np.sqrt(5) - 1) * orders**2
    waves = np.sqrt(2) * falls * np.stack([np.cos(phases), np.sin(phases)])
    return np.r_[0.5, waves.T.ravel()]


def _values(target: str, points: np.ndarray) -> np.ndarray:
    turns = 2 * np.pi * np.arange(1, TERMS + 1)[:, None] * points[None]
    every = np.sqrt(2) * coefficients(target)[1:]
    return 0.5 + every[::2] @ np.cos(turns) + every[1::2] @ np.sin(turns)


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Mean squares of the error of fits in 1, 2 and 4 equal arcs, each with n ridge.

    Means over draws, each with its noise and with the negative of it.
    """
    target, count = str(point["target"]), int(point["count"])
    draws = int(np.clip(1600 // count, 1, DRAWS))
    each = [_risks(seeds.stream(key, "points", draw), target, count) for draw in range(draws)]
    return {"risk": np.mean(each, axis=0)}


def _risks(key: jax.Array, target: str, count: int) -> np.ndarray:
    random = seeds.numpy_generator(key)
    points = random.uniform(size=count)
    # A fit is linear in values: the mean over noise and its negative has no product of the two.
    given = np.stack([_values(target, points), NOISE * random.standard_normal(count)], axis=1)
    new = (np.arange(GRID) + 0.5) / GRID
    kernel = kernels.sobolev()
    own = np.array(kernel(points[:, None], points[:, None]))
    across = np.asarray(kernel(new[:, None], points[:, None]))
    own[np.diag_indices(count)] += count * ridge(target, count)
    truth, risks = np.stack([_truth(target), np.zeros(GRID)], axis=1), []
    for cells in CELLS:
        found = np.zeros((GRID, 2))
        for cell in range(cells):
            inside = np.floor(cells * points) == cell
            asked = np.floor(cells * new) == cell
            if inside.any():
                factor = cho_factor(own[np.ix_(inside, inside)], lower=True)
                found[asked] = across[np.ix_(asked, inside)] @ cho_solve(factor, given[inside])
        risks.append(np.mean((found - truth) ** 2, axis=0).sum())
    return np.array(risks)


@cache
def _truth(target: str) -> np.ndarray:
    return _values(target, (np.arange(GRID) + 0.5) / GRID)


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the deterministic equivalent, the leading order, and what borders add to the bias.

    The bias in cells is taken at the ridge that acts, kappa, and borders do not change the
    variance: `theory_risk` is exact in neither, asymptotic in the count.
    """
    equivalent, leading, variance = [], [], []
    for target, count in zip(dataset.target.values, dataset["count"].values):
        every, shift = coefficients(str(target)), ridge(str(target), int(count))
        given = {"samples": int(count), "ridge": shift, "noise": NOISE**2}
        risk, first = theory.equivalent_risk(every, **given), theory.population_risk(every, **given)
        kappa, left = float(risk.effective_ridge), 1 - float(risk.squared_degrees) / count
        base = float(theory.cell_bias(every, np.zeros(0), ridge=kappa))
        borders = [np.arange(cells) / cells if cells > 1 else np.zeros(0) for cells in CELLS]
        more = [float(theory.cell_bias(every, at, ridge=kappa)) - base for at in borders]
        equivalent.append(float(risk.excess) + np.array(more) / left)
        leading.append(float(first.excess))
        variance.append(float(first.variance))
    return dataset.assign_coords(cells=list(CELLS)).assign(
        theory_risk=(("point", "cells"), np.array(equivalent)),
        theory_leading=("point", np.array(leading)),
        theory_variance=("point", np.array(variance)),
    )
