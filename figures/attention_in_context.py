"""The in-context layer: exact risk, quantisation error and variance at every length, and the limits."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_in_context"
CHOICES = {
    "unbiased": "unbiased strength",
    "risk_optimal": "strength of least risk",
    "centroid_optimal": "strength of least quantisation error",
}
COLUMNS = (
    ("risk", "risk E|token − output|²"),
    ("quantisation_error", "quantisation error E|output − centroid|²"),
    ("variance_of_output", "variance of the output given its cluster"),
)


def draw(dataset):
    """Each number against the length, a row per number of clusters; at the end without noise."""
    clusters = np.unique(dataset.clusters)
    figure, axes = style.panels(4, rows=len(clusters), width=3.7, height=3.2)
    for row, k in enumerate(clusters):
        chosen = dataset.isel(point=dataset.clusters.values == k)
        panels = axes[4 * row : 4 * row + 4]
        for panel, (name, label) in zip(panels, COLUMNS):
            _noisy(panel, chosen, name)
            panel.set(ylabel=f"{label}", title=f"{int(k)} clusters", ylim=(0, None))
        _noiseless(panels[3], chosen)
        panels[3].set_title(f"{int(k)} clusters, no noise")
        for panel in panels:
            panel.set_xlabel("length (tokens)")
            style.ticks(panel, dataset["size"])
    _legend(figure, axes)
    return figure


def _noisy(axes, dataset, name: str) -> None:
    lengths = dataset["size"].values
    noisy = dataset.isel(point=dataset.variance.values > 0)
    for place in range(noisy.sizes["point"]):
        point = noisy.isel(point=place)
        free = str(point.centroids.values) == "sphere"
        if free and name != "risk":
            continue
        choice = str(point.choice.values)
        number = 3 if free else list(CHOICES).index(choice)
        label = "unbiased, centroids free on the sphere" if free else CHOICES[choice]
        style.line(axes, lengths, point[f"theory_{name}"], number)
        style.points(axes, lengths, point[name].values.T, number, label)
        limit = _limit(point, name, free)
        if limit is not None:
            axes.axhline(limit, color=style.COLOURS[number], linestyle=":", linewidth=1)
    if noisy.sizes["point"]:
        _baselines(axes, noisy.isel(point=0), name)


def _limit(point, name: str, free: bool) -> float | None:
    """The value at infinite length, where the result has one."""
    if free:
        return None
    if name == "risk":
        return float(point.theory_limit_risk)
    if name == "variance_of_output" or str(point.choice.values) == "unbiased":
        return float(point.theory_limit_variance)
    return None


def _baselines(axes, point, name: str) -> None:
    """Reconstruction by hard quantisers beside the risk, the raw token beside the other two."""
    if name != "risk":
        raw = float(point.theory_raw_error)
        style.level(axes, raw, f"raw token {raw:.3f}", over=False)
    elif int(point.clusters) == 2:
        optimal, nearest = float(point.theory_optimal_error), float(point.theory_nearest_error)
        style.level(axes, nearest, f"nearest centroid {nearest:.4f}")
        style.level(axes, optimal, f"optimal quantiser {optimal:.4f}", over=False)
    else:
        raw = float(point.theory_raw_error)
        style.level(axes, raw, f"own centroid {raw:.3f}", over=False)


def _noiseless(axes, dataset) -> None:
    still = dataset.isel(point=dataset.variance.values == 0)
    lengths = dataset["size"].values
    for place in range(still.sizes["point"]):
        point = still.isel(point=place)
        number = list(CHOICES).index(str(point.choice.values))
        style.line(axes, lengths, point.theory_quantisation_error, number)
        style.points(axes, lengths, point.quantisation_error.values.T, number)
    axes.set(yscale="log", ylabel="quantisation error E|output − centroid|²")


def _legend(figure, axes) -> None:
    """One legend for all panels, under them."""
    found: dict[str, object] = {}
    for panel in axes:
        for handle, label in zip(*panel.get_legend_handles_labels()):
            found.setdefault(label, handle)
    axes[0].plot([], [], color="black", linewidth=1.6, label="lines: exact formula")
    axes[0].plot([], [], color="black", linestyle=":", linewidth=1, label="its limit")
    for handle, label in list(zip(*axes[0].get_legend_handles_labels())):
        found.setdefault(label, handle)
    figure.legend(
        list(found.values()), list(found), loc="outside lower center", ncols=3, fontsize=9
    )
