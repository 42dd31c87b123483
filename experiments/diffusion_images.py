"""Random-features diffusion on images of two digits, against the theory of their moments."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax.diffusion import measures, random_features, training
from experiments.shared import flows, image_classes, spectra

DATA = ("images", "Gaussian")
THEORIES = ("classes", "one class")
AXES = {
    "below": ("data", "place"),
    "train": ("data", "training_time", "class"),
    "test": ("data", "training_time", "class"),
    "times": ("data", "definition", "class"),
}
# Numbers, so that settings are compiled once; see `image_classes.prepared`.
TOGETHER = "whitened together"
SETTINGS = {
    TOGETHER: {"exchanged": 0.0, "alike": 0.0, "centroids": 0.0},
    "variances exchanged": {"exchanged": 1.0, "alike": 0.0, "centroids": 0.0},
    "whitened apart": {"exchanged": 0.0, "alike": 1.0, "centroids": 0.0},
    "centroids kept": {"exchanged": 0.0, "alike": 0.0, "centroids": 1.0},
}


@dataclass(frozen=True)
class Config:
    """The data set, how many images of each class of it (0: all), and how many components."""

    seeds: int = 48
    data: str = "digits"
    per_class: int = 0
    dimension: int = 20


PRESETS = {
    "smoke": Config(seeds=4, dimension=8),
    "laptop": Config(),
    "paper": Config(seeds=100, dimension=30),
}


def grid(config: Config) -> list[dict]:
    """Every setting; DatasetMissing, with the install line, without the data."""
    pair = image_classes.measured(config.data, config.dimension, config.per_class)
    fields = {"data_set": config.data, "per_class": config.per_class}
    fields |= {"dimension": config.dimension, "classes": "|".join(pair.names)}
    # Without their names, which would be compiled in.
    return [{**chosen, **fields} for chosen in SETTINGS.values()]


def _pair(point: dict) -> image_classes.Pair:
    return image_classes.measured(point["data_set"], point["dimension"], point["per_class"])


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Spectrum, losses and times on one random subset of the images and on Gaussian samples."""
    # Of the model nothing but the activation is used.
    model = image_classes.model(jnp.ones((2, 2)))

    def one(both: tuple[random_features.Features, random_features.Features]) -> tuple:
        losses = training.losses_of_draw(model, both[0], flows.TRAINING_TIMES, held_out=both[1])
        times = measures.measured_times(losses, flows.TRAINING_TIMES)
        values = jnp.linalg.eigvalsh(random_features.covariance(model, both[0])[0])
        below = jnp.searchsorted(values, jnp.asarray(spectra.GRID)) / values.size
        return below, losses.train[:-1], losses.test[:-1], times

    # One after the other: half as much to compile, and LAPACK is never called for a batch.
    rows = jax.lax.map(one, image_classes.draw(key, _pair(point), point))
    return dict(zip(AXES, rows))


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add what the theory makes of the measured moments; it knows nothing of kept centroids."""
    found = {name: [] for name in AXES}
    atoms, variances, settings, known = [], [], [], {}
    for place in range(dataset.sizes["point"]):
        fields = ("data_set", "per_class", "dimension", "exchanged", "alike", "centroids")
        point = {name: dataset[name].values[place].item() for name in fields}
        chosen = {name: point[name] for name in SETTINGS[TOGETHER]}
        settings.append(next(name for name, one in SETTINGS.items() if one == chosen))
        measured = np.asarray(image_classes.prepared(_pair(point), point)[2])
        table = image_classes.halves(measured)
        both = (table, np.broadcast_to(table.mean(axis=0), table.shape))
        theories = [_predicted(known, one) for one in both]
        for name in AXES:
            found[name].append([one[name] for one in theories])
        atoms.append(theories[0]["atom"])
        variances.append(measured)
    axes = {name: ("point", "theory", *AXES[name][1:]) for name in found}
    made = {f"theory_{name}": (axes[name], np.asarray(found[name])) for name in found}
    return (
        dataset.assign(made)
        .assign(
            atom=("point", np.asarray(atoms)),
            variance=(("point", "class", "direction"), np.stack(variances)),
        )
        .assign_coords(
            setting=("point", settings),
            data=list(DATA),
            theory=list(THEORIES),
            place=spectra.GRID,
            training_time=flows.TRAINING_TIMES[:-1],
            definition=list(flows.DEFINITIONS),
        )
    )


def _predicted(known: dict, table: np.ndarray) -> dict:
    """The theory of variances `[class, half]`; `known` keeps it, since settings share theirs."""
    name = tuple(np.round(table, 12).ravel().tolist())
    if name not in known:
        model = image_classes.model(np.reshape(name, table.shape))
        shares, (train, test) = spectra.predict(model), flows.predicted_losses(model)
        times = flows.predicted_times(model)
        made = {"below": shares.below, "train": train, "test": test, "times": times}
        known[name] = {**made, "atom": shares.atom[0]}
    return known[name]
