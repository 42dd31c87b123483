"""Agreement of anomaly scores with the true one, by method and data, and the paper's numbers."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "graph_scores"
# The paper's data are of the same kind, with parameters of its own (2604.21462, synthetic data).
PRINTED = {
    "crossed": {
        "soft harmonic, wide": 0.813, "neighbours, wide": 0.666, "support vectors": 0.598,
        "one class": 0.507, "discriminant": 0.734,
    },
    "overlapping": {
        "soft harmonic, wide": 0.824, "neighbours, wide": 0.646, "support vectors": 0.588,
        "one class": 0.523, "discriminant": 0.480,
    },
    "ringed": {
        "soft harmonic, wide": 0.630, "neighbours, wide": 0.605, "support vectors": 0.508,
        "one class": 0.594, "discriminant": 0.545,
    },
}  # fmt: skip


def draw(dataset):
    """Mean agreement with intervals over draws; crosses are printed for other data of the kind."""
    figure, axes = style.panels(3, width=4.6, height=4.4)
    methods = [str(name) for name in dataset.method.values]
    for each, name in zip(axes, PRINTED):
        values = dataset.agreement.values[int(np.flatnonzero(dataset.data.values == name)[0])]
        middle, half = style.estimate(values.T)
        each.errorbar(
            middle, range(len(methods)), xerr=half, capsize=2.5, label="here", **style.look(0)
        )
        printed = PRINTED[name]
        places = [methods.index(method) for method in printed]
        each.plot(list(printed.values()), places, label="in the paper, on its own data",
                  **{**style.look(1), "marker": "x"})  # fmt: skip
        each.axvline(0.5, color=style.GUIDE, linewidth=1)
        style.rows(each, methods)
        each.set(xlabel="agreement with the truth", ylabel="method", title=name)
    style.legend(axes[0])
    return figure
