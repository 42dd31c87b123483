"""Two isotropic classes with orthogonal centroids: how experiments write them.

Variances and the centroids' mean squares per coordinate are floats, hence traced: settings of
equal sizes compile once.
"""

from __future__ import annotations

import jax.numpy as jnp
import xarray

from diversity_jax.diffusion.model import ClassModel
from experiments.shared import flows

FIELDS = ("variance_one", "variance_two", "centroid_one", "centroid_two")


def point(
    variances: tuple[float, float],
    squares: tuple[float, float],
    ratios: tuple[int, int],
    dimension: int,
) -> dict:
    """A grid point; `squares` are ``|mu_c|^2 / d``."""
    return {
        **dict(zip(FIELDS, (*variances, *squares))),
        "samples_per_dimension": ratios[0],
        "features_per_dimension": ratios[1],
        "dimension": dimension,
        "time": 0.1,
    }


def model(point: dict) -> ClassModel:
    """Two classes of equal share."""
    one, two, first, second = (jnp.asarray(point[name], float) for name in FIELDS)
    return ClassModel(
        [0.5, 0.5],
        jnp.stack([one, two]),
        point["time"],
        point["samples_per_dimension"],
        point["features_per_dimension"],
        centroid_overlaps=jnp.diag(jnp.stack([first, second])),
    )


def without(point: dict, variances: tuple[float, float]) -> ClassModel:
    """The same with the mean zero in both classes, and other variances.

    Written with two groups of directions, like all of `flows`, so that nothing is compiled anew.
    """
    ratios = point["samples_per_dimension"], point["features_per_dimension"]
    return flows.model(flows.point(variances, 50, ratios, 2, point["time"]))


def of(dataset: xarray.Dataset, place: int) -> dict:
    """The grid point in row `place` of a result, as Python numbers."""
    names = (*FIELDS, "samples_per_dimension", "features_per_dimension", "dimension", "time")
    return {name: dataset[name].values[place].item() for name in names}
