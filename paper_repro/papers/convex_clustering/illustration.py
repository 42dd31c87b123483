"""Claims on the paper's illustration (G10): which edges of a graph are its bottlenecks.

Sizes and resolution were fixed on roots 101 and 102, before the first run of root 0.
"""

from __future__ import annotations

import numpy as np

from diversity_jax.checks import ordering
from paper_repro.claims import Claim, Control

GRAPHS = ("k=3", "k=4", "k=14")


def bottlenecks(dataset, labels="true"):
    """An edge between clusters has a larger r_e than one within more often than not.

    An ordering of exponentials, whose log-ratio is the share beyond one half, the mean over graphs.
    """
    some = dataset.isel(point=0).sel(graph=list(GRAPHS), labels=labels)
    beyond = np.exp(some.above.mean("graph").values - 0.5)
    return ordering(np.ones_like(beyond), beyond, resolution=0.35)


CLAIMS = [
    Claim(
        id="G10-bottlenecks",
        sentence="Bottlenecks lie between clusters: on the illustration's graphs of three, four "
        "and 14 nearest neighbours an edge between clusters has a larger r_e than an edge within "
        "more often than not, in the mean over these graphs.",
        source="2605.24673, its illustration, settings as in its authors' code; our own draws",
        experiment="convex_illustration",
        kind="ordering",
        formula="none, seen on draws",
        unit="share of pairs",
        check=bottlenecks,
        control=Control(
            "clusters dealt out at random",
            lambda data: bottlenecks(data, "dealt out"),
            expected="undecided",
        ),
        blind="Shares of less than 0.85 may not show.",
    )
]
