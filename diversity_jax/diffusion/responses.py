"""How the fixed point answers to a perturbation of U by the feature covariance of one class.

``N_x(z1, z2) = tr(V' R(z1) U_x R(z2) V) / d`` is minus the first-order change of ``tr(V' R V) / d``
for two copies of U side by side, at z1 and z2, with ``eps U_x`` between them. In the copies' 2 x 2
matrices all numbers of the fixed point are triangular, and ``d(1/x) = -dx / (x1 x2)`` off the
diagonal. U_x enters at three places: the weight of class x's own samples (train only), what
multiplies ``W W' / d``, and the constant part of the diagonal.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex

from diversity_jax import special
from diversity_jax.diffusion import extensive as neurons
from diversity_jax.diffusion.centred import Coefficients, coefficients
from diversity_jax.diffusion.constants import Constants, class_constants
from diversity_jax.diffusion.extensive import Neurons, Place
from diversity_jax.diffusion.model import ClassModel


def centred(model: ClassModel, unknowns: Complex[Array, "g1 n"]) -> tuple[Array, Array]:
    """``tr(V' R V_c) / d`` `[k, n]`; N_x `[2k, n, 2n]` at pairs, then at pairs with conjugates."""
    parts, constants = coefficients(model), class_constants(model)
    factors = parts.factors(unknowns)
    beta = parts.noise_and_signal(factors)
    gains = jnp.sqrt(constants.noise_power)  # V_c = gain_c W / sqrt d
    mean_gain = model.fractions @ gains
    state = unknowns[0], factors.T, beta.T, unknowns[1:].T
    both = jax.tree.map(lambda here: jnp.concatenate([here, jnp.conj(here)]), state)
    pair = partial(_centred, parts, _sources(model, constants))
    response = jax.vmap(jax.vmap(pair, (None, 0)), (0, None))(state, both)
    linear = mean_gain * gains[:, None] * (parts.groups @ unknowns[1:])[None]
    return linear, mean_gain**2 * jnp.moveaxis(response, 2, 0)


def _sources(model: ClassModel, constants: Constants) -> tuple[Array, Array, Array]:
    """How U_x perturbs the factors `[x, k]`, beta `[x, g]` and the constant `[x]`; x = 2k.

    Samples of class c: more weight on their own rows. New samples: their population covariance.
    """
    k, g = model.classes, model.groups.shape[0]
    decay, noise = jnp.exp(-2 * model.time), -jnp.expm1(-2 * model.time)
    square = constants.slope**2
    own = jnp.eye(k) / model.fractions[:, None]
    trained = jnp.broadcast_to(constants.noise_power[:, None], (k, g))
    fresh = square[:, None] * (decay * model.group_variances + noise)
    rest = constants.total_power - square * (decay * model.mean_variances + noise)
    return (
        jnp.concatenate([own, jnp.zeros((k, k))]),
        jnp.concatenate([trained, fresh]),
        jnp.concatenate([constants.residual_power, rest]),
    )


def _centred(parts: Coefficients, sources: tuple, one: tuple, two: tuple) -> Complex[Array, " x"]:
    """``tr(W' R(z1) U_x R(z2) W) / d^2`` for every x.

    From ``d(1/q)``, ``d(1/zeta)``, ``d(1/k)`` and ``d(1/gamma)``, ``gamma = beta / (1 + psi q
    beta)``, with unknowns q and zeta_c.
    """
    (q1, zeta1, beta1, k1), (q2, zeta2, beta2, k2) = one, two
    factors, in_beta, constant = sources
    psi, pi, f = parts.features, parts.fractions, parts.groups
    qq, zz, kk = q1 * q2, zeta1 * zeta2, k1 * k2
    share = kk / (psi**2 * qq)  # gamma1 gamma2 / (beta1 beta2)
    weights = pi[:, None] * parts.linear
    pulled = parts.linear * (f * kk)[None, :] / parts.samples
    to_trace = 1 - qq * psi * (f @ (share * beta1 * beta2))
    to_factors = qq * (pi * parts.memory + weights @ (f * share))
    loads = pulled.sum(axis=1) / (psi * qq) + psi / parts.samples * parts.memory
    top = jnp.concatenate([to_trace[None], to_factors])
    rest = jnp.eye(pi.size) - zz[:, None] * (pulled @ weights.T)
    matrix = jnp.concatenate([top[None], jnp.concatenate([(zz * loads)[:, None], rest], axis=1)])
    given_trace = -qq * (in_beta @ (f * share) + constant)
    given_factors = zz[:, None] * (factors.T + pulled @ in_beta.T)
    change = special.solve_small(matrix, jnp.concatenate([given_trace[None], given_factors]))
    d_beta = weights.T @ change[1:] + in_beta.T
    return -(f * kk) @ (change[:1] / (psi * qq) - d_beta)


def extensive(
    system: Neurons, points: Complex[Array, " n"], unknowns: Complex[Array, "m n"]
) -> tuple[Array, Array]:
    """The same for extensive centroids, where ``V_c = sqrt(D) A_c W / sqrt d``.

    ``tr(V' R V_c) / d = D sum_c' pi_c' T_c'c`` and ``N_x = -D pi' dT_x pi``. A change of the
    ``alpha`` and of Theta changes ``Gamma = A (1 + Theta A)^-1`` and T by ``(1 + A Theta)^-1 dA
    (1 + Theta A)^-1 - Gamma dTheta Gamma`` and ``(1 + Theta A)^-1 dTheta (1 + A Theta)^-1 - T dA
    T``, left factors at z1 and right ones at z2.
    """
    here = jax.vmap(system.place, (1, 0))(unknowns, points)
    both = jax.tree.map(lambda part: jnp.concatenate([part, jnp.conj(part)]), here)
    pi = system.fractions
    linear = system.noise * jnp.einsum("a,nab->bn", pi, here.overlaps)
    found = jax.lax.map(lambda one: jax.vmap(partial(_extensive, system, one))(both), here)
    return linear, jnp.moveaxis(found, 2, 0)


def _extensive(system: Neurons, one: Place, two: Place) -> Complex[Array, " x"]:
    """``N_x(z1, z2)`` for every x, samples of each class first, then new ones."""
    k, pi = system.fractions.shape[0], system.fractions
    power = system.signal + system.noise
    fresh = system.totals - system.means**2 - power[None] * system.slopes**2
    diagonal = jnp.concatenate([system.residuals, fresh], axis=1)
    shares = jnp.concatenate([system.noise * jnp.eye(k), jnp.diag(power)])
    own = jnp.concatenate([jnp.eye(k) / pi[None], jnp.zeros((k, k))])
    gram, powers = system.gram(one, two), system.powers() * system.weights[:, None]
    product = one.resolvents * two.resolvents
    sources = neurons.times(powers.T, product[:, None] * diagonal).T

    def given(shares: Array, own: Array, source: Array) -> Array:
        coupling = neurons.packed(neurons.coupled(one, two, shares))
        pulls = jnp.concatenate([jnp.zeros(1), coupling, jnp.zeros(k)])
        turned = -neurons.turned(one, two, shares)
        answer = system.answer(one, two, -gram @ pulls - source, turned)
        return answer.at[-k:].add(one.factors * two.factors * own)

    right = jax.vmap(given, (0, 0, 0), 1)(shares, own, sources)
    change = special.solve_small(system.matrix(one, two), right)

    def response(change: Array, shares: Array) -> Array:
        theta = neurons.unpacked(change[1:-k], k)
        moved = shares + pi * system.signal * change[-k:]
        overlaps = one.kernel @ theta @ two.kernel.T - neurons.turned(one, two, moved)
        return -system.noise * (pi @ overlaps @ pi)

    return jax.vmap(response, (1, 0))(change, shares)
