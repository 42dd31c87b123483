"""Which class is learned first: maps of predicted times, with simulated runs on them."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory import losses
from experiments.shared import flows

AXES = flows.AXES
RATIOS = (4, 8)
PERCENTS = (30, 50, 70)  # share of the second class in simulated runs
CONTRASTS = (1.5, 9.0)  # its variance over that of the first, in simulated runs
KINDS = ("isotropic", "subspaces")
MAPPED = ("share", "gap")
NEAR = ("gap", "relative-gap")  # definitions of memorisation that disagree on the order
PAIR_PERCENT = 70  # share of the second class in the pairs whose curves are predicted
NEAR_CONTRAST, NEAR_SHARES = 9.0, (0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9)
FLOOR = 0.05  # variance of a class along the other's directions


@dataclass(frozen=True)
class Config:
    """`cells` per axis of the predicted maps; runs at a few of their places."""

    seeds: int = 16
    dimension: int = 20
    cells: int = 40


PRESETS = {
    "smoke": Config(seeds=2, dimension=10, cells=4),
    "laptop": Config(),
    "paper": Config(seeds=32, dimension=80),
}


def grid(config: Config) -> list[dict]:
    """Simulated runs: both kinds of classes, at three shares and two contrasts."""
    return [
        {**flows.point(variances(kind, contrast), percent, RATIOS, config.dimension),
         "cells": config.cells}
        for percent in PERCENTS
        for kind in KINDS
        for contrast in CONTRASTS
    ]  # fmt: skip


def variances(kind: str, contrast: float) -> list[list[float]]:
    """Two classes of mean variance one between them, the second's `contrast` times the first's."""
    low, high = 2 / (1 + contrast), 2 * contrast / (1 + contrast)
    if kind == "isotropic":
        return [[low, low], [high, high]]
    return [[FLOOR, 2 * low - FLOOR], [2 * high - FLOOR, FLOOR]]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """The losses of one draw, and the times that they give."""
    return flows.simulate(key, point)


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the predicted times over the whole map."""
    cells = int(dataset.cells.values[0])
    shares, contrasts = np.linspace(0.02, 0.98, cells), np.geomspace(1.05, 9.0, cells)
    maps = [[[_times(kind, c, share) for share in shares] for c in contrasts] for kind in KINDS]
    contrast = (dataset.second_one + dataset.second_two) / (dataset.first_one + dataset.first_two)
    axes = ("kind", "contrast_cell", "share_cell", "drawn", "class")
    return (
        flows.named(dataset)
        .assign(predicted=(axes, np.array(maps)))
        .assign(predicted_near=(("near", "near_share", "class"), _near()))
        .assign(predicted_test=(("pair", "training_time", "class"), _pairs()))
        .assign_coords(
            setting=("point", flows.kinds(dataset)),
            contrast=("point", contrast.values),
            kind=list(KINDS),
            share_cell=shares,
            contrast_cell=contrasts,
            drawn=list(MAPPED),
            pair=list(CONTRASTS),
            near=list(NEAR),
            near_share=list(NEAR_SHARES),
        )
    )


def _near() -> np.ndarray:
    """Memorisation of isotropic classes of unlike variance, by definitions that disagree."""
    models = [_model("isotropic", NEAR_CONTRAST, share) for share in NEAR_SHARES]
    return np.array(
        [[losses.class_times(m, memorisation=name).memorisation for m in models] for name in NEAR]
    )


def _pairs() -> np.ndarray:
    """Test losses of isotropic classes at both contrasts of the simulated runs."""
    models = [_model("isotropic", contrast, PAIR_PERCENT / 100) for contrast in CONTRASTS]
    return np.stack([flows.predicted_losses(model)[1] for model in models])


def _model(kind: str, contrast: float, share: float) -> ClassModel:
    point = flows.point(variances(kind, contrast), 50, RATIOS, 2)
    return flows.model({**point, "percent": 100 * share})


def _times(kind: str, contrast: float, share: float) -> np.ndarray:
    model = _model(kind, contrast, share)
    found = losses.class_times(model, generalisation=MAPPED[0], memorisation=MAPPED[1])
    return np.stack([found.generalisation, found.memorisation])
