"""What cells of clusters have in excess of the whole, as the clusters draw apart."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.kernel_ridge import kernels, theory

HOST = True
CLUSTERS, EACH = 3, 20
COUNT = CLUSTERS * EACH
DEVIATION, TOUCHING = 0.5, 2.0  # lengthscales; centres are `TOUCHING` + gap apart
PENALTY = 1.2  # n times the ridge
GAPS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
PENALTIES = (64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0)  # of clusters that touch, in a triangle
TURNS = 2 * np.pi * np.arange(CLUSTERS) / CLUSTERS
TRIANGLE = TOUCHING / np.sqrt(3) * np.stack([np.cos(TURNS), np.sin(TURNS)], 1)
AXES = {
    **{name: ("gap",) for name in ("share", "share_mixed", "leak_share", "low", "high")},
    "ratio": ("penalty",),
}


@dataclass(frozen=True)
class Config:
    """`seeds` draws of three clusters of 20 points, each moved apart."""

    seeds: int = 64


PRESETS = {"smoke": Config(seeds=8), "laptop": Config(), "paper": Config(seeds=1000)}


def grid(config: Config) -> list[dict]:
    """One setting."""
    return [{"clusters": CLUSTERS}]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """``sum d_q / d_eff - 1``, cells being clusters or drawn; its bounds; and its leading order."""
    random = seeds.numpy_generator(seeds.stream(key, "points"))
    shape = DEVIATION * random.standard_normal((COUNT, 2))
    cells = np.repeat(np.arange(CLUSTERS), EACH)
    mixed = random.permutation(cells)
    kernel, rows = kernels.gaussian(1.0), []
    for gap in GAPS:
        points = shape + np.stack([(TOUCHING + gap) * cells, np.zeros(COUNT)], 1)
        table = np.asarray(kernel(points, points))
        whole, parts = _dimensions(table, cells, PENALTY)
        drawn = _dimensions(table, mixed, PENALTY)[1]
        found = theory.orthogonality(table, cells, ridge=PENALTY / COUNT)
        leak = float(found.leak) / whole
        ends = leak / float(found.kappa_plus), leak / float(found.kappa_minus)
        rows.append((parts / whole - 1, drawn / whole - 1, leak, *ends))
    points = shape + TRIANGLE[cells]
    table = np.asarray(kernel(points, points))
    ratio = [_ratio(table, cells, penalty) for penalty in PENALTIES]
    names = ("share", "share_mixed", "leak_share", "low", "high")
    return {**dict(zip(names, np.array(rows).T)), "ratio": np.array(ratio)}


def _dimensions(table: np.ndarray, cells: np.ndarray, penalty: float) -> tuple[float, float]:
    """``d_eff`` and ``sum d_q``, by solves."""
    own = table * (cells[:, None] == cells)
    eye = penalty * np.eye(COUNT)
    whole, parts = (float(np.trace(np.linalg.solve(each + eye, each))) for each in (table, own))
    return whole, parts


def _ratio(table: np.ndarray, cells: np.ndarray, penalty: float) -> float:
    """The excess over ``n ridge tr F^2 A^-1``, its leading order."""
    whole, parts = _dimensions(table, cells, penalty)
    return (parts - whole) / float(theory.orthogonality(table, cells, ridge=penalty / COUNT).leak)


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """The mean of both bounds on the excess of each draw."""
    ends = {f"theory_{name}": dataset[name].mean("seed") for name in ("low", "high")}
    return dataset.assign(ends).assign_coords(gap=list(GAPS), penalty=list(PENALTIES))
