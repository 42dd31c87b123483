"""Falkon's steps to the direct solution with the same centres, and the condition that decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import numpy as np
import xarray

from diversity_jax.kernel_ridge import kernels, nystrom, problems

HOST = True
COUNT, BOX, NOISE = 800, 3.0, 0.1
CENTRES = (25, 50, 100, 200)
RIDGES = (1e-6, 1e-5, 1e-4, 1e-3)
STEPS = (1, 2, 4)  # at which targets are hard for conjugate gradients
LAST = 20
JITTER = 1e-10  # of the centres' kernel, for each centre; part of what is solved
WORST = ("worst", "bound", "bound_fourth")
PLAIN = ("condition", "condition_plain", "condition_bare", "energy", "apart", "bound_last")
AXES = {
    "dimension": ("ridge",),
    **{name: ("centres", "ridge") for name in PLAIN},
    **{name: ("centres", "ridge", "step") for name in WORST},
}


@dataclass(frozen=True)
class Config:
    """`seeds` functions from 800 noisy values in a square of 3 lengthscales."""

    seeds: int = 20


PRESETS = {"smoke": Config(seeds=2), "laptop": Config(), "paper": Config(seeds=200)}


class Centres(NamedTuple):
    """Kernel values of centres: their spectrum, with all inputs, and in an orthonormal basis."""

    table: np.ndarray
    values: np.ndarray
    vectors: np.ndarray
    cross: np.ndarray
    gram: np.ndarray


def grid(config: Config) -> list[dict]:
    """One setting; numbers of centres and ridges share a draw."""
    return [{"box": BOX}]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Conditions with and without parts of the preconditioner, and what steps have left."""
    drawn = problems.draw(
        key, count=COUNT, dimension=2, box=float(point["box"]), noise=NOISE
    )  # fmt: skip
    inputs, targets = np.asarray(drawn.inputs), np.asarray(drawn.targets)
    table = np.asarray(kernels.gaussian(1.0)(inputs, inputs))
    spectrum = np.maximum(np.linalg.eigvalsh(table), 0)
    found: dict[str, list] = {name: [] for name in (*PLAIN, *WORST)}
    for many in CENTRES:
        # Inputs are drawn one by one: the first of them are as good as any.
        centres = _centres(table, many)
        for ridge in RIDGES:
            one = {**_conditions(centres, ridge), **_plain(inputs, targets, centres, ridge)}
            one |= _worst(inputs, centres, ridge)
            for name, values in one.items():
                found[name].append(values)
    return {
        "dimension": np.array([(spectrum / (spectrum + COUNT * ridge)).sum() for ridge in RIDGES]),
        **{
            name: np.array(each).reshape(len(CENTRES), len(RIDGES), *np.shape(each[0]))
            for name, each in found.items()
        },
    }


def _centres(table: np.ndarray, many: int) -> Centres:
    own = table[:many, :many] + JITTER * many * np.eye(many)
    values, vectors = np.linalg.eigh(own)
    basis = table[:, :many] @ (vectors / np.sqrt(values))
    return Centres(own, values, vectors, table[:, :many], basis.T @ basis / COUNT)


def _operator(centres: Centres, ridge: float, scale: np.ndarray) -> np.ndarray:
    """``A^-1 (B' B / n + ridge) A^-1`` with ``B = K C^-1/2`` and A, diagonal then, the root."""
    matrix = centres.gram + ridge * np.eye(len(scale))
    return matrix / np.sqrt(scale)[:, None] / np.sqrt(scale)


def _conditions(centres: Centres, ridge: float) -> dict[str, float]:
    """Of the operator; without A; and with no ridge in A."""
    shares = centres.values / len(centres.values)
    scales = {"": shares + ridge, "_plain": np.ones_like(shares), "_bare": shares}
    found = {}
    for name, scale in scales.items():
        ends = np.linalg.eigvalsh(_operator(centres, ridge, scale))[[0, -1]]
        found[f"condition{name}"] = float(ends[1] / ends[0])
    return found


