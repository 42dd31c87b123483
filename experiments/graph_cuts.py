"""Two squares and two labels: separators that a graph turns, and those that it cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.graph_learning import affinity, max_margin

HOST = True
QUARTER = 20  # points that are drawn of each square; their quarter turns make four times as many
HEIGHT = 1.45  # of the centre of a square of side 2, above or below 0
BANDWIDTH, REACH = 0.3, 0.8  # no edges are longer, so none between the squares
PENALTY = 0.05
REGULARISATIONS = (0.01, 1.0, 10.0, 1e3, 1e5, 1e9)
STRENGTHS = (0.01, 1.0, 100.0)
LINES = ("machine", "manifold", "cut")
KERNEL = {"kernel": "gaussian", "bandwidth": 0.7}  # beside the linear one
AXES = {
    "error_cut": ("regularisation",),
    **{name: ("strength",) for name in ("error_manifold", "error_manifold_along")},
    **{name: ("strength", "coordinate") for name in ("normal", "normal_along")},
    **{name: ("coordinate",) for name in ("normal_machine",)},
    **{name: ("entry",) for name in ("form", "form_along")},
    **{f"{name}_{kernel}": ("node",) for kernel in ("linear", "gaussian")
       for name in ("machine", "far", "near")},
    "place": ("node", "coordinate"),
    "line": ("method", "number"),
}  # fmt: skip


@dataclass(frozen=True)
class Config:
    """`seeds` draws of 160 points."""

    seeds: int = 32


PRESETS = {"smoke": Config(seeds=4), "laptop": Config(), "paper": Config(seeds=1000)}


def grid(config: Config) -> list[dict]:
    """One setting."""
    return [{"penalty": PENALTY}]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Errors, unit normals and decisions of the three methods.

    `_along` is on a graph whose edges weigh the more the less they rise; `form` is X'LX over the
    mean of its diagonal. `far` are decisions of the cut with the largest regularisation, `near`
    with one of 1, `machine` of the machine on the two labels.
    """
    random = seeds.numpy_generator(seeds.stream(key, "squares"))
    points, truth, labelled = _squares(random)
    graph, along = _graphs(points)
    given: dict[str, Any] = {"penalty": float(point["penalty"])}
    plain = max_margin.supervised(points, truth, labelled, **given)
    cuts = [
        max_margin.graph_cut(points, graph, truth, labelled, regularisation=g, **given)
        for g in REGULARISATIONS
    ]
    manifold, turned = (
        [
            max_margin.manifold(points, each, truth, labelled, smoothness=strength, **given)
            for strength in STRENGTHS
        ]
        for each in (graph, along)
    )

    def errors(found: list[Any]) -> np.ndarray:
        return np.array([(each.predict(points) != truth).mean() for each in found])

    lines = np.array([_line(each) for each in (plain, manifold[-1], cuts[0])])
    return {
        "error_machine": errors([plain])[0],
        "error_cut": errors(cuts),
        "error_manifold": errors(manifold),
        "error_manifold_along": errors(turned),
        "normal_machine": lines[0, :2],
        "normal": np.array([_line(each)[:2] for each in manifold]),
        "normal_along": np.array([_line(each)[:2] for each in turned]),
        "form": _form(points, graph),
        "form_along": _form(points, along),
        "place": points,
        "line": lines,
        **_limits(
            points,
            graph,
            truth,
            labelled,
            given,
            {"machine": plain, "far": cuts[-1], "near": cuts[1]},
        ),
    }


def _squares(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two squares that quarter turns about their centres leave alone, and their labelled points.

    The lower one's is near its upper left corner, the upper one's near its lower right corner.
    """
    squares = []
    for side in (-1, 1):
        drawn = random.uniform(-1, 1, (QUARTER, 2))
        drawn[0] = random.uniform(0.8, 1, 2) * (side, -side)
        turns = [drawn, drawn[:, ::-1] * (-1, 1), -drawn, drawn[:, ::-1] * (1, -1)]
        squares.append(np.concatenate(turns) + np.array([0, side * HEIGHT]))
    truth = np.repeat([-1, 1], 4 * QUARTER)
    labelled = np.isin(np.arange(len(truth)), [0, 4 * QUARTER])
    return np.concatenate(squares), truth, labelled


def _graphs(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian weights of edges that are short, and the same times cos^6 of their slope's angle."""
    apart = points[:, None] - points
    squares = (apart**2).sum(2)
    weights = np.array(affinity.gaussian(points, bandwidth=BANDWIDTH))
    weights[squares > REACH**2] = 0
    np.fill_diagonal(weights, 0)
    cosine = apart[..., 0] ** 2 / np.where(squares > 0, squares, 1)
    return weights, weights * cosine**3


def _form(points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The three numbers of X'LX: both of the diagonal, and the one beside it, over their mean."""
    table = points.T @ (np.diag(weights.sum(1)) - weights) @ points
    return table[[0, 1, 0], [0, 1, 1]] / (np.trace(table) / 2)


def _line(found: max_margin.Classifier) -> np.ndarray:
    """Of a linear decision: its unit normal and its offset in the same units."""
    base, *rest = found.decisions(np.array([[0.0, 0], [1, 0], [0, 1]]))[:, 0]
    normal = np.array(rest) - base
    return np.array([*normal, base]) / np.linalg.norm(normal)


def _limits(
    points: np.ndarray,
    graph: np.ndarray,
    truth: np.ndarray,
    labelled: np.ndarray,
    given: dict,
    linear: dict,
) -> dict[str, np.ndarray]:
    """Decisions over the machine's largest: of the machine, and of cuts far away and near."""
    given = {**given, **KERNEL}
    gaussian = {"machine": max_margin.supervised(points, truth, labelled, **given)}
    for name, g in (("far", REGULARISATIONS[-1]), ("near", REGULARISATIONS[1])):
        gaussian[name] = max_margin.graph_cut(
            points, graph, truth, labelled, regularisation=g, **given
        )
    found = {}
    for kernel, machines in (("linear", linear), ("gaussian", gaussian)):
        values = {name: each.decisions(points)[:, 0] for name, each in machines.items()}
        scale = np.abs(values["machine"]).max()
        found |= {f"{name}_{kernel}": each / scale for name, each in values.items()}
    return found


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name settings and methods."""
    return dataset.assign_coords(
        regularisation=list(REGULARISATIONS), strength=list(STRENGTHS), method=list(LINES)
    )
