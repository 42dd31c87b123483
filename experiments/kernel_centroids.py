"""Rules for centroids: errors of fits in their cells, how even cells are, and what they share."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.kernel_ridge import kernels, park, problems, theory

HOST = True
PROBLEMS = {"square": (2, 15.0), "cube": (3, 5.0)}  # dimension and side, in lengthscales
SETTINGS = (("square", 16), ("square", 64), ("cube", 16))  # and cells
COUNT, POINTS, SAMPLE = 2_400, 800, 400
NOISE, RIDGE = 0.1, 1e-6
CENTRES = 80  # of each cell, or all of its points
RULES = ("pivoted-cholesky", "k-means++", "k-means", "random")
AXES = {"error": ("rule",), "largest": ("rule",), "added": ("rule",)}


@dataclass(frozen=True)
class Config:
    """`seeds` functions of each problem."""

    seeds: int = 12


PRESETS = {"smoke": Config(seeds=2), "laptop": Config(), "paper": Config(seeds=100)}


def grid(config: Config) -> list[dict]:
    """Problems and numbers of cells."""
    return [{"problem": name, "cells": cells} for name, cells in SETTINGS]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """By rule, with 80 centres in each cell or all of its points, none split.

    `error` is the root mean square without noise, `parts_error` that of as many random parts;
    `largest` the largest cell over the mean, `added` what the cells' effective dimensions add up to
    over that of all (of 400 inputs), `parts_added` that of random parts.
    """
    dimension, box = PROBLEMS[str(point["problem"])]
    cells = int(point["cells"])
    drawn = problems.draw(
        seeds.stream(key, "problem"),
        count=COUNT + POINTS,
        dimension=dimension,
        box=box,
        noise=NOISE,
    )
    inputs, noisy, truth = (np.asarray(a) for a in (drawn.inputs, drawn.targets, drawn.truth))
    new, right = inputs[:POINTS], truth[:POINTS]
    kernel = kernels.gaussian(1.0)
    data = kernel, inputs[POINTS:], noisy[POINTS:]
    fits = seeds.stream(key, "fits")
    some = data[1][:SAMPLE]
    table = np.asarray(kernel(some, some))
    whole = float(theory.effective_dimension(table, ridge=RIDGE))
    found = []
    for rule in RULES:
        parted = park.partition(fits, *data[:2], cells=cells, method=rule, most=None)
        fit = park.fit(fits, *data, ridge=RIDGE, cells=parted, centres_per_cell=CENTRES)
        sizes = np.asarray(parted.sizes)
        labels = np.unique(np.asarray(parted.cells)[:SAMPLE], return_inverse=True)[1]
        found.append(
            (
                np.sqrt(np.mean((np.asarray(fit.predict(new)) - right) ** 2)),
                sizes.max() / sizes.mean(),
                added(table, labels) / whole,
            )
        )
    parts = park.divide_and_conquer(fits, *data, ridge=RIDGE, parts=cells, centres_per_part=CENTRES)
    error = np.sqrt(np.mean((np.asarray(parts.predict(new)) - right) ** 2))
    return {
        **dict(zip(AXES, np.array(found).T)),
        "parts_error": np.asarray(error),
        "parts_added": np.asarray(added(table, np.arange(SAMPLE) % cells) / whole),
    }


def added(table: np.ndarray, labels: np.ndarray) -> float:
    """The sum of the cells' effective dimensions."""
    return float(np.sum(theory.local_effective_dimensions(table, labels, ridge=RIDGE)))


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the rules."""
    return dataset.assign_coords(rule=list(RULES))
