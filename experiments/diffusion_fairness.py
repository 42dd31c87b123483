"""Shares at which both classes are learned together, and a fair time to stop, put to the test."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory import fairness, losses
from experiments.diffusion_phase import variances
from experiments.shared import flows

AXES = flows.AXES
RATIOS, CONTRAST, KINDS = (4, 8), 2.0, ("isotropic", "subspaces")
WHICH = ("generalisation",)  # each is a compilation of some twenty seconds


@dataclass(frozen=True)
class Config:
    """Shares of the higher-variance class: the predicted fair one, to a percent, between others."""

    seeds: int = 32
    dimension: int = 25
    percents: tuple[int, ...] = (32, 52, 72)


PRESETS = {
    "smoke": Config(seeds=6),
    "laptop": Config(),
    "paper": Config(seeds=64, dimension=100),
}


def grid(config: Config) -> list[dict]:
    """Both kinds of classes at every share."""
    return [
        flows.point(variances(kind, CONTRAST), percent, RATIOS, config.dimension)
        for percent in config.percents
        for kind in KINDS
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """The losses of one draw at `flows.TRAINING_TIMES`, and the times that they give."""
    return flows.simulate(key, point)


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add predicted fair shares per kind, predicted stops, and regrets of the draws at them."""
    models = [flows.model(flows.of(dataset, place)) for place in range(dataset.sizes["point"])]
    settings = flows.kinds(dataset)
    fair = [[_fair(models[settings.index(kind)], which) for which in WHICH] for kind in KINDS]
    stops = np.array([_stops(model) for model in models])
    regrets = np.stack(
        [[_regret(seed, stops[place]) for seed in dataset.test.values[place]]
         for place in range(len(models))]
    )  # fmt: skip
    per_kind = ("kind", "which")
    return (
        flows.named(dataset)
        .assign(
            fair_share=(
                per_kind,
                np.array([[float(one.fractions[1]) for one in row] for row in fair]),
            ),
            fair_residual=(
                per_kind,
                np.array([[float(one.residual) for one in row] for row in fair]),
            ),
            stop=(("point", "rule"), stops),
            regret=(("point", "seed", "rule", "class"), regrets),
            theory_test=(
                ("point", "training_time", "class"),
                np.stack([flows.predicted_losses(model)[1] for model in models]),
            ),
        )
        .assign_coords(
            setting=("point", settings),
            kind=list(KINDS),
            which=list(WHICH),
            rule=["fair", "pooled", "late"],
        )
    )


def _fair(model: ClassModel, which: str) -> fairness.FairFractions:
    return fairness.fair_fractions(model, which=which)


def _stops(model: ClassModel) -> list[float]:
    """Times to stop at: fair, where the pooled test loss is least, and ten times the fair one."""
    fair = float(fairness.fair_stop(model).time)
    times = np.geomspace(1e-1, 1e5, 400)
    pooled = losses.flow_losses(model, times).test @ model.fractions
    return [fair, float(times[int(np.argmin(pooled))]), 10 * fair]


def _regret(test: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """What each class of one draw misses at each stop `[rule, class]`, of its own largest gain."""
    logs = np.log(flows.TRAINING_TIMES[:-1])
    found = [np.interp(np.log(stops), logs, curve) for curve in test.T]
    least = test.min(axis=0)
    return (np.stack(found, axis=1) - least) / (1 - least)
