"""Claims on graph learning: the recorded run they lean on, wrong formulas that they must see."""

import numpy as np
import xarray

from diversity_jax.graph_learning import theory
from paper_repro import recorded
from paper_repro.papers.graph_learning import images, regret

STRENGTHS = np.array([0.01, 1.0, 100.0])
LABELS = 30


def test_the_trend_goes_through_the_recorded_errors_and_a_steeper_one_is_refused():
    dataset, _ = recorded.read("graph_fashion")
    assert list(images.kept()) == [10_000, 20_000] == dataset.images.values.tolist()
    (near, error), (far, last) = images.kept().items()
    power = np.log(error / last) / np.log(far / near)
    # What the trend says of 2,000 images, with a spread over eight streams of a tenth.
    expected = last * (far / 2000) ** power
    spread = np.exp(0.1 * np.linspace(-1, 1, 8))
    errors = expected * spread[None, :, None, None] * np.ones((1, 8, 2, 3))
    made = xarray.Dataset(
        {"error": (("point", "seed", "method", "number"), errors), "images": ("point", [2000.0])},
        coords={"method": ["learner, m = 1.5", "learner, m = 1.1"]},
    )
    assert images.on_the_trend(made).status == "holds"
    assert images.on_the_trend(made, power=0.5).status == "fails"


def at_the_floor(**spoiled):
    """A dataset in which all bounds are as low as they can be, and `spoiled` outputs are times."""
    g = STRENGTHS
    found = {
        "offline_risk": (g / (1 + g)) ** 2,
        "regret": [float(theory.least_regret_bound(regularisation=s)) for s in g],
        "regret_printed": [
            float(theory.paper_least_regret_bound(LABELS, regularisation=s)) for s in g
        ],
        "across": (g / (1 + g)) ** 2 + 3 / (1 + g),
    }
    least = {f"theory_{name}": values for name, values in found.items()}
    least |= {f"theory_{name}_apart": found[name] for name in ("regret_printed", "across")}
    outputs = found | {f"{name}_apart": values for name, values in found.items()}
    outputs |= {"online": 4 / (1 + g) ** 2, "quantised": 1e-6 / (1 + g) ** 4}
    outputs |= {f"{name}_term": outputs[name] for name in ("online", "quantised")}
    times = {name: np.asarray(values) * spoiled.get(name, 1.0) for name, values in outputs.items()}
    made = {name: (("seed", "regularisation"), [values]) for name, values in times.items()}
    made |= {name: ("regularisation", np.asarray(values)) for name, values in least.items()}
    return xarray.Dataset(made, coords={"regularisation": g})


def test_bounds_at_their_floors_hold_and_an_offline_term_that_is_not_squared_fails_each():
    assert regret.never(at_the_floor()).status == "holds"
    spoiled = regret.never(at_the_floor(), squared=False).details["parts"]
    assert {name: part["status"] for name, part in spoiled.items()} == dict.fromkeys(
        [name for name, *_ in regret.BOUNDED], "fails"
    )
    for name, *_ in regret.BOUNDED:
        assert regret.never(at_the_floor(**{f"{name}_apart": 0.98})).status == "fails"
        loose = at_the_floor(**{name: 1.02, f"{name}_apart": 1.02})
        assert regret.never(loose).status == "undecided"  # more than it can be at the least


def test_terms_are_refused_a_little_too_small_and_not_decided_a_little_too_large():
    assert regret.attained(at_the_floor()).status == "holds"
    for name in ("online_term", "quantised_term"):
        assert regret.attained(at_the_floor(**{name: 0.98})).status == "fails"
        assert regret.attained(at_the_floor(**{name: 1.02})).status == "undecided"
