"""The parameters of a random-features score model on a mixture of classes.

Read by theory and simulation alike; imports neither.
"""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax.core import Tracer
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.records import Record

PROBES = np.linspace(0.1, 5.0, 50)


class ClassModel(Record):
    """Classes of a mixture, one diffusion time, and the sizes of samples and features.

    Class c holds the share `fractions[c]` of ``n = samples_per_dimension * d`` samples in d
    dimensions; the score model at diffusion time `time` has ``p = features_per_dimension * d``
    features with an odd `activation`. `variances` `[k]` are those of isotropic classes; `[k, g]`
    with `group_fractions` `[g]` gives class c the variance ``variances[c, g]`` along a share
    ``group_fractions[g]`` of orthogonal directions. Both are kept in the second form, with one
    group of all directions where none are given. `centroid_overlaps` `[k, k]` is
    ``mu_c . mu_c' / d`` for centroids whose length grows like ``sqrt(d)``; without it centroids
    are shorter than that. All numbers may be traced.

    Errors: ValueError for fractions off the simplex, variances, ratios or a time that are not
    positive, overlaps that are no covariance, an activation that is not odd or is linear. Fractions
    off the simplex become NaN where they are traced.
    """

    fractions: Float[Array, " k"]
    variances: Float[Array, "k g"]
    time: Float[Array, ""]
    samples_per_dimension: Float[Array, ""]
    features_per_dimension: Float[Array, ""]
    group_fractions: Float[Array, " g"]
    centroid_overlaps: Float[Array, "k k"] | None
    activation: Callable[[Array], Array] = eqx.field(static=True)

    def __init__(
        self,
        fractions: npt.ArrayLike,
        variances: npt.ArrayLike,
        time: ScalarLike,
        samples_per_dimension: ScalarLike,
        features_per_dimension: ScalarLike,
        *,
        group_fractions: npt.ArrayLike | None = None,
        centroid_overlaps: npt.ArrayLike | None = None,
        activation: Callable[[Array], Array] = jnp.tanh,
    ):
        self.fractions = _numbers(fractions)
        _check_fractions(self.fractions)
        if isinstance(self.fractions, Tracer):
            self.fractions = _on_simplex(self.fractions)
        self.variances, self.group_fractions = _by_group(
            variances, group_fractions, self.fractions.shape[0]
        )
        self.time = _numbers(time)
        self.samples_per_dimension = _numbers(samples_per_dimension)
        self.features_per_dimension = _numbers(features_per_dimension)
        self.centroid_overlaps = None if centroid_overlaps is None else _numbers(centroid_overlaps)
        self.activation = activation
        _check(self)
        if centroid_overlaps is not None and group_fractions is not None:
            got = "both centroid_overlaps and group_fractions"
            fix = "give extensive centroids isotropic classes"
            raise validate.fail("group_fractions", got, "one of them", fix)

    @property
    def classes(self) -> int:
        """The number of classes, `k`."""
        return self.fractions.shape[0]

    @property
    def groups(self) -> Float[Array, " g"]:
        """The share of directions in each group; one group where all directions are alike."""
        return self.group_fractions

    @property
    def group_variances(self) -> Float[Array, "k g"]:
        """The variance of each class along the directions of each group."""
        return self.variances

    @property
    def mean_variances(self) -> Float[Array, " k"]:
        """The variance of each class per coordinate, averaged over all directions."""
        return self.variances @ self.group_fractions


class ClassLosses(Record):
    """Loss per class on its own samples and on new ones, `[time, class]`; 1 before training.

    Predicted by `losses.flow_losses`, simulated by `training.simulated_losses`. In units of
    ``(1/d) E |xi|^2 = 1``.
    """

    train: Float[Array, "t k"]
    test: Float[Array, "t k"]


def _numbers(value: npt.ArrayLike | ScalarLike) -> Array:
    """An array that stays concrete, if `value` is, inside code that is being traced.

    Sizes of arrays follow from fractions and ratios.
    """
    if not validate.seen(value):
        return jnp.asarray(value, float)
    with jax.ensure_compile_time_eval():
        return jnp.asarray(value, float)


def _by_group(
    variances: npt.ArrayLike, group_fractions: npt.ArrayLike | None, k: int
) -> tuple[Array, Array]:
    """Variances `[k, g]` and the shares `[g]` of the groups, whichever way they were given."""
    table = _numbers(variances)
    if group_fractions is not None:
        groups = _numbers(group_fractions)
        validate.shape("group_fractions", groups, (None,), "pass one per group")
        validate.shape("variances", table, (k, groups.shape[0]), "pass one per class and group")
        return table, groups
    fix = "pass one variance per class, or [k, g] with group_fractions [g]"
    validate.shape("variances", table, (k,), fix)
    if isinstance(table, Tracer):
        return table[:, None], _numbers([1.0])
    with jax.ensure_compile_time_eval():
        return table[:, None], _numbers([1.0])


def _check_fractions(fractions: Array) -> None:
    validate.shape("fractions", fractions, (None,), "pass one fraction per class")
    if fractions.shape[0] == 0:
        raise validate.fail("fractions", "no class", "at least one", "pass [1.0] for one class")
    validate.simplex("fractions", fractions)


def _on_simplex(fractions: Array) -> Array:
    """Traced fractions, NaN unless `validate.simplex` would take them."""
    slack = 64 * np.finfo(np.float32).eps * fractions.shape[0]
    good = (fractions >= 0).all() & (jnp.abs(fractions.sum() - 1) <= slack)
    return jnp.where(good, fractions, jnp.nan)


def _check(model: ClassModel) -> None:
    validate.simplex("group_fractions", model.group_fractions)
    validate.positive("variances", model.variances)
    validate.finite("variances", model.variances)
    for name in ("time", "samples_per_dimension", "features_per_dimension"):
        validate.shape(name, getattr(model, name), (), "map over several with jax.vmap")
        validate.positive(name, getattr(model, name))
        validate.finite(name, getattr(model, name))
    if model.centroid_overlaps is not None:
        _check_overlaps(model.centroid_overlaps, model.classes)
    _check_odd(model.activation)


def _check_overlaps(overlaps: Array, k: int) -> None:
    validate.shape("centroid_overlaps", overlaps, (k, k), "pass mu_c . mu_c' / d")
    validate.semidefinite("centroid_overlaps", overlaps)


def _check_odd(activation: Callable[[Array], Array]) -> None:
    """Refuse an activation with a mean: its features have spikes that the theory leaves out."""
    positive, negative = (
        validate.concrete(activation(jnp.asarray(sign * PROBES))) for sign in (1, -1)
    )
    if positive is None or negative is None:
        return
    size = max(1.0, float(np.abs(positive).max()))
    if not np.abs(positive + negative).max() <= 1e-6 * size:
        got, expected = getattr(activation, "__name__", repr(activation)), "an odd function"
        fix = "features with a mean have spikes that the theory leaves out; use e.g. jnp.tanh"
        raise validate.fail("activation", got, expected, fix)
    slopes = positive / PROBES
    if not np.ptp(slopes) > 1e-6 * np.abs(slopes).max():
        fix = "without a nonlinear part the spectrum reaches down to 0; use e.g. jnp.tanh"
        raise validate.fail("activation", "a linear function", "a nonlinear one", fix)
