"""Figures draw what the dataset says: theory as lines and simulation as points."""

import ast
import warnings
import zlib
from pathlib import Path

import matplotlib.figure
import numpy as np
import pytest
import scipy.stats

import figures
from diversity_jax import catalogue
from figures import output, style
from tests.library.figure_data import make

FOLDER = Path(figures.__file__).parent
ALL = catalogue.entries(FOLDER, "EXPERIMENT")
NAMES = [name for name in ALL if not name.startswith("attention_images")]


@pytest.fixture(scope="module")
def drawn():
    """Every figure of a small dataset, drawn once, with warnings as errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return {name: figures.draw(name, make(name)) for name in NAMES}


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
    assert set(NAMES) == {name for name in offered if not name.startswith("attention_images")}


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


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_is_labelled_and_shows_finite_numbers(name, drawn):
    assert isinstance(drawn[name], matplotlib.figure.Figure)
    visible = set()
    for place, axes in enumerate(drawn[name].axes, 1):
        if axes.get_label() == "<colorbar>":
            assert axes.get_ylabel()
            continue
        assert axes.get_xlabel() and axes.get_ylabel()
        visible |= {place} if axes.get_visible() else set()
    rows = list(output.numbers(drawn[name]))
    shown = ("points", "points with intervals", "cell")
    assert {row["panel"] for row in rows if row["kind"] in shown} >= visible
    assert all(np.isfinite(row["y"]) for row in rows if row["kind"] == "line")


@pytest.mark.parametrize("name", NAMES)
def test_the_picture_of_one_seed_renders_without_a_warning(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = output.image(figures.draw(name, make(name, seeds=1)), "png")
    assert image.startswith(b"\x89PNG")


def shown(figure, *, markers: bool) -> np.ndarray:
    """Sorted coordinates of what is drawn as points, or of what is drawn as lines."""
    places = []
    for row in output.numbers(figure):
        if ("points" in row["kind"]) is markers and row["kind"] != "area":
            panel = (row["panel"], row.get("x", np.nan), row.get("y", np.nan))
            places.append(np.nan_to_num(np.asarray(panel, float), nan=-1.0, posinf=9e9))
    return np.asarray(sorted(map(tuple, places))).reshape(-1, 3)


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two drawings show the same places, to the rounding of a sum over seeds."""
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-12, atol=0)


# Figures whose points show simulation itself; the others show its ratio or distance to theory.
PLAIN = {
    "attention_manifold_dirac": ["theory_resting"],
    "attention_manifold_gaussian": ["theory_resting"],
    "attention_regularisation": ["theory_spurious", "theory_spurious_risk"],
    "attention_step_size": ["theory_limit"],
    "attention_thresholds": ["theory_resting", "theory_spurious_risk"],
    "attention_length": ["theory_distance"],
    "attention_in_context": ["theory_risk", "theory_quantisation_error", "theory_limit_variance"],
    "attention_clouds": ["theory_risk", "theory_total"],
    "diffusion_times": ["theory_times"],
    "diffusion_centroid_times": ["theory_times"],
    "diffusion_sample_size": ["theory_test", "theory_times"],
    "diffusion_images": ["theory_test", "theory_times"],
    "diffusion_speciation": ["theory_curve"],
    "diffusion_speciation_times": ["theory"],
    "diffusion_collapse": ["theory_pooled"],
    "selection_rules": ["theory_excess"],
    "selection_labels": ["theory_shrinkage", "theory_error"],
    "selection_importance": ["theory_curve"],
    "selection_dimension": ["exact", "theory", "linear"],
}


@pytest.mark.parametrize(("name", "theory"), [(n, t) for n, every in PLAIN.items() for t in every])
def test_another_theory_moves_lines_and_leaves_the_points(name, theory, drawn):
    dataset = make(name)
    moved = figures.draw(name, dataset.assign({theory: dataset[theory] * 0.97}))
    assert same(shown(moved, markers=True), shown(drawn[name], markers=True))
    assert not same(shown(moved, markers=False), shown(drawn[name], markers=False))


