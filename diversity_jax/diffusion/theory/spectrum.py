"""The spectrum of the feature covariance, exact as dimension, samples and features grow together.

Model. ``U = (1/n) sum_nu E_xi f f'`` with features ``f = act(W x_t / sqrt d)`` of the noised
sample ``x_t = e^-t x + sqrt(D) xi``, ``D = 1 - e^-2t``, W ``[p, d]`` standard normal, the average
over the noise xi done exactly. As d grows U behaves like

    (1/n) sum_nu g_nu g_nu' + b^2 W W'/d + s^2 I,
    g_nu = e^-t a_c W x_nu / sqrt d + v_c omega_nu,   omega standard normal,

with constants of the class c of sample nu (`equivalent_constants`). Given W, g_nu is Gaussian
with covariance ``C_c = kappa_c^2 S + v_c^2 I``, ``S = W W'/d``. So with ``R(z) = (U - z)^-1``,
``q = tr R / p``, ``k = tr(W'RW/d) / d``:

    zeta_c = 1 / (1 + tr(C_c R)/n),            beta = b^2 + sum_c pi_c zeta_c kappa_c^2,
    1/q = s^2 - z + sum_c pi_c zeta_c v_c^2 + beta / (1 + psi_p q beta),
    k = psi_p q / (1 + psi_p q beta),          tr(C_c R)/n = kappa_c^2 k/psi_n + v_c^2 q psi_p/psi_n

the first line for a sample covariance of independent rows, the others for the Wishart matrix S
(``w_j'R w_j/d = m/(1 + beta m)`` with ``m = psi_p q``). Directions that differ in variance enter
group by group, with their own beta_g and k_g. For one class this is Theorem 3.1 of arXiv
2505.17638; with classes it is derived here.

Extensive centroids make all of this depend on the neuron (`extensive`).
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy.typing as npt
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory.equations import bulks as supports
from diversity_jax.diffusion.theory.equations import from_model
from diversity_jax.diffusion.theory.equations.bulks import Bulks, bulk_nodes
from diversity_jax.diffusion.theory.equations.centred import Coefficients
from diversity_jax.diffusion.theory.equations.constants import (
    Constants,
    class_constants,
    equivalent_constants,
)
from diversity_jax.diffusion.theory.equations.covariances import resolvent_of_covariances
from diversity_jax.diffusion.theory.equations.extensive import Neurons
from diversity_jax.diffusion.theory.equations.fixed_point import on_axis
from diversity_jax.diffusion.theory.equations.outliers import Outliers, giant_outliers, outliers
from diversity_jax.diffusion.theory.equations.resolvents import Resolvent, at_points

__all__ = [
    "Bulks",
    "Constants",
    "Outliers",
    "Resolvent",
    "bulk_nodes",
    "bulks",
    "class_constants",
    "class_densities",
    "coefficients",
    "density",
    "equivalent_constants",
    "giant_outliers",
    "outliers",
    "resolvent",
    "resolvent_of_covariances",
]


def coefficients(model: ClassModel) -> Coefficients | Neurons:
    """What the fixed point of `model` is made of."""
    return from_model.system(model)


def resolvent(model: ClassModel, z: npt.ArrayLike | ScalarLike) -> Resolvent:
    """The normalised trace q of ``(U - z)^-1`` and the class factors zeta_c, to 1e-7.

    `z` is any array of numbers off the real axis, or real outside the bulks. Differentiable in the
    model's numbers and in z. `residual` is the largest relative gap of the fixed point; where it is
    too large, or the root is not the physical one (Im q of the sign of Im z), `converged` is False.

    Shapes: that of `z` for the trace, with `k` behind it for the factors.
    Errors: ValueError for a concrete real z inside a bulk, where the limits from above and from
    below differ; when traced, NaN and not converged.
    Cost: about 0.01 ms a point off the axis, 0.1 ms where a point lies on it or close; with
    extensive centroids up to a hundred times more.
    Source: the module docstring.
    """
    return at_points(coefficients(model), z)


def density(model: ClassModel, grid: npt.ArrayLike | ScalarLike) -> Float[Array, "*n"]:
    """The spectral density of the bulks at the real numbers `grid`; the atom is left out.

    Per unit of eigenvalue; it integrates to one less the atom's mass. With extensive centroids only
    above the atom's band (`extensive.Neurons.floor`), NaN below.

    Shapes: that of `grid`.
    Source: the fixed point of the module docstring, in the limit from above the real axis.
    """
    grid = jnp.asarray(grid, float)
    system = coefficients(model)
    heights = system.trace(on_axis(system, grid.ravel())).imag / jnp.pi
    heights = jnp.maximum(heights, 0.0).reshape(grid.shape)
    return jnp.where(system.resolved(grid), heights, jnp.nan)


def class_densities(model: ClassModel, grid: npt.ArrayLike) -> Float[Array, "n k"]:
    """The class-resolved measures ``-Im zeta_c / (pi (x - s^2))`` at the real numbers `grid`.

    ``-Im zeta_c / pi`` is how the mean squared component of the samples g_nu of class c, over
    sqrt(n), is spread over eigenvalues x; divided by ``x - s^2`` it counts eigenvectors.

    Shapes: `grid` `[n]`.
    Errors: ValueError for extensive centroids, with which s^2 differs between neurons, and for a
    grid that is not one axis.
    Source: derived.
    """
    refusal = validate.fail(
        "centroid_overlaps", "extensive centroids", "none",
        "eigenvectors of a class cannot be counted where s^2 differs between neurons",
    )  # fmt: skip
    grid = jnp.asarray(grid, float)
    validate.shape("grid", grid, (None,), "pass a list of eigenvalues")
    return supports.class_densities(from_model.centred_system(model, refusal), grid)


def bulks(model: ClassModel, *, largest: int = 8) -> Bulks:
    """The bulks of the spectrum from below, to 1e-6, at most `largest` of them; NaN beyond.

    `number` counts all that were seen on a logarithmic grid above the atom (gaps narrower than 2%
    of the distance to the atom can be missed; their masses then count as one). `masses` are by
    quadrature; the atom, of mass ``max(0, 1 - (1 + psi_n) / psi_p)`` at s^2, is not among the
    bulks. Edges are differentiable in the model's numbers.

    `missing_mass` is one less all these masses, and `converged` False where it is above 1e-5: a
    bulk closer to the atom than a millionth of s^2 (late times, tiny variances), or density that
    reaches down to it (n + d near p), is not seen, and more bulks than `largest` are not counted.

    With extensive centroids s^2 differs between neurons and the atom is a band from 0 to the
    largest s^2 (`extensive.Neurons.floor`). Then `atom_position` is the mean s^2, `atom_mass` all
    mass of the band, whatever its origin, and a bulk that reaches down into the band is cut at its
    end; the derivative of such an edge has no meaning.

    Errors: ValueError for a `largest` below one.
    Source: the fixed point of the module docstring.
    """
    if largest < 1:
        raise validate.fail("largest", largest, "an integer >= 1", "ask for at least one bulk")
    return supports.bulks_of(coefficients(model), largest)
