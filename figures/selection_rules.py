"""Fourteen rules of selection: risk of the mean and the worst domain, shares, excess risk."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "selection_rules"
TITLES = {
    "near_other": "near other domains",
    "far_other": "far from other domains",
    "near_own": "near own centre",
    "far_own": "far from own centre",
    "entropy_top": "highest entropy",
    "entropy_bottom": "lowest entropy",
    "k_center": "k-center",
    "kmeans_plus_plus": "k-means++",
    "facility_location": "facility location",
    "dpp_map": "DPP, greedy",
    "d_optimal": "D-optimal",
    "coverage_stratified": "stratified (CCS)",
    "information_gain": "label graph (MIG)",
}
DOMAINS = ("confusable", "confusable", "isolated", "isolated")


def draw(dataset):
    """Rules by risk of the worst domain: risks, shares, excess; geometry's excess with sizes."""
    figure, (risks, shares, excess, sizes) = style.panels(2, rows=2, width=5.4, height=4.4)
    some = dataset.isel(point=0)
    some = some.isel(rule=np.argsort(some.worst.mean("seed").values))
    names = [TITLES.get(str(rule), str(rule)) for rule in some.rule.values]
    _bars(risks, some.worst, 1, "worst domain")
    _bars(risks, some.risks.mean("domain"), 0, "mean of domains", height=0.35)
    risks.set(xlabel="excess risk, a teacher per domain", title="one regression for four domains")
    for domain, kind in enumerate(DOMAINS):
        _dots(shares, some.shares.isel(domain=domain), domain, f"domain {domain + 1}, {kind}")
    shares.axvline(0.25, color=style.GUIDE, linestyle=(0, (4, 2)), linewidth=1.1, zorder=1)
    shares.set(xlabel="share of the points kept", title="what is kept", xlim=(-0.02, None))
    _bars(excess, 1000 * some.excess, 2, "ridge, averaged over the noise in y")
    excess.set(xlabel="excess risk × 1000, one teacher", title="one teacher for all domains")
    for axes in (risks, shares, excess):
        style.rows(axes, names)
        axes.set_ylabel("rule, by its worst domain")
        style.legend(axes, columns=2)
    _sizes(sizes, dataset.isel(point=0))
    return figure


def _bars(axes, samples, number, label, height=0.7) -> None:
    """Means over seeds as bars with 95% intervals, one row per rule."""
    middle, half = style.estimate(samples.transpose(..., "seed").values)
    rows = np.arange(middle.size)
    axes.barh(rows, middle, height=height, color=style.COLOURS[number], alpha=0.35)
    _errors(axes, middle, rows, half, number, label)


def _dots(axes, samples, number, label) -> None:
    middle, half = style.estimate(samples.transpose(..., "seed").values)
    # Domains that fare alike would hide each other.
    rows = np.arange(middle.size) + 0.18 * (number - 1.5)
    _errors(axes, middle, rows, half, number, label)


def _errors(axes, middle, rows, half, number, label) -> None:
    axes.errorbar(middle, rows, xerr=half, capsize=2.5, label=label, **style.look(number))


def _sizes(axes, some) -> None:
    """Points kept times excess against their number; theory with the factor of Gaussian rows."""
    kept, dimension = some["size"].values, float(some.dimension)
    places = np.geomspace(kept[0], kept[-1], 60)
    for number, rule in enumerate(some.geometry.values):
        first = some.theory_excess.sel(geometry=rule).values[-1] * kept[-1]
        style.line(axes, places, first * places / (places - dimension - 1), number)
        found = some.large_excess.sel(geometry=rule).transpose("size", "seed").values
        name = TITLES.get(str(rule), str(rule))
        style.points(axes, kept, kept[:, None] * found, number, name)
    axes.set_xscale("log")
    axes.set(
        xlabel="points kept", ylabel="points kept × excess risk, one teacher",
        title="lines: second moments, factor n/(n−d−1)",
    )  # fmt: skip
    style.ticks(axes, kept)
    style.legend(axes, columns=2)