SIMULATED = {
    "attention_manifold_gaussian": "final",
    "attention_free_rotation": "final_angle",
    "attention_regularisation": "risk",
    "attention_step_size": "success",
    "attention_oblique": "final",
    "attention_risk": "risk",
    "attention_length": "distance",
    "attention_online_sgd": "span",
    "attention_softmax_risk": "risk_found",
    "attention_in_context": "quantisation_error",
    "attention_clouds": "off_span_variance",
    "diffusion_spectrum": "below",
    "diffusion_bulks": "below",
    "diffusion_edges": "edges",
    "diffusion_losses": "test",
    "diffusion_times": "times",
    "diffusion_centroids": "top",
    "diffusion_centroid_times": "times",
    "diffusion_sample_size": "times",
    "diffusion_fairness": "regret",
    "diffusion_exactness": "drawn",
    "diffusion_images": "times",
    "diffusion_speciation": "drawn",
    "diffusion_speciation_times": "measured",
    "diffusion_collapse": "collapse",
    "selection_truncation": "measured",
    "selection_anisotropy": "correlation",
    "selection_lda": "errors",
    "selection_tables": "averages",
    "selection_labels": "near_own",
    "selection_importance": "measured",
    "selection_dimension": "moved",
    "selection_probe": "regressor",
    "selection_rules": "risks",
    "selection_texts": "mean",
    "selection_texts_mixes": "bins",
}


@pytest.mark.parametrize(("name", "variable"), SIMULATED.items())
def test_another_simulation_moves_the_points(name, variable, drawn):
    dataset = make(name)
    other = ~dataset[variable] if variable == "success" else dataset[variable] * 0.97
    moved = figures.draw(name, dataset.assign({variable: other}))
    assert not same(shown(moved, markers=True), shown(drawn[name], markers=True))


@pytest.mark.parametrize(
    "name",
    [
        "attention_regularisation",
        "attention_sweeps",
        "attention_step_size",
        "attention_thresholds",
        "attention_minimisers",
        "attention_in_context",
        "attention_identities",
        "diffusion_losses",
        "diffusion_times",
        "diffusion_centroids",
        "diffusion_centroid_times",
        "diffusion_speciation",
        "diffusion_speciation_times",
        "diffusion_collapse",
    ],
)
def test_the_order_of_the_grid_does_not_matter(name, drawn):
    dataset = make(name)
    turned = figures.draw(name, dataset.isel(point=slice(None, None, -1)))
    assert same(shown(turned, markers=True), shown(drawn[name], markers=True))


def test_thresholds_are_shown_only_where_the_result_has_them():
    dataset = make("attention_thresholds").drop_vars("theory_threshold")
    guides = [row["kind"] for row in output.numbers(figures.draw("attention_thresholds", dataset))]
    assert "guide" not in guides


def test_a_mean_has_the_interval_of_student_and_ignores_what_is_missing():
    random = np.random.default_rng(zlib.crc32(b"intervals of a figure"))
    samples = random.normal(size=(2, 7))
    samples[1, 3] = np.nan
    middle, half = style.estimate(samples)
    for row, centre, width in zip(samples, middle, half):
        known = row[np.isfinite(row)]
        low, high = scipy.stats.t.interval(
            0.95, known.size - 1, loc=known.mean(), scale=scipy.stats.sem(known)
        )
        np.testing.assert_allclose((centre - width, centre + width), (low, high), rtol=1e-12)


@pytest.mark.parametrize("seeds", [0, 1])
def test_a_mean_of_too_few_seeds_has_no_interval(seeds):
    samples = np.full((1, 3), np.nan)
    samples[0, :seeds] = 2.0
    middle, half = style.estimate(samples)
    assert np.isnan(half).all()
    assert np.array_equal(middle, [2.0 if seeds else np.nan], equal_nan=True)


@pytest.mark.parametrize("successes", [0, 3, 10])
def test_a_success_rate_has_the_interval_of_wilson(successes):
    figure, (axes,) = style.panels(1)
    style.fractions(axes, [1.0], [[i < successes for i in range(10)]])
    (row,) = output.numbers(figure)
    exact = scipy.stats.binomtest(successes, 10).proportion_ci(method="wilson")
    # The normal quantile is rounded to 1.96, which is off by 2e-5.
    np.testing.assert_allclose((row["y_low"], row["y_high"]), exact, atol=2e-5)


def test_a_logarithmic_axis_has_a_place_for_zero_and_none_for_infinity():
    _, (axes,) = style.panels(1)
    style.ticks(axes, [0.0, 0.1, 10.0, np.inf])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0", "0.1", "10"]
    np.testing.assert_allclose(axes.get_xticks(), [0.025, 0.1, 10.0])


@pytest.mark.parametrize(
    ("value", "text"), [(np.inf, "∞"), (-0.4, "−0.4"), (2.0, "2"), (0.123456, "0.123")]
)
def test_numbers_read_as_a_reader_writes_them(value, text):
    assert style.plain(value) == text


def test_drawing_leaves_the_readers_own_style_alone():
    before = dict(matplotlib.rcParams)
    figures.draw("attention_online_sgd", make("attention_online_sgd"))
    assert dict(matplotlib.rcParams) == before


def test_an_unknown_figure_is_refused_with_the_nearest_name():
    with pytest.raises(ValueError, match="attention_length"):
        figures.draw("attention_lenght", None)
