"""Two isotropic classes with centroids: how experiments write them.

Variances, the centroids' mean squares per coordinate and the cosine between them are floats, hence
traced: settings of equal sizes compile once. Centroids are orthogonal and shares equal where a
point does not say otherwise.
"""

from __future__ import annotations

import jax.numpy as jnp
import xarray

from diversity_jax.diffusion.model import ClassModel
from experiments.shared import flows

FIELDS = ("variance_one", "variance_two", "centroid_one", "centroid_two")
SIZES = ("samples_per_dimension", "features_per_dimension", "dimension", "time")
MORE = {"percent": 50, "cosine": 0.0}  # share of the second class, angle between centroids


def point(
    variances: tuple[float, float],
    squares: tuple[float, float],
    ratios: tuple[int, int],
    dimension: int,
    **more: float,
) -> dict:
    """A grid point; `squares` are ``|mu_c|^2 / d``, `more` is any of `MORE`."""
    return {
        **more,
        **dict(zip(FIELDS, (*variances, *squares))),
        "samples_per_dimension": ratios[0],
        "features_per_dimension": ratios[1],
        "dimension": dimension,
        "time": 0.1,
    }


def model(point: dict) -> ClassModel:
    """Two classes."""
    one, two, first, second = (jnp.asarray(point[name], float) for name in FIELDS)
    share = point.get("percent", MORE["percent"]) / 100
    cosine = jnp.asarray(point.get("cosine", MORE["cosine"]), float)
    across = cosine * jnp.sqrt(first * second)
    return ClassModel(
        [1 - share, share],
        jnp.stack([one, two]),
        point["time"],
        point["samples_per_dimension"],
        point["features_per_dimension"],
        centroid_overlaps=jnp.stack([first, across, across, second]).reshape(2, 2),
    )


def without(point: dict, variances: tuple[float, float]) -> ClassModel:
    """The same with the mean zero in both classes, and other variances.

    Written with two groups of directions, like all of `flows`, so that nothing is compiled anew.
    """
    ratios = point["samples_per_dimension"], point["features_per_dimension"]
    return flows.model(flows.point(variances, 50, ratios, 2, point["time"]))


def of(dataset: xarray.Dataset, place: int) -> dict:
    """The grid point in row `place` of a result, as Python numbers."""
    names = (*FIELDS, *SIZES, *(name for name in MORE if name in dataset))
    return {name: dataset[name].values[place].item() for name in names}
