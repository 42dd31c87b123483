"""Figures draw what the saved smoke results say: theory as lines and simulation as points.

A figure is tested by being there. What of its dataset is simulated, the axis of seeds tells; what
is predicted has none. A figure whose points show a distance or a ratio to predictions names these
in `COMPARED`; one that gives settings their panels or rows in the order of the grid says
`GRID_ORDER = True`; `PREDICTED_ONLY` lists panels that compare predictions with each other.
"""

import ast
import importlib
import json
import sys
import typing
import warnings
import zlib
from pathlib import Path

import matplotlib.figure
import matplotlib.ticker
import numpy as np
import pytest
import xarray
from matplotlib.backends.backend_agg import FigureCanvasAgg

import figures
from diversity_jax import catalogue, results
from figures import output, style

FOLDER = Path(figures.__file__).parent
ALL = catalogue.entries(FOLDER, "EXPERIMENT")


class Noted(xarray.Dataset):
    """A dataset that notes in `read` the names of what is taken from it and from its parts."""

    __slots__ = ()
    read: typing.ClassVar[set[str]] = set()

    def __getitem__(self, key):
        self.read.update([key] if isinstance(key, str) else [])
        return super().__getitem__(key)

    def __getattr__(self, name):
        self.read.add(name)
        return super().__getattr__(name)


class Drawings:
    """The datasets of one smoke run, each loaded once, and each figure drawn from its own once."""

    def __init__(self, report):
        self.report, self.known = report, {}

    def dataset(self, name: str) -> xarray.Dataset:
        """What figure `name` draws; skips where a real data set is not installed."""
        experiment = importlib.import_module(f"figures.{name}").EXPERIMENT
        if experiment not in self.known:
            try:
                self.known[experiment] = results.read(self.report["results"] / experiment / "smoke")
            except results.ResultMissing:
                self.leave_out(name, experiment)
                raise
        return self.known[experiment]

    def leave_out(self, name: str, experiment: str) -> None:
        """Skip the test where the report says that the data of `experiment` are not installed."""
        report = json.loads((self.report["out"] / "report.json").read_text())
        told = report["provenance"]["experiments"][experiment]
        if told["state"] == "missing":
            pytest.skip(f"figure {name} was NOT drawn: {told['note']}")

    def figure(self, name: str):
        """Figure `name`, with warnings as errors, and the names of the variables it reads."""
        if (name, "drawn") not in self.known:
            dataset = self.dataset(name)
            noted = Noted(dataset.data_vars, dataset.coords, dataset.attrs)
            Noted.read.clear()
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                drawn = figures.draw(name, noted)
            self.known[name, "drawn"] = drawn, {n for n in noted.data_vars if n in Noted.read}
        return self.known[name, "drawn"]


@pytest.fixture(scope="module")
def drawings(smoke_report):
    return Drawings(smoke_report)


def test_every_experiment_has_a_figure_that_names_it():
    offered = catalogue.entries(FOLDER.parent / "experiments", "PRESETS")
    for name, line in ALL.items():
        experiment = [
            ast.literal_eval(node.value)
            for node in ast.parse((FOLDER / f"{name}.py").read_text()).body
            if isinstance(node, ast.Assign) and node.targets[0].id == "EXPERIMENT"
        ]
        assert experiment[0] in offered
        assert line.endswith(".")
    assert set(ALL) >= set(offered)


@pytest.mark.parametrize("name", ALL)
def test_a_figure_imports_neither_experiments_nor_the_library(name):
    for node in ast.walk(ast.parse((FOLDER / f"{name}.py").read_text())):
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        for module in modules:
            assert module.split(".")[0] not in ("experiments", "diversity_jax", "paper_repro"), name


@pytest.mark.parametrize("name", ALL)
def test_every_panel_is_labelled_and_shows_finite_numbers(name, drawings):
    drawn, _ = drawings.figure(name)
    assert isinstance(drawn, matplotlib.figure.Figure)
    rows = list(output.numbers(drawn))
    visible = set()
    for place, axes in enumerate(drawn.axes, 1):
        if axes.get_label() == "<colorbar>":
            assert axes.get_ylabel()
            continue
        if axes.images and not axes.get_xticks().size:  # a picture has a name in place of axes
            assert any(row["panel"] == place and row["kind"] == "pixel" for row in rows)
            continue
        assert axes.get_xlabel() and axes.get_ylabel()
        visible |= {place} if axes.get_visible() else set()
    visible -= set(said(name, "PREDICTED_ONLY", ()))
    shown = ("points", "points with intervals", "cell")
    assert {row["panel"] for row in rows if row["kind"] in shown} >= visible
    assert all(np.isfinite(row["y"]) for row in rows if row["kind"] == "line")


def rendered(name: str, dataset: xarray.Dataset) -> bool:
    """Whether the picture has more than one colour; laid out and drawn once, for a file twice."""
    with warnings.catch_warnings(), style.applied():
        warnings.simplefilter("error")
        canvas = FigureCanvasAgg(figures.draw(name, dataset))
        canvas.draw()
    picture = np.asarray(canvas.buffer_rgba())[..., :3]
    return picture.min() < picture.max()


@pytest.mark.parametrize("name", ALL)
def test_the_picture_of_one_seed_renders_without_a_warning(name, drawings):
    dataset = drawings.dataset(name)
    assert rendered(name, dataset.isel(seed=[0], missing_dims="ignore"))


# Values at an end of their range, or missing, that a short run need not meet.
EXTREME = {
    "attention_more_heads": ("alignment", 1.0),
    "attention_step_size": ("angle", 0.0),
    "attention_sweeps": ("steps_to_reach", np.nan),
    "diffusion_bulks": ("masses", np.nan),
}


