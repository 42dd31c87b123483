"""What centroids do to the spectrum: outliers of short ones, another bulk for long ones."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax.diffusion.theory.equations import outliers
from experiments.shared import centroids, spectra

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
    "paper": Config(seeds=32, dimensions=(50, 100, 200, 400)),
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
    found = spectra.simulate(key, centroids.model(point), point["dimension"])
    return {"below": found["below"], "top": found["eigenvalues"][-2:]}


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the predicted distribution of long centroids' spectrum, giants, and outliers."""
    points = [centroids.of(dataset, place) for place in range(dataset.sizes["point"])]
    long = np.array([np.isclose(one["centroid_one"], LONG[1][0]) for one in points])
    first = points[int(np.flatnonzero(long)[0])]
    model = centroids.model(first)
    exact = spectra.predict(model)
    ignored = spectra.predict(centroids.without(first, LONG[0]))
    giants = np.asarray(outliers.giant_outliers(model))
    top, halved = (
        np.stack([_top(one, giants if own else None, factor) for one, own in zip(points, long)])
        for factor in (1.0, 0.5)
    )
    return dataset.assign(
        theory_below=("place", exact.below),
        ignored_below=("place", ignored.below),
        edge=float(exact.edges[-1, 1]),
        atom=exact.atom[0],
        theory_top=(("point", "rank"), top),
        halved_top=(("point", "rank"), halved),
    ).assign_coords(setting=("point", np.where(long, "long", "short")), place=spectra.GRID)


def _top(point: dict, giants: np.ndarray | None, factor: float) -> np.ndarray:
    """The two largest eigenvalues: giants where given, else outliers of short centroids.

    `factor` spoils them. For outliers, variances are raised by ``|mu_c|^2 / d``, the correction of
    first order in 1/d.
    """
    if giants is not None:
        return factor * giants * point["features_per_dimension"] * point["dimension"]
    squares = np.array([point["centroid_one"], point["centroid_two"]])
    raised = squares + np.array([point["variance_one"], point["variance_two"]])
    model = centroids.without(point, tuple(raised.tolist()))
    products = factor * point["dimension"] * np.diag(squares) / 2
    found = np.asarray(outliers.outliers(model, np.stack([products, products])).positions)
    found = found[np.isfinite(found)]
    return np.concatenate([np.full(2, np.nan), found])[-2:]
