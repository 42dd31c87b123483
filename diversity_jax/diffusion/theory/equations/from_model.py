"""The system of equations of a model: the one place that asks which kind it needs."""

from __future__ import annotations

from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory.equations import centred, extensive
from diversity_jax.diffusion.theory.equations.centred import Coefficients
from diversity_jax.diffusion.theory.equations.extensive import Neurons


def system(model: ClassModel) -> Coefficients | Neurons:
    """What the fixed point of `model` is made of."""
    if model.centroid_overlaps is None:
        return centred.coefficients(model)
    return extensive.neurons(model)


def centred_system(model: ClassModel, refusal: ValueError) -> Coefficients:
    """The same, with the error `refusal` for extensive centroids."""
    if model.centroid_overlaps is not None:
        raise refusal
    return centred.coefficients(model)


def extensive_system(model: ClassModel, refusal: ValueError) -> Neurons:
    """The same, with the error `refusal` unless centroids are extensive."""
    if model.centroid_overlaps is None:
        raise refusal
    return extensive.neurons(model)
