"""Linear discriminants fitted to what a rule selects: what n points cost, and when means swap."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray
from scipy.special import ndtr

from diversity_jax import seeds
from diversity_jax.selection import theory

AXES = {"errors": ("size",)}
RULES = ("random", "entropy", "near_other", "far_other")
SEPARATIONS = (2.0, 4.0)
FLIPS = (2.4, 2.7, 2.9, 3.2)  # around 2.7996, for a fifth
TRACED = {"rule": RULES.index}
MAP = np.linspace(0.5, 5.0, 46), np.geomspace(0.02, 0.9, 40)


@dataclass(frozen=True)
class Config:
    """`sizes` are selected points, of both domains together; the pool holds 1/fraction as many."""

    seeds: int = 320
    dimension: int = 20
    fraction: float = 0.2
    sizes: tuple[int, ...] = (100, 200, 400, 800)
    flip_dimension: int = 5
    flip_size: int = 800


PRESETS = {
    "smoke": Config(seeds=12, sizes=(100, 140, 200, 280), flip_size=200),
    "laptop": Config(),
    "paper": Config(seeds=4000, sizes=(200, 400, 800, 1600, 3200)),
}
CHUNK = 160


def grid(config: Config) -> list[dict]:
    """Every rule at both separations; then a scan of separations about the swap of the means."""
    first = [
        _point(rule, apart, config.dimension, config.fraction, config.sizes)
        for rule in RULES
        for apart in SEPARATIONS
    ]
    # As many sizes as above, since all points have the same fields; one of them is run.
    sizes = (config.flip_size,) * len(config.sizes)
    scan = [
        _point(rule, apart, config.flip_dimension, config.fraction, sizes)
        for rule in ("near_other", "far_other")
        for apart in FLIPS
    ]
    return [*first, *scan]


def _point(rule: str, apart: float, dimension: int, fraction: float, sizes: tuple) -> dict:
    return {
        "rule": rule,
        "separation": apart,
        "dimension": dimension,
        "kept": f"{fraction:.12g}",
        "sizes": sizes,
    }


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """The exact test error of the discriminant fitted to one draw's selection, at each size.

    Every rule looks at the axis alone, so the other coordinates are drawn for chosen points only.
    """
    fraction, d = float(point["kept"]), point["dimension"]
    errors = []
    for number, size in enumerate(dict.fromkeys(point["sizes"])):
        own = seeds.stream(key, "points", number)
        shape = (2, round(size / fraction / 2))
        shift = jnp.asarray([0.5, -0.5]) * point["separation"]
        axis = shift[:, None] + jax.random.normal(seeds.stream(own, "axis"), shape, jnp.float64)
        chance = jax.random.uniform(seeds.stream(own, "chance"), shape)
        chosen = select(point["rule"], axis, chance, size)
        rest = jax.random.normal(seeds.stream(own, "rest"), (size, d - 1), jnp.float64)
        points = jnp.concatenate([axis.ravel()[chosen][:, None], rest], axis=1)
        errors.append(error(points, chosen < shape[1], point["separation"]))
    return {"errors": jnp.stack(errors)}


def select(rule: jax.Array, axis: jax.Array, chance: jax.Array, size: int) -> jax.Array:
    """Places `[size]` in ``axis.ravel()``: half from each domain, but for entropy.

    The entropy rule has no quota: its slab is cut from both domains together.
    """
    toward = jnp.stack([-axis[0], axis[1]])
    scores = {"random": chance, "entropy": chance, "near_other": toward, "far_other": -toward}
    # All rules are computed, so that they share one compiled job.
    score = jnp.stack([scores[name] for name in RULES])[rule]
    # XLA sorts doubles by a slow route; the last digits of a score choose nothing.
    score, odds = score.astype(jnp.float32), -jnp.abs(axis.ravel()).astype(jnp.float32)
    half = jax.lax.top_k(score, size // 2)[1]
    quota = jnp.concatenate([half[0], axis.shape[1] + half[1]])
    slab = jax.lax.top_k(odds, size)[1]
    return jnp.where(rule == RULES.index("entropy"), slab, quota)


def error(points: jax.Array, first: jax.Array, apart: jax.Array) -> jax.Array:
    """Test error of the discriminant fitted to `points`, for equally likely domains."""
    weights = jnp.stack([first, ~first]).astype(points.dtype)
    means = weights @ points / weights.sum(axis=1, keepdims=True)
    centred = points - weights.T @ means
    within = centred.T @ centred / points.shape[0]
    direction = jnp.linalg.solve(within, means[0] - means[1])
    middle = direction @ (means[0] + means[1]) / 2
    length = jnp.linalg.norm(direction)
    true = apart / 2 * direction[0]
    cdf = jax.scipy.special.ndtr
    return (cdf((middle - true) / length) + cdf((-middle - true) / length)) / 2


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the first-order theory per size, its terms without selection, and a map of the error."""
    fraction = float(dataset.kept.values[0])
    rows, plain = [], []
    for place in range(dataset.sizes["point"]):
        rule, apart = str(dataset.rule.values[place]), float(dataset.separation.values[place])
        found = theory.axis_after(separation=apart, rule=rule, fraction=fraction)
        setting = {"separation": apart, "dimension": int(dataset.dimension.values[place])}
        sizes = dataset.coords["sizes"].values[place].astype(float)
        both = [
            theory.lda_error(
                **setting, difference=found.difference, variance=found.variance, samples=size
            )
            for size in sizes
        ]
        narrow = theory.lda_error(
            **setting, difference=found.difference, variance=1.0, samples=sizes[0]
        )
        rows.append([[float(one.base), float(one.excess) * size] for one, size in zip(both, sizes)])
        plain.append(float(narrow.excess) * sizes[0])
    made = np.array(rows)
    apart, shares = MAP
    flips = np.array([float(theory.flip_separation(share)) for share in shares])
    swapped = apart[None, :] < flips[:, None]
    return dataset.assign(
        theory_base=(("point", "size"), made[:, :, 0]),
        theory_slope=("point", made[:, 0, 1]),
        unnarrowed_slope=("point", np.array(plain)),
        map_error=(
            ("map_fraction", "map_separation"),
            ndtr(np.where(swapped, 0.5, -0.5) * apart[None, :]),
        ),
        flip=("map_fraction", flips),
    ).assign_coords(map_fraction=shares, map_separation=apart)
