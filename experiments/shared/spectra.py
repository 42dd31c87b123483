"""Spectra as diffusion experiments compare them: shares of eigenvalues and of learning."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array

from diversity_jax import seeds
from diversity_jax.diffusion import measures, random_features
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory import spectrum

# Eigenvalues at which shares are counted, 60 to a factor of ten.
GRID = np.geomspace(1e-4, 1e3, 421)


def simulate(key: Array, model: ClassModel, dimension: int) -> dict[str, Array]:
    """`measures.learned_shares` of one draw at `GRID`; `eigenvalues` are all, ascending."""
    drawn = random_features.draw(
        seeds.stream(key, "features"), model, dimension=dimension, normalised=True
    )
    shares = measures.learned_shares(model, drawn, GRID)
    return {
        "below": shares.below,
        "learned": shares.learned,
        "eigenvalues": shares.eigenvalues,
    }


class Predicted(NamedTuple):
    """What a model's spectrum should be: shares at `GRID`, traces at z, and bulk by bulk."""

    below: np.ndarray  # share of eigenvalues below each point of GRID
    learned: np.ndarray  # fall of the loss through modes below (isotropic, no centroids)
    traces: np.ndarray  # real part of the mean of 1 / (eigenvalue - z)
    edges: np.ndarray  # [bulk, 2]
    masses: np.ndarray  # [bulk]
    falls: np.ndarray  # [bulk]: of the training loss
    atom: tuple[float, float]  # position and mass


def predict(model: ClassModel, z: Any = ()) -> Predicted:
    """All of it from the bulks and the resolvent, at nodes in each bulk and at `z`."""
    found = spectrum.bulks(model)
    number = int(found.number)
    places, weights = jax.vmap(lambda pair: spectrum.bulk_nodes(pair, found.atom_position))(
        found.edges[:number]
    )
    places, weights = np.asarray(places), np.asarray(weights)
    # Bulk by bulk, as many points each time, so that the resolvent is compiled once.
    width = places.shape[1]
    rest = np.resize(np.asarray(z, complex), (-(-len(z) // width), width))
    parts = [spectrum.resolvent(model, row) for row in (*(places * (1 + 1e-12j)), *rest)]
    trace = np.concatenate([part.trace for part in parts])
    factors = np.concatenate([part.class_factors for part in parts])
    inside = slice(0, places.size)
    shape = places.shape
    masses = weights * np.imag(trace[inside]).reshape(shape) / np.pi
    overlap = _overlap(model, trace[inside], factors[inside]).reshape(shape)
    fallen = weights * np.imag(overlap) / (np.pi * places)
    position, share = float(found.atom_position), float(found.atom_mass)
    return Predicted(
        below=share * (position < GRID) + _grown(places, masses),
        learned=_grown(places, fallen),
        traces=np.real(trace[places.size : places.size + len(z)]),
        edges=np.asarray(found.edges)[:number],
        masses=masses.sum(axis=1),
        falls=fallen.sum(axis=1),
        atom=(position, share),
    )


def _overlap(model: ClassModel, q: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """``vbar^2 k``, isotropic classes: its spectral measure over x is what the loss falls by."""
    constants = spectrum.class_constants(model)
    shares, psi = np.asarray(model.fractions), float(model.features_per_dimension)
    noise = np.asarray(constants.noise_power)
    beta = factors @ (shares * np.asarray(constants.signal_power)) + shares @ noise
    return (shares @ np.sqrt(noise)) ** 2 * psi * q / (1 + psi * q * beta)


def _grown(places: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """Masses at nodes, summed up to each point of `GRID`; half of a node's lies below it."""
    total = np.zeros(GRID.size)
    for place, mass in zip(places, masses):
        middle = np.cumsum(mass) - mass / 2
        ends = np.concatenate([[place[0] * (1 - 1e-9)], place, [place[-1] * (1 + 1e-9)]])
        grown = np.concatenate([[0.0], middle, [mass.sum()]])
        total += np.interp(np.log(GRID), np.log(ends), grown)
    return total
