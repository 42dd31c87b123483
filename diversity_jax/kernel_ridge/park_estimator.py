"""ParK with `fit`, `predict` and `score`, as scikit-learn's estimators have them.

model = ParK(cells=64, centres_per_cell=500, ridge=1e-6).fit(X, y)
model.predict(others), model.fit_.residuals, model.fit_.partition.sizes
"""

from __future__ import annotations

from typing import Any

import numpy as np

from diversity_jax import seeds, validate
from diversity_jax.kernel_ridge import kernels, park
from diversity_jax.kernel_ridge.estimators import Estimator


class ParK(Estimator):
    """Kernel ridge regression in the cells of a partition of feature space.

    `kernel`, `lengthscale` and `ridge` are those of `estimators.KernelRidge`, the rest of
    `park.fit`: `cells` by `method`, split where they have more than `most` times the mean,
    `centres_per_cell` (None: all rows of a cell), `solver` ("direct", or "falkon" with
    `iterations`), `blend` (0: hard borders). Centroids and centres are drawn by `random_state`.
    """

    def __init__(
        self,
        *,
        kernel: Any = "gaussian",
        lengthscale: Any = "median",
        ridge: float = 1e-3,
        cells: int = 8,
        centres_per_cell: int | None = 500,
        method: str = "k-means++",
        solver: str = "direct",
        iterations: int = 20,
        most: float | None = park.MOST,
        blend: float = 0.0,
        random_state: int = 0,
    ):
        self.kernel = kernel
        self.lengthscale = lengthscale
        self.ridge = ridge
        self.cells = cells
        self.centres_per_cell = centres_per_cell
        self.method = method
        self.solver = solver
        self.iterations = iterations
        self.most = most
        self.blend = blend
        self.random_state = random_state

    def _fitted(self, kernel: kernels.Kernel, inputs: np.ndarray, targets: np.ndarray) -> park.ParK:
        centres = self.centres_per_cell
        if validate.whole(centres):
            # A default, and a grid, is to serve small tables too.
            centres = min(centres, len(inputs))
        return park.fit(
            seeds.root(validate.seed(self.random_state)),
            kernel,
            inputs,
            targets,
            ridge=self.ridge,
            cells=self.cells,
            centres_per_cell=centres,
            method=self.method,
            solver=self.solver,
            iterations=self.iterations,
            most=self.most,
            blend=self.blend,
        )
