"""The layers on real images (digits), against k-means, mixtures and measured moments."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray
from jaxtyping import Array

from diversity_jax import seeds
from diversity_jax.attention import measures
from experiments.shared import image_theory, images

# Lloyd's steps, expectation-maximisation and the matching of labels are scikit-learn's and
# scipy's, so the job runs on the host around a few compiled functions.
HOST = True
CHUNK = 5
FITTED = 2000  # outputs of the in-context layer that k-means is fitted to
PROCEDURES = (
    "raw token", "scaled token", "in-context layer", "heads", "regularised heads", "k-means",
    "Gaussian mixture",
)  # fmt: skip
CLUSTERERS = PROCEDURES[2:]
LAYERS = PROCEDURES[2:5]
AXES = {
    "quantisation_error": ("procedure",),
    "reconstruction_error": ("procedure",),
    "accuracy": ("clusterer",),
    "ari": ("clusterer",),
    "layer_risk": ("layer", "sequence"),
    "layer_error": ("layer", "sequence"),
    "theory_risk": ("theory", "layer", "sequence"),
    "theory_error": ("theory", "layer", "sequence"),
    "strength": ("layer", "sequence"),
    "curve_risk": ("kind", "size"),
    "heads": ("trained", "head", "component"),
    "alignment": ("trained",),
    "theory_alignment": ("trained",),
    "match": ("trained",),
    "overlap": ("pair",),
}


@dataclass(frozen=True)
class Config:
    """Sizes of the run; `sets` are the classes taken together, joined by `|`."""

    seeds: int = 10
    data: str = "digits"
    sets: tuple[str, ...] = ("0|1", "3|8", "4|9", "0|1|2", "3|5|8")
    per_class: int = 0
    dimension: int = 16
    length: int = 30
    long_length: int = 300
    tokens: int = 18000
    regularisation: float = 0.2
    learning_rate: float = 0.1
    batch: int = 16
    steps: int = 800


PRESETS = {
    "smoke": Config(seeds=2, sets=("0|1", "0|1|2"), tokens=3000, steps=200),
    "laptop": Config(),
    "paper": Config(seeds=100, tokens=90000, batch=64, steps=6000),
}


def grid(config: Config) -> list[dict]:
    """One point per set of classes; DatasetMissing, with the install line, without the data."""
    whole = images.prepared(config.data, config.dimension, config.per_class)
    for names in config.sets:
        images.datasets.select(whole.images, names.split(images.SEPARATOR))
    fields = {key: value for key, value in vars(config).items() if key not in ("seeds", "sets")}
    return [{"classes": names, **fields} for names in config.sets]


def job(key: Array, point: dict[str, Any]) -> dict[str, Any]:
    """One split of the images, one training of the heads, every method on the other half."""
    names = tuple(point["classes"].split(images.SEPARATOR))
    whole = images.prepared(point["data"], point["dimension"], point["per_class"])
    train, held = images.halves(seeds.stream(key, "split"), whole, names)
    lengths = np.asarray([point["length"], point["long_length"]], float)
    regularisations = np.asarray([0.0, point["regularisation"]])
    start, strengths, expected = image_theory.from_training_half(
        seeds.stream(key, "start"), train.means, train.covariances, lengths, regularisations
    )
    heads = images.train(
        seeds.stream(key, "training"), start, train.bank, train.counts, strengths[1, 0],
        regularisations, point["learning_rate"],
        length=point["length"], batch=point["batch"], steps=point["steps"],
    )  # fmt: skip
    heads, strengths = np.asarray(heads), np.asarray(strengths)
    return {
        **_measure(key, point, train, held, heads, strengths),
        **image_theory.for_held_out_half(heads, strengths, lengths, held),  # pyright: ignore[reportArgumentType]
        **_geometry(train.means, heads, expected),
        "heads": heads,
    }


def _measure(
    key: Array, point: dict, train: images.Half, held: images.Half, heads: np.ndarray,
    strengths: np.ndarray,
) -> dict[str, Any]:  # fmt: skip
    """Errors and clusterings of every method on sequences from the half that was held out."""
    runs = []
    for number, length in enumerate((point["length"], point["long_length"])):
        drawn = images.run_layers(
            seeds.stream(key, "held", length), held.bank, held.counts, heads,
            strengths[:, number], number=max(1, point["tokens"] // length), length=length,
        )  # fmt: skip
        runs.append(tuple(np.asarray(array) for array in drawn))
    tokens, labels, made = runs[1]
    _, _, other = images.run_layers(
        seeds.stream(key, "fitting"), train.bank, train.counts, heads, strengths[:, 1],
        number=max(1, point["tokens"] // length), length=length,
    )  # fmt: skip
    peers = images.fit(key, train.tokens, np.asarray(other[0, :FITTED]), len(held.counts))
    seen = [
        peers.on_outputs.predict(made[0]),
        *(np.argmax(np.abs(tokens @ these.T), axis=1) for these in heads),
        peers.k_means.predict(tokens),
        peers.mixture.predict(tokens),
    ]
    square = np.sum(train.means**2)
    gain = square / (square + np.trace(train.covariances.sum(axis=0)))
    results = [
        tokens, gain * tokens, *made,
        peers.k_means.cluster_centers_[seen[3]], peers.mixture.means_[seen[4]],
    ]  # fmt: skip
    scores = np.asarray([images.agreement(labels, found, len(held.counts)) for found in seen])
    return {
        "quantisation_error": _squares(results, held.means[labels]),
        "reconstruction_error": _squares(results, tokens),
        "accuracy": scores[:, 0],
        "ari": scores[:, 1],
        "layer_risk": np.stack([_squares(made, tokens) for tokens, _, made in runs], axis=1),
        "layer_error": np.stack(
            [_squares(made, held.means[labels]) for _, labels, made in runs], axis=1
        ),
        "strength": strengths,
    }


def _squares(results: Any, targets: np.ndarray) -> np.ndarray:
    """Mean squared distance of each result's rows from `targets`."""
    return np.asarray([np.mean(np.sum((one - targets) ** 2, axis=1)) for one in results])


