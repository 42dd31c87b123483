"""A claim on bounds on regret and margin: no data take them below what predicting nothing costs."""

import numpy as np

from diversity_jax.checks import combine, inequality
from paper_repro.claims import Claim, Control

NOTHING = {"regret": 1.0, "regret_printed": 1.0, "margin": 0.5}  # of predicting 0, of guessing


def never(dataset, useful=False):
    """Bounds as evaluated are above the least that they can be (or below predicting nothing)."""
    parts = {}
    for name, nothing in NOTHING.items():
        bound = dataset[name].values
        least = dataset[f"theory_{name}"].values + 0 * bound
        sides = (bound, nothing + 0 * bound) if useful else (least, bound)
        # Of the margin bound terms that are left out of the least are most of it.
        resolution = 0.9 if name == "margin" else 0.1
        parts[name] = inequality(
            *(np.ravel(side) for side in sides), error=1e-9, resolution=resolution
        )
    return combine(parts)


CLAIMS = [
    Claim(
        id="H12-never",
        kind="inequality",
        sentence="The papers' regret bound, ours with 3 for 9/2 and tighter terms, and the margin "
        "bound are never below what their terms add up to at labels as faint as 1 / (1 + g): at "
        "least 18/5, 12/5 and 1, where predicting nothing costs 1, 1 and 1/2.",
        source="A-C12 and A-C17; derived",
        experiment="graph_regret",
        formula="exact",
        check=never,
        control=Control(
            "they say something: a number below what predicting nothing costs",
            lambda d: never(d, useful=True),
            kind="rival prediction",
        ),
        blind="It is about bounds, not learners. Regret bounds come within a sixteenth of "
        "the least; the margin bound is eight times it, and that part tells little.",
    ),
]
