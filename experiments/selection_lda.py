"""Linear discriminants fitted to what a rule selects: what n points cost, and when means swap."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray
from scipy.special import ndtr

from diversity_jax import seeds
from diversity_jax.selection import theory

HOST = True  # numpy finds the extreme points without sorting all, and nothing is compiled
AXES = {"errors": ("size",), "beyond_half": ("size",)}
RULES = ("random", "entropy", "near_other", "far_other")
SEPARATIONS = (2.0, 4.0)
FLIPS = (2.4, 2.7, 2.9, 3.2)  # around 2.7996, for a fifth
MAP = np.linspace(0.5, 5.0, 46), np.geomspace(0.02, 0.9, 40)


@dataclass(frozen=True)
class Config:
    """`sizes` are selected points, of both domains together; the pool holds 1/fraction as many.

    A seed is a mean over `draws`, `few` of them where no coefficient is claimed, and `plane_draws`
    in two dimensions, where the midpoint is up to half of the excess.
    """

    seeds: int = 64
    draws: int = 16
    few: int = 5
    plane_draws: int = 200
    dimension: int = 10
    fraction: float = 0.2
    # A ratio of three: the limit is then told from what is left of the second order.
    sizes: tuple[int, ...] = (60, 180, 540, 1620)
    plane_sizes: tuple[int, ...] = (20, 60, 180, 540)
    flip_dimension: int = 5
    flip_size: int = 800


PRESETS = {
    "smoke": Config(
        seeds=12,
        draws=2,
        few=1,
        plane_draws=4,
        sizes=(100, 140, 200, 280),
        plane_sizes=(20, 40, 80, 160),
        flip_size=200,
    ),
    "laptop": Config(),
    "paper": Config(seeds=1000, dimension=20, sizes=(100, 300, 900, 2700)),
}


def grid(config: Config) -> list[dict]:
    """Every rule at both separations and in the plane; then separations about the means' swap."""
    fraction = config.fraction
    first = [
        _point(
            rule, apart, config.dimension, fraction, config.sizes,
            config.draws if apart == max(SEPARATIONS) else config.few,
        )
        for rule in RULES
        for apart in SEPARATIONS
    ]  # fmt: skip
    plane = [
        _point(rule, max(SEPARATIONS), 2, fraction, config.plane_sizes, config.plane_draws)
        for rule in RULES
    ]
    # As many sizes as above, since all points have the same fields; one of them is run.
    sizes = (config.flip_size,) * len(config.sizes)
    scan = [
        _point(rule, apart, config.flip_dimension, fraction, sizes, config.few)
        for rule in ("near_other", "far_other")
        for apart in FLIPS
    ]
    return [*first, *plane, *scan]


def _point(
    rule: str, apart: float, dimension: int, fraction: float, sizes: tuple, draws: int
) -> dict:
    return {
        "rule": rule,
        "separation": apart,
        "dimension": dimension,
        "kept": f"{fraction:.12g}",
        "sizes": sizes,
        "draws": draws,
    }


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """The mean test error of discriminants fitted to a rule's selections, at each size.

    The error is exact for each of the draws; `beyond_half` is the share of them that are worse than
    guessing. Every rule looks at the axis alone, so the other coordinates are drawn for chosen
    points only.
    """
    random, errors = seeds.numpy_generator(key), []
    fraction, d, draws = float(point["kept"]), point["dimension"], point["draws"]
    for size in dict.fromkeys(point["sizes"]):
        axis = random.standard_normal((draws, 2, round(size / fraction / 2)))
        axis += np.array([[0.5], [-0.5]]) * point["separation"]
        chosen = select(point["rule"], axis, size)
        along = np.take_along_axis(axis.reshape(draws, -1), chosen, axis=1)
        rest = random.standard_normal((draws, size, d - 1))
        points = np.concatenate([along[..., None], rest], axis=2)
        errors.append(error(points, chosen < axis.shape[2], point["separation"]))
    found = np.stack(errors)
    return {"errors": found.mean(axis=1), "beyond_half": np.mean(found > 0.5, axis=1)}


