"""How the fixed point answers to a perturbation of U by the feature covariance of one class.

``N_x(z1, z2) = tr(V' R(z1) U_x R(z2) V) / d`` is minus the first-order change of ``tr(V' R V) / d``
for two copies of U side by side, at z1 and z2, with ``eps U_x`` between them. In the copies' 2 x 2
matrices all numbers of the fixed point are triangular, and ``d(1/x) = -dx / (x1 x2)`` off the
diagonal. U_x enters at three places: the weight of class x's own samples (train only), what
multiplies ``W W' / d``, and the constant part of the diagonal.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex

from diversity_jax import special
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory.equations import extensive as neurons
from diversity_jax.diffusion.theory.equations.centred import Coefficients, coefficients
from diversity_jax.diffusion.theory.equations.constants import Constants, class_constants
from diversity_jax.diffusion.theory.equations.extensive import Neurons, Place


def centred(model: ClassModel, unknowns: Complex[Array, "g1 n"]) -> tuple[Array, Array]:
    """``tr(V' R V_c) / d`` `[k, n]`; N_x `[2k, n, 2n]` at pairs, then at pairs with conjugates."""
    parts, constants = coefficients(model), class_constants(model)
    factors = parts.factors(unknowns)
    beta = parts.noise_and_signal(factors)
    gains = jnp.sqrt(constants.noise_power)  # V_c = gain_c W / sqrt d
    mean_gain = model.fractions @ gains
    state = unknowns[0], factors.T, beta.T, unknowns[1:].T
    pair = partial(_centred, parts, _sources(model, constants))
    response = _squares(jax.vmap(pair)(*_pairs(state)))
    linear = mean_gain * gains[:, None] * (parts.groups @ unknowns[1:])[None]
    return linear, mean_gain**2 * response


def _pairs(here: Any) -> tuple[Any, Any]:
    """Pairs of points, each once, then with the second's conjugate; arrays begin with the points.

    N_x(z2, z1) is N_x(z1, z2), and of conjugates the conjugate.
    """
    first, second = np.triu_indices(jax.tree.leaves(here)[0].shape[0])
    one = jax.tree.map(lambda part: jnp.concatenate([part[first]] * 2), here)
    two = jax.tree.map(lambda part: jnp.concatenate([part[second], jnp.conj(part[second])]), here)
    return one, two


def _squares(found: Complex[Array, "pairs x"]) -> Complex[Array, "x n n2"]:
    """What was found for `_pairs`, for all pairs with z, then with conjugates."""
    same, mirrored = jnp.split(found.T, 2, axis=1)
    halves = _square(same, same), _square(mirrored, jnp.conj(mirrored))
    return jnp.concatenate(halves, axis=2)


def _square(upper: Complex[Array, "x u"], lower: Complex[Array, "x u"]) -> Complex[Array, "x n n"]:
    """Matrices from their upper triangles, row by row, and the transposes of their lower ones."""
    number = int(np.sqrt(2 * upper.shape[1]))
    rows, columns = np.triu_indices(number)
    places = np.zeros((number, number), int)
    places[rows, columns] = places[columns, rows] = np.arange(rows.size)
    above = np.tri(number, dtype=bool).T
    return jnp.where(above[None], upper[:, places], lower[:, places])


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
    linear = system.noise * jnp.einsum("a,nab->bn", system.fractions, here.overlaps)
    # n points make n (n + 1) pairs: blocks of n come out even, and nothing is compiled twice.
    found = jax.lax.map(
        lambda both: _extensive(system, *both), _pairs(here), batch_size=points.size
    )
    return linear, _squares(found)


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
