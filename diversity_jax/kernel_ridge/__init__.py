"""Kernel ridge regression: exact, with few centres, and by partitions of space (2106.12231).

`kernels`    Gaussian, Laplace, Matern, polynomial, periodic Sobolev; a function of one's own
`products`   a kernel matrix times vectors, in blocks, without the matrix
`exact`      all coefficients by one factorisation; residuals with each point left out
`nystrom`    few centres: direct, or by preconditioned conjugate gradients (Falkon)
`tuning`     tables of errors over ridges and lengthscales, and the choice
`estimators` the same with `fit`, `predict` and `score`, as scikit-learn's have them
`partition`  cells of feature space (`centroids`, `routing`); `park` a solve in each (`cells`)
`park_estimator` ParK as scikit-learn has estimators; `problems` data with a known truth
`theory`     effective dimensions, angles between cells, costs and rates
"""

from diversity_jax import _doors

__getattr__, __dir__ = _doors.lazily(__name__)
