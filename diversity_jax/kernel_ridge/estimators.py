"""Kernel ridge regression with `fit`, `predict` and `score`, as scikit-learn's estimators have.

    model = KernelRidge(ridge=1e-4, solver="nystrom", centres=1000).fit(X, y)
    model.predict(others), model.score(others, their_targets)

They work in `GridSearchCV` and pipelines. There is no intercept: far from all inputs predictions
are 0. `Estimator` is what all of them share.
"""

from __future__ import annotations

import inspect
from typing import Any

import jax
import numpy as np

from diversity_jax import seeds, validate
from diversity_jax.kernel_ridge import exact, kernels, nystrom, tuning
from diversity_jax.kernel_ridge.fitted import Fit

KERNELS = {
    "gaussian": kernels.gaussian,
    "laplace": kernels.laplace,
    "matern-3/2": lambda length: kernels.matern(length, 1.5),
    "matern-5/2": lambda length: kernels.matern(length, 2.5),
}
SOLVERS = ("exact", "nystrom", "falkon")


class Estimator:
    """Options by name, tables in, predictions out; a child has `__init__` and `_fitted`.

    After `fit`: `n_features_in_`, `kernel_`, `lengthscale_` (None where the kernel was given),
    `fit_` (the record with `residual` and `converged`).
    """

    kernel: Any
    lengthscale: Any

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options by name (`deep` is for callers of scikit-learn's kind)."""
        return {name: getattr(self, name) for name in self._options()}

    def set_params(self, **options: Any) -> Any:
        """Change options; ValueError for a name that is none, with all left as they were."""
        for name in options:
            validate.choice("option", name, self._options())
        for name, value in options.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({options})"

    def fit(self, X: object, y: object) -> Any:
        """Fit to rows X `[n, d]` and targets y `[n]` or `[n, c]`.

        Errors: ValueError in one line for rows all alike, values that are not finite or no numbers,
        targets of another number, options that do not fit; what was fitted before stays.
        """
        inputs, targets = _table("X", X), _numbers("y", y)
        if targets.ndim not in (1, 2) or len(targets) != len(inputs):
            got, wanted = f"shape {targets.shape}", f"({len(inputs)}) or ({len(inputs)}, columns)"
            raise validate.fail("y", got, wanted, "give each row its target")
        validate.finite("y", targets)
        if len(inputs) > 1 and (inputs == inputs[0]).all():
            fix = "nothing can be learned from them: pass columns that differ"
            raise validate.fail("X", f"{len(inputs)} rows all alike", "some that differ", fix)
        kernel, length = self._kernel(inputs)
        self.fit_: Any = self._fitted(kernel, inputs, targets)
        self.kernel_, self.lengthscale_ = kernel, length
        self.n_features_in_ = inputs.shape[1]
        names = getattr(X, "columns", None)
        if names is not None and all(isinstance(name, str) for name in names):
            self.feature_names_in_ = np.array(list(names), object)
        return self

    def predict(self, X: object) -> np.ndarray:
        """Predictions `[m]` or `[m, c]`.

        Errors: ValueError before `fit`, for another number of columns, values that are not finite.
        """
        if not hasattr(self, "fit_"):
            raise validate.fail("estimator", "one that is not fitted", "one that is", "call fit")
        points = _table("X", X)
        if points.shape[1] != self.n_features_in_:
            got, wanted = f"{points.shape[1]} columns", f"{self.n_features_in_}, as fitted"
            raise validate.fail("X", got, wanted, "pass the columns of the rows fitted")
        return np.asarray(self.fit_.predict(points))

    def score(self, X: object, y: object, sample_weight: object = None) -> float:
        """``1 - squared errors / squares about the mean``, averaged over targets; at most 1.

        Of targets that are all alike 1 where they are met, else 0.
        """
        found, truth = self.predict(X), _numbers("y", y)
        if truth.shape != found.shape:
            got, wanted = f"shape {truth.shape}", f"shape {found.shape}"
            raise validate.fail("y", got, wanted, "give each row its target")
        weight = (
            np.ones(len(truth)) if sample_weight is None else _numbers("weights", sample_weight)
        )
        validate.shape("sample_weight", weight, (len(truth),), "give each row one weight")
        along = weight if truth.ndim == 1 else weight[:, None]
        left = (along * (truth - found) ** 2).sum(0)
        spread = (along * (truth - (along * truth).sum(0) / weight.sum()) ** 2).sum(0)
        share = 1 - left / np.where(spread > 0, spread, 1)
        return float(np.mean(np.where(spread > 0, share, np.where(left > 0, 0.0, 1.0))))

    def _fitted(self, kernel: kernels.Kernel, inputs: np.ndarray, targets: np.ndarray) -> Any:
        raise NotImplementedError

    def _kernel(self, inputs: np.ndarray) -> tuple[kernels.Kernel, float | None]:
        """The kernel that the options name, and its lengthscale."""
        if not isinstance(self.kernel, str):
            return kernels.known(self.kernel), None
        validate.choice("kernel", self.kernel, tuple(KERNELS))
        length = self.lengthscale
        if isinstance(length, str):
            validate.choice("lengthscale", length, ("median",))
            length = tuning.median_distance(inputs)
        return KERNELS[self.kernel](length), float(length)

    @classmethod
    def _options(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "fit_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, RegressorTags, Tags, TargetTags

        target = TargetTags(required=True, multi_output=True)
        return Tags("regressor", target, regressor_tags=RegressorTags(), input_tags=InputTags())


class KernelRidge(Estimator):
    """Minimise ``(1/n) sum (f(x_i) - y_i)^2 + ridge |f|^2`` over functions of a kernel.

    `kernel` is "gaussian", "laplace", "matern-3/2", "matern-5/2", with a `lengthscale` ("median":
    of the distances between rows), or a kernel itself (`kernels.polynomial(2)`, a function of two
    tables). `solver`: "exact" up to 16,384 rows; "nystrom" (direct) and "falkon" (conjugate
    gradients, `iterations` and `jitter`) with `centres`: how many rows, drawn by `random_state`, or
    the centres themselves. scikit-learn's `alpha` is n ridge, its `gamma` ``1 / (2 l^2)``.
    """

    def __init__(
        self,
        *,
        kernel: Any = "gaussian",
        lengthscale: Any = "median",
        ridge: float = 1e-3,
        solver: str = "exact",
        centres: Any = 1000,
        iterations: int = 20,
        jitter: float | None = None,
        random_state: int = 0,
    ):
        self.kernel = kernel
        self.lengthscale = lengthscale
        self.ridge = ridge
        self.solver = solver
        self.centres = centres
        self.iterations = iterations
        self.jitter = jitter
        self.random_state = random_state

    def _fitted(self, kernel: kernels.Kernel, inputs: np.ndarray, targets: np.ndarray) -> Fit:
        validate.choice("solver", self.solver, SOLVERS)
        if self.solver == "exact":
            return exact.fit(kernel, inputs, targets, ridge=self.ridge)
        centres = drawn(inputs, self.centres, self.random_state)
        given: dict[str, Any] = {"ridge": self.ridge, "centres": centres, "jitter": self.jitter}
        if self.solver == "nystrom":
            return nystrom.fit(kernel, inputs, targets, **given)
        return nystrom.falkon(kernel, inputs, targets, iterations=self.iterations, **given)


def drawn(inputs: np.ndarray, centres: Any, random_state: int) -> np.ndarray:
    """Centres: some of the rows (all where there are no more), or those that were given.

    Errors: ValueError for fewer than one, a seed that is none.
    """
    if np.ndim(centres) > 0:
        return np.asarray(centres)
    validate.integer("centres", centres, "pass how many rows to take, or the centres", least=1)
    key = seeds.stream(seeds.root(validate.seed(random_state)), "centres")
    if centres >= len(inputs):
        return inputs
    return inputs[np.asarray(jax.random.permutation(key, len(inputs)))[:centres]]


def _numbers(name: str, given: object) -> np.ndarray:
    try:
        values = np.asarray(given)
        if values.dtype.kind not in "fiub":
            values = values.astype(np.float64)
    except (TypeError, ValueError) as error:
        fix = "encode what is no number"
        raise validate.fail(name, type(given).__name__, "numbers", fix) from error
    kind = np.dtype(jax.numpy.zeros(0).dtype)
    return values if values.dtype == np.float32 else values.astype(kind)


def _table(name: str, given: object) -> np.ndarray:
    values = _numbers(name, given)
    if values.ndim != 2 or 0 in values.shape:
        got, fix = f"shape {values.shape}", "give one row per point"
        raise validate.fail(name, got, "shape (rows, columns), none of them 0", fix)
    validate.finite(name, values)
    return values
