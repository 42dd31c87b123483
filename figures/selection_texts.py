"""Rules of selection on texts: accuracy by rule, what is kept, and analogues of large models."""

from __future__ import annotations

import numpy as np

from figures import selection_rules, style

EXPERIMENT = "selection_texts"
GRID_ORDER = True
TITLES = {
    **selection_rules.TITLES,
    "random_again": "random, others",
    "daar": "DaaR",
    "true_labels": "DaaR, true labels",
    "calibrated": "entropy, calibrated",
    "certain": "lowest entropy, calibrated",
}
COMPOSITIONS = {"own": "domains as kept", "pool": "domains as in the pool"}
PAPER = {"pseudo_overlap": 0.831, "runs_overlap": 0.957}


def draw(dataset):
    """A row per mix: accuracy, losses and what is kept by rule; then bins, runs and analogues."""
    points = dataset.sizes["point"]
    figure, axes = style.panels(5, rows=points + 1, width=4.9, height=5.2)
    best = dataset["mean"].sel(composition="own").mean(("point", "seed")).values
    dataset = dataset.isel(rule=np.argsort(-best))
    for place in range(points):
        _row(axes[5 * place : 5 * place + 5], dataset.isel(point=place))
    last = axes[-5:]
    _bins(last[0], dataset)
    _runs(last[1], dataset)
    _scores(last[2], dataset)
    _probes(last[3], dataset)
    _correlations(last[4], dataset)
    for panel in axes[:-5]:
        style.legend(panel, columns=3)
    for panel in last:
        style.legend(panel, columns=2, bbox_to_anchor=(0.5, -0.22), fontsize=7)
    return figure


def _row(axes, some) -> None:
    """By rule: mean and worst accuracy, losses, shares of domains, Vendi score."""
    accuracy, worst, lost, shares, vendi = axes
    for panel, name in ((accuracy, "mean"), (worst, "worst"), (vendi, "vendi")):
        for number, (composition, label) in enumerate(COMPOSITIONS.items()):
            _bar(panel, some[name].sel(composition=composition), number, label, 0.7 - 0.35 * number)
    accuracy.set(xlabel="share of held-out texts whose domain is told")
    worst.set(xlabel="the same, in the worst domain")
    vendi.set(xlabel="Vendi score (effective number of texts)")
    _lost(lost, some)
    _shares(shares, some)
    for panel in axes:
        panel.set_title(_name(some))
        _rules(panel, some.rule.values)


def _lost(axes, some) -> None:
    """What is lost against random texts, in domains that are absent and in those that are not."""
    kept = some.sel(composition="own")
    less = kept.accuracy.sel(rule="random") - kept.accuracy
    for number, (label, where) in enumerate(
        (("in absent domains", kept.absent == 1), ("in the others", kept.absent == 0))
    ):
        # A mean over all domains of the mix, so that both add up to what is lost.
        lost = less.where(where, 0).sum("domain") / (some.domain_names != "").sum()
        _bar(axes, lost, number, label, 0.7 - 0.35 * number)
    axes.set(xlabel="accuracy lost against random texts")


def _name(some) -> str:
    """A mix, and whether its domains differ in size."""
    return f"{some.mix.item()}{'' if some.balance == 'equal' else ', unequal domains'}"


def _rules(axes, rules) -> None:
    style.rows(axes, [TITLES.get(str(rule), str(rule)) for rule in rules])
    axes.set_ylabel("rule, by mean accuracy on domains")


def _bar(axes, samples, number, label, height) -> None:
    """Means over seeds as bars with 95% intervals, one row per rule."""
    middle, half = style.estimate(samples.transpose("rule", "seed").values)
    rows = np.arange(middle.size)
    axes.barh(rows, middle, height=height, color=style.COLOURS[number], alpha=0.35)
    axes.errorbar(middle, rows, xerr=half, capsize=2.5, label=label, **style.look(number))


def _shares(axes, some) -> None:
    names = [str(name) for name in some.domain_names.values]
    for number, name in enumerate(names):
        if name:
            kept = some.shares.sel(composition="own").isel(domain=number)
            kept = kept.transpose("rule", "seed").values
            middle, half = style.estimate(kept)
            # Domains that fare alike would hide each other.
            rows = np.arange(middle.size) + 0.15 * (number - 2)
            axes.errorbar(middle, rows, xerr=half, capsize=2, label=name, **style.look(number))
    axes.set(xlabel="share of the texts kept, as the rule has it", xlim=(-0.02, None))