@pytest.mark.parametrize("name", EXTREME)
def test_a_setting_at_the_end_of_the_range_renders_without_a_warning(name, drawings):
    variable, value = EXTREME[name]
    dataset = drawings.dataset(name)
    first = xarray.DataArray(np.arange(dataset.sizes["point"]) == 0, dims="point")
    changed = dataset[variable].where(~first, value)
    if variable == "masses":  # one bulk fewer than in the other settings
        last = xarray.DataArray(np.arange(dataset.sizes["bulk"]) == 1, dims="bulk")
        changed = dataset[variable].where(~(first & last), value)
    assert rendered(name, dataset.assign({variable: changed}))


def named_ticks(axes) -> list:
    """The labels that a figure gives its ticks; of numbers, which take long to lay out, none."""
    formatter = axes.xaxis.get_major_formatter()
    numbers = matplotlib.ticker.ScalarFormatter, matplotlib.ticker.LogFormatter
    return [] if isinstance(formatter, numbers) else axes.get_xticklabels()


def shown(figure, *, points: bool, series: bool = True) -> np.ndarray:
    """Sorted places and series of what is drawn as points; or of all else, texts included."""
    places = []
    for row in output.numbers(figure):
        if ("points" in row["kind"]) is points:
            of = zlib.crc32(row["series"].encode()) if points and series else 0
            numbers = (row.get(name, -1) for name in ("x", "y", "value"))
            places.append((row["panel"], of, *numbers))
    if not points:
        places += [
            (place, zlib.crc32(text.get_text().encode()), -2, -2, -2)
            for place, axes in enumerate(figure.axes, 1)
            for text in (*named_ticks(axes), *axes.texts)
        ]
    placed = np.nan_to_num(np.asarray(places, float).reshape(-1, 5), nan=-1.0, posinf=9e9)
    return np.asarray(sorted(map(tuple, placed))).reshape(-1, 5)


def same(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two drawings show the same places, to the rounding of a sum over seeds."""
    return first.shape == second.shape and np.allclose(first, second, rtol=1e-12, atol=0)


def said(name: str, attribute: str, otherwise):
    """What the file says that holds the drawing of figure `name`, which several may share."""
    drawing = importlib.import_module(f"figures.{name}").draw
    return getattr(sys.modules[drawing.__module__], attribute, otherwise)


def predictions(dataset: xarray.Dataset, read: set[str]) -> list[str]:
    """The numbers without an axis of seeds among the variables that a figure reads."""
    without = [name for name in sorted(read) if "seed" not in dataset[name].dims]
    return [name for name in without if dataset[name].dtype.kind in "fiu"]


@pytest.mark.parametrize("name", ALL)
def test_another_theory_moves_what_is_drawn_of_it_and_leaves_the_points(name, drawings):
    dataset, (drawn, read) = drawings.dataset(name), drawings.figure(name)
    compared = said(name, "COMPARED", ())
    assert set(compared) <= read
    before = {points: shown(drawn, points=points) for points in (True, False)}
    for variable in predictions(dataset, read):
        values = dataset[variable]
        # The second for a figure that shows only which of two numbers is larger.
        for other in (0.97 * values, 1 - values):
            moved = figures.draw(name, dataset.assign({variable: other}))
            kept = {points: same(shown(moved, points=points), before[points]) for points in before}
            if not all(kept.values()):
                break
        where = "in" if variable in compared else "not in"
        assert kept[True] is (variable not in compared), f"{variable} is {where} COMPARED"
        assert not all(kept.values()), f"{variable} is read and moves nothing"


@pytest.mark.parametrize("name", ALL)
def test_another_simulation_moves_the_points(name, drawings):
    dataset, (drawn, read) = drawings.dataset(name), drawings.figure(name)
    random = np.random.default_rng(zlib.crc32(b"another simulation"))
    other = {}
    for variable in sorted(read - set(predictions(dataset, read))):
        values = dataset[variable]
        if values.dtype.kind in "fiu":
            other[variable] = values * random.uniform(0.1, 1.0, values.shape)
        elif values.dtype.kind == "b":
            other[variable] = ~values
    assert other, "nothing simulated is read"
    moved = figures.draw(name, dataset.assign(other))
    assert not same(shown(moved, points=True), shown(drawn, points=True))


@pytest.mark.parametrize("name", [name for name in ALL if not said(name, "GRID_ORDER", False)])
def test_the_order_of_the_grid_does_not_matter(name, drawings):
    dataset, (drawn, _) = drawings.dataset(name), drawings.figure(name)
    turned = figures.draw(name, dataset.isel(point=slice(None, None, -1)))
    # A series without a name has the number of its turn.
    assert same(*(shown(each, points=True, series=False) for each in (turned, drawn)))


def test_thresholds_are_shown_only_where_the_result_has_them(drawings):
    dataset = drawings.dataset("attention_thresholds").drop_vars("theory_threshold")
    guides = [row["kind"] for row in output.numbers(figures.draw("attention_thresholds", dataset))]
    assert "guide" not in guides


def test_drawing_leaves_the_readers_own_style_alone(drawings):
    before = dict(matplotlib.rcParams)
    figures.draw("attention_online_sgd", drawings.dataset("attention_online_sgd"))
    assert dict(matplotlib.rcParams) == before


def test_an_unknown_figure_is_refused_with_the_nearest_name():
    with pytest.raises(ValueError, match="attention_length"):
        figures.draw("attention_lenght", None)
