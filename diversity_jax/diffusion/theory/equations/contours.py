"""Losses of each class along training, by integrals around the feature spectrum.

The score model ``s_A(x) = A act(W x / sqrt d) / sqrt p``, trained from A = 0 by gradient flow on
``(1/d) E |sqrt(D) s_A(x_t) + xi|^2``, has ``A / sqrt p = -D^(-1/2) V' f(U)`` with
``f(x) = (1 - exp(-2 D x tau / psi_p)) / x`` and ``V = E f xi'``, which behaves like
``sum_c pi_c V_c``, ``V_c = a_c sqrt(D) W / sqrt d``. So the loss of class c, on its samples or on
new ones (U_c their feature covariance), is

    L_c = 1 - 2 tr(V' f(U) V_c) / d + tr(V' f(U) U_c f(U) V) / d.

f is entire, so ``f(U) = - oint f(z) R(z) dz / (2 pi i)`` around the spectrum, and the traces are
integrals of f against ``tr(V' R V_c) / d`` and ``N_c(z1, z2) = tr(V' R(z1) U_c R(z2) V) / d``.
``-N_c`` is the first-order response of ``tr(V' R V) / d`` to a perturbation of U by U_c between two
copies at z1 and z2: the derivative of the fixed point, a small linear system (`responses`). All of
it derived here; one class is the case of arXiv 2505.17638.

Extensive centroids. a_c is diagonal, different for each neuron. The eigenvalues of order p that
mean features make lie outside the contour. They change no loss in the limit: ``R = R_0 - R_0 m m'
R_0 / (1 + m' R_0 m)`` differs from R_0 by directions in which ``V' R`` is smaller by 1/p, and all
of them hold a share k/d of the loss.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from diversity_jax.diffusion.model import ClassLosses, ClassModel
from diversity_jax.diffusion.theory.equations import from_model
from diversity_jax.diffusion.theory.equations.fixed_point import solve
from diversity_jax.diffusion.theory.equations.system import ClassSystem, System
from diversity_jax.records import Record

ROOM, HEIGHT = 0.7, 1.0  # how far the contour keeps from the spectrum, in log z


class Contour(Record):
    """Points around the spectrum, upper half, and what the losses need of the resolvent there."""

    points: Complex[Array, " n"]
    steps: Complex[Array, " n"]  # dz / (2 pi i)
    linear: Complex[Array, "k n"]  # tr(V' R V_c) / d
    forms: Float[Array, "n2 x n2"]  # of N_x, train classes first, then test classes: see `_forms`
    rate: Float[Array, ""]  # 2 D / psi_p


def contour(model: ClassModel) -> Contour:
    """An ellipse in log z around the spectrum, solved once for all training times."""
    return around(from_model.system(model))


@jax.jit
def around(system: ClassSystem) -> Contour:
    """`contour` of the model whose system of equations is given."""
    points, steps = _ellipse(system, system.contour_nodes)
    linear, response = system.responses(points, solve(system, points))
    return Contour(
        points=points, steps=steps, linear=linear, forms=_forms(response), rate=system.rate
    )


def _ellipse(system: System, nodes: int) -> tuple[Complex[Array, " n"], Complex[Array, " n"]]:
    """Points and steps; fixed, since the integrals do not depend on the way."""
    system = jax.lax.stop_gradient(system)
    low, high = jnp.log(system.lowest), jnp.log(system.upper_bound())
    angle = (jnp.arange(nodes) + 0.5) * jnp.pi / nodes
    across = (high - low) / 2 + ROOM
    points = jnp.exp((low + high) / 2 + across * jnp.cos(angle) + 1j * HEIGHT * jnp.sin(angle))
    turn = -across * jnp.sin(angle) + 1j * HEIGHT * jnp.cos(angle)
    return points, points * turn / (2j * nodes)


def _forms(response: Complex[Array, "x n n2"]) -> Float[Array, "n2 x n2"]:
    """Real F_x with ``(u, v)' F_x (u, v) = 2 Re(w'A w + w'B conj(w))``, ``w = u + iv``.

    A and B are the halves of `response`: N_x(z_i, z_j), and N_x(z_i, conj z_j).
    """
    same, mirrored = jnp.split(response, 2, axis=2)
    rows = (
        jnp.concatenate([same.real + mirrored.real, mirrored.imag - same.imag], axis=2),
        jnp.concatenate([-same.imag - mirrored.imag, mirrored.real - same.real], axis=2),
    )
    return 2 * jnp.moveaxis(jnp.concatenate(rows, axis=1), 0, 1)


@jax.jit
def along(path: Contour, times: Float[Array, " t"]) -> ClassLosses:
    """The losses at `times` from the contour of a model."""

    # expm1: the exponent may be small, and f = rate * time is what is left of it then. After
    # endless training it is 1, all of the contour being right of 0; inf * z would be NaN.
    endless = jnp.isposinf(times)[:, None]
    exponents = path.rate * jnp.where(endless, 0.0, times[:, None]) * path.points[None, :]
    grown = jnp.where(endless, 1.0, -jnp.expm1(-exponents))
    weights = grown / path.points[None, :] * path.steps[None, :]
    linear = 2 * (weights @ path.linear.T).real
    parts = jnp.concatenate([weights.real, weights.imag], axis=1)
    pulled = (parts @ path.forms.reshape(parts.shape[1], -1)).reshape(-1, *path.forms.shape[1:])
    quadratic = jnp.sum(pulled * parts[:, None], axis=2)
    losses = 1 + 2 * jnp.tile(linear, (1, 2)) + quadratic
    k = path.linear.shape[0]
    return ClassLosses(train=losses[:, :k], test=losses[:, k:])


@partial(jax.jit, static_argnums=2)
def span(system: ClassSystem, path: Contour, number: int) -> Float[Array, " t"]:
    """`number` log times from long before the fastest mode is learned to long after the slowest."""
    ends = jnp.stack([0.01 / system.upper_bound(), 100.0 / system.residual_power]) / path.rate
    first, last = jax.lax.stop_gradient(jnp.log(ends))
    return jnp.linspace(first, last, number)
