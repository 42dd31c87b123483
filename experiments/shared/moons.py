"""Two moons: half circles that reach into each other, which no line parts."""

from __future__ import annotations

import numpy as np

NOISE = 0.1


def moons(random: np.random.Generator, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Points in random order with Gaussian noise of .1, and labels of -1 and 1, equally likely."""
    classes = np.where(random.random(number) < 0.5, -1.0, 1.0)
    angles = random.uniform(0, np.pi, number)
    upper = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = np.where((classes > 0)[:, None], upper, [1, 0.5] - upper)
    return points + NOISE * random.standard_normal((number, 2)), classes