def select(rule: str, axis: np.ndarray, size: int) -> np.ndarray:
    """Places `[draws, size]` in the flattened ``axis`` `[draws, 2, n]`: half from each domain.

    But for entropy, which has no quota: its slab is cut from both domains together.
    """
    draws, _, number = axis.shape
    if rule == "entropy":
        return np.argpartition(np.abs(axis.reshape(draws, -1)), size - 1, axis=1)[:, :size]
    half = size // 2
    if rule == "random":  # points are independent: the first ones are as random as any
        quota = np.broadcast_to(np.arange(half), (draws, 2, half))
    else:
        toward = np.stack([-axis[:, 0], axis[:, 1]], axis=1)
        least = -toward if rule == "near_other" else toward
        quota = np.argpartition(least, half - 1, axis=2)[:, :, :half]
    return (quota + np.array([[0], [number]])).reshape(draws, size)


def error(points: np.ndarray, first: np.ndarray, apart: float) -> np.ndarray:
    """Test errors of discriminants fitted to `points` `[draws, n, d]`, equally likely domains."""
    weights = np.stack([first, ~first], axis=1).astype(points.dtype)
    means = weights @ points / weights.sum(axis=2, keepdims=True)
    centred = points - np.where(first[..., None], means[:, :1], means[:, 1:])
    within = centred.swapaxes(1, 2) @ centred / points.shape[1]
    direction = np.linalg.solve(within, (means[:, 0] - means[:, 1])[..., None])[..., 0]
    middle = (direction * means.sum(axis=1)).sum(axis=1) / 2
    length = np.linalg.norm(direction, axis=1)
    true = apart / 2 * direction[:, 0]
    return (ndtr((middle - true) / length) + ndtr((-middle - true) / length)) / 2


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the first-order theory per size, itself with a term left out, and a map of the error."""
    fraction = float(dataset.kept.values[0])
    rows = [
        _slopes(str(rule), float(apart), int(dimension), fraction)
        for rule, apart, dimension in zip(
            dataset.rule.values, dataset.separation.values, dataset.dimension.values
        )
    ]
    names = ("theory_base", "theory_slope", "fixed_cut_slope", "no_midpoint", "exact_means")
    apart, shares = MAP
    flips = np.array([float(theory.flip_separation(share)) for share in shares])
    swapped = apart[None, :] < flips[:, None]
    ends = [theory.axis_after(separation=4.0, rule="near_other", fraction=f) for f in shares]
    slopes = {name: ("point", column) for name, column in zip(names, np.array(rows).T)}
    return (
        dataset.assign(slopes)
        .assign(
            map_error=(
                ("map_fraction", "map_separation"),
                ndtr(np.where(swapped, 0.5, -0.5) * apart[None, :]),
            ),
            flip=("map_fraction", flips),
            moving_cut=("map_fraction", np.array([float(one.midpoint) for one in ends])),
            fixed_cut=("map_fraction", np.array([float(one.variance) for one in ends])),
        )
        .assign_coords(map_fraction=shares, map_separation=apart)
    )


def _slopes(rule: str, apart: float, dimension: int, fraction: float) -> list[float]:
    """The base, n times the excess, and the latter with one term changed.

    The pool's cut fixed beforehand, the midpoint left out, the noise of the means left out.
    """
    after = theory.axis_after(separation=apart, rule=rule, fraction=fraction)
    given = {"separation": apart, "variance": after.variance, "samples": 1.0}
    own = {"difference": after.difference, "midpoint": after.midpoint}
    whole = theory.lda_error(**given, **own, dimension=dimension)
    fixed = theory.lda_error(**given, difference=after.difference, dimension=dimension)
    middle = theory.lda_error(**given, **own, dimension=1)
    # Means that are far apart are known well, but which of them is the first one is kept.
    far = {**own, "difference": 1e9 * np.sign(float(after.difference))}
    exact = theory.lda_error(**given, **far, dimension=dimension)
    excess = float(whole.excess)
    rivals = [float(fixed.excess), excess - float(middle.excess), float(exact.excess)]
    return [float(whole.base), excess, *rivals]