@jax.jit
def _geometry(means: Array, heads: Array, expected: Array) -> dict[str, Array]:
    """Where the heads point: to the classes, and to where the Gaussian theory sends them."""
    directions = means / jnp.linalg.norm(means, axis=1, keepdims=True)
    return {
        "alignment": jax.vmap(measures.alignment, (0, None))(heads, directions),
        "theory_alignment": jax.vmap(measures.alignment, (0, None))(expected, directions),
        "match": jax.vmap(measures.alignment)(heads, expected),
        "overlap": (directions @ directions.T)[np.triu_indices(len(means), 1)],
    }


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the axes, and add class means and the heads of the first seed as images."""
    named = dataset.assign_coords(
        procedure=list(PROCEDURES),
        clusterer=list(CLUSTERERS),
        layer=list(LAYERS),
        theory=list(image_theory.THEORIES),
        kind=list(image_theory.THEORIES[1:]),
        size=list(image_theory.SIZES),
        sequence=["short", "long"],
    )
    return named.merge(_pictures(dataset))


def _pictures(dataset: xarray.Dataset) -> xarray.Dataset:
    """Per point: centroids less the common mean, and heads of seed 0 put beside them, in pixels.

    Heads know neither order nor sign, so each is given those that bring it nearest to a centroid.
    """
    shown = []
    for number in range(dataset.sizes["point"]):
        point = dataset.isel(point=number)
        names = str(point.classes.item()).split(images.SEPARATOR)
        whole = images.prepared(point.data.item(), int(point.dimension), int(point.per_class))
        chosen = [whole.images.classes.index(name) for name in names]
        means = [whole.tokens[whole.images.labels == c].mean(axis=0) for c in chosen]
        means = np.stack(means) / np.linalg.norm(means, axis=1, keepdims=True)
        trained = point.heads.isel(seed=0).values[:, : len(names)]
        rows = np.stack([means, *(_matched(heads, means) for heads in trained)])
        missing = dataset.sizes["head"] - len(names)
        pixels = np.pad(rows @ whole.projection.components, ((0, 0), (0, missing), (0, 0)))
        shown.append(pixels.astype(np.float32))
    return xarray.Dataset({"pictures": (("point", "picture", "head", "pixel"), np.stack(shown))})


def _matched(heads: np.ndarray, means: np.ndarray) -> np.ndarray:
    cosines = heads @ means.T
    places = np.arange(len(means))
    best = max(permutations(places), key=lambda order: np.abs(cosines[list(order), places]).min())
    order = list(best)
    return heads[order] * np.sign(cosines[order, places])[:, None]