def _bins(axes, dataset) -> None:
    """Accuracy on each fifth by similarity to the other centroids, for both vectors."""
    shown = dataset.bins.sel(side="inter").isel(point=0)
    places = 1 + np.arange(shown.sizes["bin"])
    for number, vector in enumerate(shown.vector.values):
        samples = shown.sel(vector=vector).transpose("bin", "seed").values
        style.points(axes, places, samples, number, f"vectors of {vector}")
    axes.set_xticks(places)
    axes.set(
        xlabel="fifth of every domain, from far to near the other centroids",
        ylabel="mean accuracy on domains", title="the best pool, first mix (cf. P4)",
    )  # fmt: skip


def _runs(axes, dataset) -> None:
    """Texts kept alike, by mix and epochs; levels are the least numbers of the paper's models."""
    what = {"pseudo_overlap": "pseudo, true labels", "runs_overlap": "two whole runs"}
    for series, (name, label) in enumerate(what.items()):
        _by_epoch(axes, dataset, name, series, label)
        style.level(axes, PAPER[name], f"the paper's least, {label}")
    axes.set(ylabel="share of the texts kept", ylim=(0, 1.02))
    axes.set_title("kept alike (cf. P7, P8; one fifth by chance)")


def _scores(axes, dataset) -> None:
    """Accuracy on domains of whole runs by epochs of the probe, beside random texts."""
    _by_epoch(axes, dataset, "runs_mean", 0, "DaaR")
    for place in range(dataset.sizes["point"]):
        some = dataset.isel(point=place)
        arm = some["mean"].sel(rule="random", composition="own").values[None]
        label = f"random texts, {_short(some)}"
        style.points(axes, [some.epoch.values[0] / 2], arm, 2 * place + 1, label)
    axes.set(ylabel="mean accuracy on domains", title="scores of runs (cf. P5)")


def _probes(axes, dataset) -> None:
    """What the probe does on what it held out, and its mean entropy."""
    _by_epoch(axes, dataset, "held_out", 0, "accuracy")
    _by_epoch(axes, dataset, "probe_entropy", 1, "entropy (nats)")
    axes.set(ylabel="of the probe", title="the probe, by epochs (T17)", ylim=(0, None))


def _by_epoch(axes, dataset, name, series, label) -> None:
    """One quantity by epochs of the probe, a marker per mix."""
    epochs = dataset.epoch.values
    for place in range(dataset.sizes["point"]):
        some = dataset.isel(point=place)
        over = some[name].mean("run") if "run" in some[name].dims else some[name]
        samples = over.transpose("epoch", "seed").values
        look = 2 * place + series
        style.points(axes, epochs * 1.04**look, samples, look, f"{label}, {_short(some)}")
    axes.set_xscale("log", base=2)
    style.ticks(axes, epochs)
    axes.set_xlabel("epochs of the probe")


def _short(some) -> str:
    """A mix by the number of its domains, and whether they differ in size."""
    unequal = "" if some.balance == "equal" else ", unequal"
    return f"{(some.domain_names != '').sum().item()} domains{unequal}"


def _by_mix(axes, dataset, values) -> None:
    """A series per mix beside each other; `values` gives one mix's samples `[place, seed]`."""
    number = dataset.sizes["point"]
    for series in range(number):
        some = dataset.isel(point=series)
        samples = values(some)
        places = np.arange(len(samples)) + 0.12 * (series - (number - 1) / 2)
        style.points(axes, places, samples, series, _name(some))


def _correlations(axes, dataset) -> None:
    """Correlation of the two similarities inside domains, before and after taking out the mean."""
    kinds = {"correlation": "", "centred": ",\nless mean"}

    def values(some):
        both = [some[kind].transpose("vector", "seed").values for kind in kinds]
        return np.concatenate(both)

    _by_mix(axes, dataset, values)
    vectors = [str(vector) for vector in dataset.vector.values]
    style.names(axes, [f"{vector}{after}" for after in kinds.values() for vector in vectors])
    style.level(axes, 0.0)
    axes.set(xlabel="vectors", ylabel="correlation inside domains", ylim=(-1.05, 1.05))
    axes.set_title("similarity to other and to own centroids (T8)")
