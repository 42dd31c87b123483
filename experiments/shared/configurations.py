"""Random but fixed settings of the linear layer: nothing orthogonal, equal or of unit length."""

from __future__ import annotations

import zlib
from typing import Any

import jax.numpy as jnp
import numpy as np

from diversity_jax.attention import settings

LENGTHS = (1, 2, 5, 20, 50, 3, 8, 30)


def point(configuration: int) -> dict[str, Any]:
    """The sizes of configuration number `configuration`, as a grid point."""
    return {
        "configuration": configuration,
        "clusters": 2 + configuration % 3,
        "heads": 2 + (configuration // 3) % 3,
        "dimension": 3 + configuration % 4,
        "length": LENGTHS[configuration % len(LENGTHS)],
    }


def draw(point: dict[str, Any]) -> dict[str, Any]:
    """Mixture, heads `[h, d]` and strength of a grid point; the same at every call."""
    name = f"attention configuration {int(point['configuration'])}"
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    k, h, d = (int(point[size]) for size in ("clusters", "heads", "dimension"))
    weights = generator.uniform(0.5, 1.5, k)
    means = generator.normal(size=(k, d)) / np.sqrt(d)
    heads = generator.normal(size=(h, d)) / np.sqrt(d)
    return {
        "mixture": settings.along(
            jnp.asarray(means),
            variance=generator.uniform(0.03, 0.15),
            weights=jnp.asarray(weights / weights.sum()),
        ),
        "heads": jnp.asarray(heads),
        "strength": generator.uniform(0.3, 0.7),
    }
