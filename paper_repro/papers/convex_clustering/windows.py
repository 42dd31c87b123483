"""Claims on gammas at which the clusters are recovered exactly: G3."""

import numpy as np

from diversity_jax.checks import inequality
from paper_repro.claims import Claim, Control

DERIVED = "derived; for complete clusters the condition of Sun, Toh and Yuan (2021), rederived"


def starts(dataset, predicted=None):
    """Recovery starts at the window's lower end at the latest (or at another end's)."""
    right = np.ones(dataset.starts.shape) if predicted is None else dataset[predicted].values
    return inequality(dataset.starts.values.ravel(), right.ravel(), error=1e-9, resolution=0.2)


def ends(dataset, predicted=None):
    """Recovery ends at the window's upper end (of which .99 is looked at) at the earliest."""
    left = np.ones(dataset.ends.shape) if predicted is None else dataset[predicted].values
    return inequality(0.99 * left.ravel(), dataset.ends.values.ravel(), error=1e-9, resolution=0.2)


CLAIMS = [
    Claim(
        id="G3-lower",
        kind="inequality",
        sentence="The clusters of the solution are exactly given ones from the gamma on at which, "
        "edge by edge, the flow of each cluster's own points and the pull of the others fit in the "
        "dual ball; for all three norms, on complete clusters and on sparser ones.",
        source=f"G3; {DERIVED}",
        experiment="convex_windows",
        formula="exact",
        check=starts,
        control=Control(
            "the pull of other clusters left out",
            lambda d: starts(d, "without_push"),
            kind="term dropped",
        ),
        blind="The lower end is sufficient, not necessary: most are recovered from half of it on.",
    ),
    Claim(
        id="G3-upper",
        kind="inequality",
        sentence="They stay so until the distance of two clusters' means, over the sum of what "
        "leaves each per point, is reached.",
        source=f"G3; {DERIVED}",
        experiment="convex_windows",
        formula="exact",
        check=ends,
        control=Control(
            "the stronger of two clusters' pulls alone",
            lambda d: ends(d, "one_side"),
            kind="term dropped",
        ),
        blind="The upper end is sufficient, not necessary: most draws stay apart to 1.3 times it.",
    ),
]
