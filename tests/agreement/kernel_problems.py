"""Small random kernel matrices, and cells of their points."""

import zlib

import numpy as np


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def gaussian(points, others=None, lengthscale=1.0):
    others = points if others is None else others
    apart = ((points[:, None, :] - others[None, :, :]) ** 2).sum(2)
    return np.exp(-apart / (2 * lengthscale**2))


def drawn(rng, points, cells):
    """A kernel matrix of one of three kinds, and cells none of which is empty."""
    kind = rng.integers(3)
    if kind == 0:
        matrix = gaussian(rng.normal(size=(points, 2)) * 10 ** rng.uniform(-1, 1))
    else:
        features = rng.normal(size=(points, int(rng.integers(1, 2 * points))))
        if kind == 2:  # copies, and lengths that differ by decades
            features = features[rng.integers(points // 2, size=points)]
            features = features * 10 ** rng.uniform(-1, 1, (points, 1))
        matrix = features @ features.T
    return matrix, placed(rng, points, cells)


def placed(rng, points, cells):
    return rng.permutation(
        np.concatenate([np.arange(cells), rng.integers(cells, size=points - cells)])
    )


def by_hand(matrix, cells, shift):
    """A = D + shift, B = K + shift, by a mask."""
    inside = matrix * (cells[:, None] == cells[None, :])
    return inside + shift * np.eye(len(matrix)), matrix + shift * np.eye(len(matrix))