def _distance(
    inputs: np.ndarray, targets: np.ndarray, centres: Centres, ridge: float, steps: int
) -> tuple[float, float]:
    """Falkon to the direct solution: in the operator's norm, and predictions; both relative."""
    given, many = inputs[: CENTRES[-1]], len(centres.values)
    # Padded to one number of centres, so that one program serves all.
    walked = nystrom.falkon(
        kernels.gaussian(1.0), inputs, targets, ridge=ridge, centres=given, iterations=steps,
        tolerance=0.0, jitter=JITTER, present=np.arange(len(given)) < many,
    )  # fmt: skip
    basis = centres.vectors / np.sqrt(centres.values)
    matrix = centres.gram + ridge * np.eye(many)
    there = basis @ np.linalg.solve(matrix, basis.T @ (centres.cross.T @ targets) / COUNT)
    left = np.asarray(walked.coefficients)[:many] - there
    values, moved = centres.cross @ there, centres.cross @ left
    energy = moved @ moved + COUNT * ridge * left @ centres.table @ left
    # |b|^2 in that norm is ``a' K' y`` at the solution.
    return (
        float(np.sqrt(max(energy, 0) / (values @ targets))),
        float(np.linalg.norm(moved) / np.linalg.norm(values)),
    )


def _plain(
    inputs: np.ndarray, targets: np.ndarray, centres: Centres, ridge: float
) -> dict[str, float]:
    """After twenty steps, on the problem's own targets."""
    energy, apart = _distance(inputs, targets, centres, ridge, LAST)
    return {"energy": energy, "apart": apart}


def _worst(inputs: np.ndarray, centres: Centres, ridge: float) -> dict[str, np.ndarray]:
    """After few steps, on targets for which hardly a polynomial of that degree does well."""
    scale = centres.values / len(centres.values) + ridge
    values, vectors = np.linalg.eigh(_operator(centres, ridge, scale))
    found = []
    for steps in STEPS:
        start = vectors @ _start(values, steps)
        coefficients = centres.vectors @ (start / np.sqrt(scale * centres.values))
        # Centres are inputs, so that these targets have just that solution.
        targets = centres.cross @ coefficients
        targets[: len(coefficients)] += COUNT * ridge * coefficients
        found.append(_distance(inputs, targets, centres, ridge, steps)[0])
    condition = values[-1] / values[0]
    return {
        "worst": np.array(found),
        "bound": _chebyshev(condition, np.array(STEPS)),
        "bound_fourth": _chebyshev(np.sqrt(condition), np.array(STEPS)),
        "bound_last": _chebyshev(condition, np.array(LAST)),
    }


def _chebyshev(condition: float, steps: np.ndarray) -> np.ndarray:
    """The most that is left after so many steps, relative, in the operator's norm."""
    root = np.sqrt(condition)
    rate = (root - 1) / (root + 1)
    return 2 * rate**steps / (1 + rate ** (2 * steps))


def _start(values: np.ndarray, steps: int) -> np.ndarray:
    """What a start at 0 has to cover, in the eigenvectors.

    On t + 1 eigenvalues a polynomial of degree t with value 1 at 0 is one linear condition,
    ``sum_j l_j p_j = 1`` with l Lagrange's basis at 0. The energies ``|l_j|`` make the least
    ``sum_j |l_j| p_j^2 / sum_j |l_j|`` the largest; eigenvalues are those nearest to Chebyshev's.
    """
    low, high = values[[0, -1]]
    wanted = (high + low) / 2 - (high - low) / 2 * np.cos(np.pi * np.arange(steps + 1) / steps)
    places: list[int] = []
    for each in wanted:
        nearest = np.abs(values - each).argsort()
        places.append(int(next(place for place in nearest if place not in places)))
    nodes = values[places]
    apart = nodes[:, None] - nodes + np.eye(len(nodes))
    basis = np.abs(np.prod(np.where(np.eye(len(nodes)) > 0, 1, nodes), 1) / np.prod(apart, 1))
    start = np.zeros(len(values))
    start[places] = np.sqrt(basis / nodes)
    return start


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """The most that steps leave, at any condition."""
    conditions = np.geomspace(1.5, 1e4, 60)
    most = [_chebyshev(each, np.array([*STEPS, LAST])) for each in conditions]
    return dataset.assign(theory_left=(("curve", "walked"), np.array(most))).assign_coords(
        centres=list(CENTRES), ridge=list(RIDGES), step=list(STEPS), curve=conditions,
        walked=[*STEPS, LAST],
    )  # fmt: skip
