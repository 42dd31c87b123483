"""What centroids do to the spectrum: outliers of short ones, another bulk for long ones."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.diffusion import random_features
from diversity_jax.diffusion.theory import spectrum
from diversity_jax.diffusion.theory.equations import outliers
from experiments.shared import centroids, spectra

HOST = True  # eigenvalues alone, which LAPACK finds in a third of the time without their vectors
AXES = {"below": ("place",), "top": ("rank",)}
RATIOS = (2, 8)
LONG = ((0.6, 1.2), (0.64, 1.44))  # variances, and mean squares of centroids per coordinate
SHORT = ((0.6, 1.2), (24.0, 48.0))  # variances, and squares of centroids


@dataclass(frozen=True)
class Config:
    """Dimensions of the sweep (four at least for a verdict), and seeds at each."""

    seeds: int = 36
    dimensions: tuple[int, ...] = (24, 36, 54, 80)


PRESETS = {
    "smoke": Config(seeds=4, dimensions=(10, 12, 14, 16)),
    "laptop": Config(),
    "paper": Config(seeds=24, dimensions=(32, 64, 128, 192)),
}


def grid(config: Config) -> list[dict]:
    """Long and short centroids at every dimension."""
    return [
        centroids.point(variances, squares, RATIOS, d)
        for d in config.dimensions
        for variances, squares in (LONG, (SHORT[0], (SHORT[1][0] / d, SHORT[1][1] / d)))
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Shares of one draw's eigenvalues below `spectra.GRID`, and its two largest."""
    values = random_features.simulate(
        seeds.stream(key, "features"), centroids.model(point), dimension=point["dimension"]
    ).eigenvalues
    return {
        "below": jnp.searchsorted(values, jnp.asarray(spectra.GRID)) / values.size,
        "top": values[-2:],
    }


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the predicted distribution of long centroids' spectrum, giants, and outliers.

    `rival_top`: outliers of covariances, the mean of all samples taken off, in place of uncentred
    second moments; and giants of features linear in the centroids.
    """
    points = [centroids.of(dataset, place) for place in range(dataset.sizes["point"])]
    long = np.array([np.isclose(one["centroid_one"], LONG[1][0]) for one in points])
    first = points[int(np.flatnonzero(long)[0])]
    model = centroids.model(first)
    exact = spectra.predict(model)
    ignored = spectra.predict(centroids.without(first, LONG[0]))
    size = np.array([one["features_per_dimension"] * one["dimension"] for one in points])
    giants = np.where(long, size, np.nan)[:, None] * np.asarray(outliers.giant_outliers(model))
    linear = np.where(long, size, np.nan)[:, None] * _linear(first)
    top, rival = giants, linear
    for place in np.flatnonzero(~long):
        top[place], rival[place] = (_outliers(points[place], centred) for centred in (False, True))
    return dataset.assign(
        theory_below=("place", exact.below),
        ignored_below=("place", ignored.below),
        edge=float(exact.edges[-1, 1]),
        atom=exact.atom[0],
        theory_top=(("point", "rank"), top),
        rival_top=(("point", "rank"), rival),
    ).assign_coords(setting=("point", np.where(long, "long", "short")), place=spectra.GRID)


def _outliers(point: dict, centred: bool) -> np.ndarray:
    """The two largest outliers of short centroids; if `centred` the edge of the bulks and one.

    Variances are raised by ``|mu_c|^2 / d``, the correction of first order in 1/d.
    """
    squares = np.array([point["centroid_one"], point["centroid_two"]])
    raised = squares + np.array([point["variance_one"], point["variance_two"]])
    model = centroids.without(point, tuple(raised.tolist()))
    products = point["dimension"] * np.diag(squares) / 2
    if centred:
        away = np.eye(2) - 0.5  # from the mean of both centroids
        products = away @ products @ away
    found = np.asarray(outliers.outliers(model, np.stack([products, products])).positions)
    found = found[np.isfinite(found)]
    if not centred:
        return np.concatenate([np.full(2, np.nan), found])[-2:]
    # Around their mean two centroids lie on one line: one outlier above, one below the bulks.
    return np.array([np.nanmax(np.asarray(spectrum.bulks(model).edges)), found[-1]])


def _linear(point: dict) -> np.ndarray:
    """Giants over p if every mean feature were its slope at no shift, times the shift."""
    slopes = np.asarray(spectrum.class_constants(centroids.without(point, LONG[0])).slope)
    squares = np.array([point["centroid_one"], point["centroid_two"]])
    return np.sort(np.exp(-2 * point["time"]) * slopes**2 * squares / 2)
