"""Losses of each class along training, and when each class is generalised and memorised.

The theory of the losses is in `contours`; the times read off them in `times`.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy.typing as npt
from jaxtyping import ScalarLike

from diversity_jax import validate
from diversity_jax.diffusion.model import ClassLosses, ClassModel
from diversity_jax.diffusion.theory.equations.contours import along, contour
from diversity_jax.diffusion.theory.times import ClassTimes, class_times

__all__ = ["ClassLosses", "ClassTimes", "along", "class_times", "contour", "flow_losses"]


def flow_losses(model: ClassModel, training_times: npt.ArrayLike | ScalarLike) -> ClassLosses:
    """The asymptotic losses at `training_times`, ``steps * learning_rate / d^2``.

    Exact as d grows with n/d and p/d fixed; no simulation. To 1e-6 over the whole of training.
    Differentiable.

    Shapes: `training_times` `[time]`.
    Errors: ValueError for times that are negative or not one axis.
    Source: derived (see `contours`).
    """
    validate.shape("training_times", training_times, (None,), "pass a list of times")
    validate.nonnegative("training_times", training_times)
    return along(contour(model), jnp.asarray(training_times, float))
