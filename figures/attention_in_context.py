"""The in-context layer: exact risk, quantisation error and variance at every length."""

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
    ("risk", "risk E|X − T|²"),
    ("quantisation_error", "quantisation error E|T − μ|²"),
    ("variance_of_output", "variance of T given the cluster"),
)


def draw(dataset):
    """Each number against the length per number of clusters; last the error at every noise."""
    clusters = np.unique(dataset.clusters)
    figure, axes = style.panels(2, rows=2 * len(clusters), width=4.6, height=3.0)
    for row, k in enumerate(clusters):
        chosen = dataset.isel(point=dataset.clusters.values == k)
        compared = chosen.isel(point=chosen.choice.values != "unbiased")
        noise = float((compared if compared.sizes["point"] else chosen).variance.max())
        noisy = chosen.isel(point=chosen.variance.values == noise)
        title = f"{int(k)} clusters, deviation {style.plain(np.sqrt(noise))}"
        panels = axes[4 * row : 4 * row + 4]
        for panel, (name, label) in zip(panels, COLUMNS):
            _choices(panel, noisy, name)
            panel.set(ylabel=label, title=title)
        _deviations(panels[3], chosen)
        panels[3].set_title(f"{int(k)} clusters, unbiased strength")
        for panel in panels:
            panel.set_xlabel("length (tokens)")
            style.ticks(panel, dataset["size"])
    figure.suptitle(
        "token X of centroid μ (|μ| = 1), output T; mean over seeds, 95% interval", fontsize=10
    )
    _legend(figure, axes)
    return figure


def _choices(axes, noisy, name: str) -> None:
    lengths = noisy["size"].values
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
    raw = float(point.theory_raw_error)
    if name != "risk":
        style.level(axes, raw, f"raw token: {raw:.3f}", over=False)
    elif int(point.clusters) == 2:
        optimal, nearest = float(point.theory_optimal_error), float(point.theory_nearest_error)
        style.level(axes, optimal)
        text = f"nearest centroid: {nearest:.4f}, optimal quantiser: {optimal:.4f}"
        style.level(axes, nearest, text, over=False)
    else:
        style.level(axes, raw, f"own centroid: {raw:.3f}", over=False)
    axes.set_ylim(0, 1.05 * max(raw, axes.get_ylim()[1]))


def _deviations(axes, dataset) -> None:
    """The quantisation error at the unbiased strength, for every noise there is."""
    chosen = (dataset.choice.values == "unbiased") & (dataset.centroids.values == "orthonormal")
    unbiased = dataset.isel(point=chosen).sortby("variance")
    lengths = dataset["size"].values
    for place in range(unbiased.sizes["point"]):
        point = unbiased.isel(point=place)
        number = 4 + place
        style.line(axes, lengths, point.theory_quantisation_error, number)
        style.points(axes, lengths, point.quantisation_error.values.T, number)
        deviation = style.plain(np.sqrt(float(point.variance)))
        spot = place % max(1, lengths.size - 1)  # neighbours are named at different lengths
        axes.annotate(
            f"deviation {deviation}",
            (lengths[spot], float(point.theory_quantisation_error[spot])),
            xytext=(6, 5),
            textcoords="offset points",
            fontsize=8,
        )
    style.short_log(axes)
    axes.set_ylabel("quantisation error E|T − μ|²")


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
        list(found.values()), list(found), loc="outside lower center", ncols=2, fontsize=9
    )
