"""Length of centroids against variance, and their angle: which class is learned first.

Where the angle enters. From A = 0 the loss of class c begins as ``1 - 4 D^2 tau rate_c``, with
``rate_c = sum_c' pi_c' E_h[a_c(h) a_c'(h)]``, since ``V_c = sqrt(D) A_c W / sqrt d`` (see
`contours`; derived). Slopes of two classes are alike in every neuron where their centroids lie
along one line, and independent where they are orthogonal: a class profits from the samples of
others by their angle. At shares .2 and .8, variance .3 and lengths 1.8 and 2 the larger class falls
faster by 19% at a right angle and slower by 1% at a cosine of .95, whatever its sign, since slopes
are even.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from experiments.shared import centroids, flows

AXES = flows.AXES
RATIOS = (4, 16)
SIZES = (0.3, 1.2)  # of the centroids, per coordinate: the second class lies further out
# Equal variances; the further class of larger variance by much, and by little.
VARIANCES = {"equal": (1.0, 1.0), "unlike": (0.7, 1.3), "nearly": (0.95, 1.05)}

# Where lengths and shares disagree the angle decides: a minority with the shorter centroid.
ANGLES = {"right angle": 0.0, "acute": 0.95, "obtuse": -0.95}
ANGLE_RATIOS, ANGLE_PERCENT, ANGLE_VARIANCE, ANGLE_SIZES = (4, 8), 80, 0.3, (1.8, 2.0)


@dataclass(frozen=True)
class Config:
    """One dimension for lengths, one for angles; the order of the classes is decided over seeds."""

    seeds: int = 32
    dimension: int = 30
    angle_dimension: int = 35


PRESETS = {
    "smoke": Config(seeds=6, dimension=12, angle_dimension=10),
    "laptop": Config(),
    "paper": Config(seeds=32, dimension=80, angle_dimension=80),
}


def grid(config: Config) -> list[dict]:
    """One point per pair of variances, and one per angle."""
    lengths = [_point(pair, SIZES, RATIOS, config.dimension) for pair in VARIANCES.values()]
    alike = (ANGLE_VARIANCE, ANGLE_VARIANCE)
    more = {"percent": ANGLE_PERCENT}
    return lengths + [
        _point(alike, ANGLE_SIZES, ANGLE_RATIOS, config.angle_dimension, cosine=cosine, **more)
        for cosine in ANGLES.values()
    ]


def _point(
    variances: tuple[float, float],
    sizes: tuple[float, float],
    ratios: tuple[int, int],
    dimension: int,
    **more: float,
) -> dict:
    squares = (sizes[0] ** 2, sizes[1] ** 2)
    return centroids.point(variances, squares, ratios, dimension, **{**centroids.MORE, **more})


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """The losses of one draw at `flows.TRAINING_TIMES`, and the times that they give."""
    return flows.simulate_model(key, centroids.model(point), point["dimension"])


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the predicted curves and times; `square_test` has every angle replaced by a right one.

    Odd features cannot tell a centroid from its opposite, so the cosine's sign is left out of the
    prediction.
    """
    points = [centroids.of(dataset, place) for place in range(dataset.sizes["point"])]
    settings = [*VARIANCES, *ANGLES]
    models = [centroids.model({**one, "cosine": abs(one["cosine"])}) for one in points]
    found = flows.beside_theory(dataset, models)
    test = found.theory_test.values.copy()
    for place, name in enumerate(settings):
        if name in ANGLES:
            test[place] = found.theory_test.values[settings.index("right angle")]
    return found.assign(square_test=(found.theory_test.dims, np.asarray(test))).assign_coords(
        setting=("point", settings)
    )
