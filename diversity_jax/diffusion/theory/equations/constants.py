"""How a random feature of a noised sample splits into linear parts and the rest, class by class."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import special, validate
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.records import Record

# Relative errors of powers that are let pass, by half of the nodes and by all of them.
COARSE, FINE = 3e-5, 1e-9


class Constants(Record):
    """How a random feature splits into parts linear in signal and noise, and the rest."""

    slope: Float[Array, "*c"]
    noise_power: Float[Array, "*c"]
    signal_power: Float[Array, "*c"]
    memory_power: Float[Array, "*c"]
    residual_power: Float[Array, "*c"]
    total_power: Float[Array, "*c"]


class Shifted(Record):
    """A mean feature and the constants about it."""

    mean: Float[Array, "*c"]
    constants: Constants


def equivalent_constants(
    *,
    variance: npt.ArrayLike | ScalarLike,
    time: ScalarLike,
    activation: Callable[[Array], Array] = jnp.tanh,
) -> Constants:
    """The Gaussian-equivalent constants of features of a class with `variance` per coordinate.

    With u, v standard normal, ``D = 1 - e^-2t``, ``Gamma = e^-2t variance + D``:
    `slope` ``a = E act'(sqrt(Gamma) u)``, `noise_power` ``b^2 = D a^2``, `signal_power`
    ``kappa^2 = e^-2t variance a^2``, `memory_power` ``v^2 = E_u (E_v act(e^-t sd u + sqrt(D) v))^2
    - kappa^2``, `residual_power` ``s^2``, the rest of `total_power` ``E act(sqrt(Gamma) u)^2``.
    To 1e-9 for smooth activations with ``Gamma`` up to 40.

    Shapes: scalars for a scalar variance, else of its shape.
    Errors: ValueError for a variance or a time that is not positive, for several times, and for an
    activation that is too steep; NaN for the last where values are traced.
    Source: arXiv 2505.17638, eqs 12-14, for one class; with the variance of each class, derived.
    """
    validate.positive("variance", variance)
    validate.shape("time", time, (), "map over several with jax.vmap")
    validate.positive("time", time)
    variance = jnp.asarray(variance, float)

    def centred(variance: Array) -> Constants:
        return _split(jnp.zeros(()), variance, time, activation).constants

    flat = jax.vmap(centred)(variance.reshape(-1))
    seen = validate.concrete(flat.total_power)
    if seen is not None and np.isnan(seen).any():
        largest = float(variance.reshape(-1)[np.argmax(np.isnan(seen))])
        raise validate.fail(
            "activation", f"one too steep for quadrature at variance {largest:.3g}",
            "a smooth one, as steep as tanh up to a variance of 40 at time 0",
            "make it less steep, or the variance smaller",
        )  # fmt: skip
    return jax.tree.map(lambda values: values.reshape(variance.shape), flat)


def _split(
    shift: Float[Array, ""],
    variance: Float[Array, ""],
    time: ScalarLike,
    activation: Callable[[Array], Array],
) -> Shifted:
    """Mean and constants for pre-activations ``shift + e^-t sd u + sqrt(D) v``."""
    nodes, weights = (jnp.asarray(part) for part in special.normal_nodes())
    inner, inner_weights = (jnp.asarray(part) for part in special.normal_nodes(135))
    decay, noise = jnp.exp(-2 * time), -jnp.expm1(-2 * time)
    spread = jnp.sqrt(decay * variance + noise)
    values = activation(shift + spread * nodes)
    mean = weights @ values
    slope = (weights * nodes) @ values / spread
    means = activation(
        shift + jnp.sqrt(decay * variance) * nodes[:, None] + jnp.sqrt(noise) * inner[None, :]
    )
    total, signal = weights @ values**2, decay * variance * slope**2
    # Sums of squares of what each projection leaves: differences of powers lose all digits of a
    # memory that is small, and can be negative.
    kept = means @ inner_weights
    memory = weights @ (kept - mean - jnp.sqrt(decay * variance) * slope * nodes) ** 2
    left = means - kept[:, None] - jnp.sqrt(noise) * slope * inner[None, :]
    residual = weights @ (left**2 @ inner_weights)
    parts = Constants(slope, noise * slope**2, signal, memory, residual, total)
    found = Shifted(mean=mean, constants=parts)
    # Halving the step squares the relative error of these rules. The second sum is by other nodes
    # than the total: they agree only where both resolve the activation.
    coarse = weights[::2] @ values[::2] ** 2 / weights[::2].sum()
    missed = mean**2 + signal + memory + residual + noise * slope**2 - total
    rounding = 1e3 * jnp.finfo(total.dtype).eps
    good = jnp.abs(coarse - total) <= jnp.maximum(COARSE, rounding) * total
    good &= jnp.abs(missed) <= jnp.maximum(FINE, rounding) * total
    return jax.tree.map(lambda part: jnp.where(good, part, jnp.nan), found)


def shifted_constants(
    *,
    shift: npt.ArrayLike | ScalarLike,
    variance: npt.ArrayLike | ScalarLike,
    time: ScalarLike,
    activation: Callable[[Array], Array] = jnp.tanh,
) -> Shifted:
    """`equivalent_constants` of features whose pre-activation has the mean `shift` as well.

    ``E act(shift + sqrt(Gamma) u)`` is a part of its own, `mean`; the others are as without a
    shift: `memory_power` is about the mean, and `total_power` is the sum of all and ``mean^2``.

    Shapes: `shift` and `variance` of one shape.
    Errors: ValueError for another variance, and as `equivalent_constants`.
    Source: derived.
    """
    validate.positive("variance", variance)
    validate.positive("time", time)
    shift, variance = jnp.asarray(shift, float), jnp.asarray(variance, float)
    validate.shape("variance", variance, shift.shape, "give each shift its variance")
    flat = _each(shift.ravel(), variance.ravel(), time, activation)
    return jax.tree.map(lambda values: values.reshape(shift.shape), flat)


@partial(jax.jit, static_argnums=3)
def _each(
    shift: Float[Array, " n"],
    variance: Float[Array, " n"],
    time: ScalarLike,
    activation: Callable[[Array], Array],
) -> Shifted:
    def split(pair: tuple[Array, Array]) -> Shifted:
        return _split(*pair, time, activation)

    return jax.lax.map(split, (shift, variance))


@jax.jit
def class_constants(model: ClassModel) -> Constants:
    """The constants of each class of `model`.

    Shapes: `[k]` each.
    """
    return equivalent_constants(
        variance=model.mean_variances, time=model.time, activation=model.activation
    )
