"""Rules of selection on texts: accuracy by rule, what is kept, and analogues of large models."""

from __future__ import annotations

import numpy as np

from figures import selection_rules, style

EXPERIMENT = "selection_texts"
TITLES = {
    **selection_rules.TITLES,
    "daar": "DaaR",
    "daar_quota": "DaaR, pseudo-label quotas",
    "true_labels": "DaaR, true labels",
    "calibrated": "entropy, calibrated",
    "calibrated_quota": "entropy, calibrated, quotas",
    "certain_quota": "lowest entropy, quotas",
}
NAMES = {
    "pseudo_overlap": "kept alike:\npseudo,\ntrue labels",
    "runs_overlap": "kept alike:\ntwo whole\nruns",
    "pseudo_agreement": "right\npseudo\nlabels",
    "centroid_cosine": "least cosine\nof runs'\ncentroids",
}
PAPER = {"pseudo_overlap": 0.831, "runs_overlap": 0.957, "centroid_cosine": 0.98}


def draw(dataset):
    """A row per mix: accuracy on both labels and domain shares by rule; then the analogues."""
    points = dataset.sizes["point"]
    figure, axes = style.panels(4, rows=points + 1, width=4.9, height=4.9)
    best = dataset["mean"].sel(label="domains").mean(("point", "seed")).values
    dataset = dataset.isel(rule=np.argsort(-best))
    for place in range(points):
        some = dataset.isel(point=place)
        accuracy, classes, shares, vendi = axes[4 * place : 4 * place + 4]
        title = _name(some)
        for panel, label in ((accuracy, "domains"), (classes, "classes")):
            _bar(panel, some["mean"].sel(label=label), 0, "mean of domains", 0.7)
            _bar(panel, some["worst"].sel(label=label), 1, "worst domain", 0.35)
            what = "domain" if label == "domains" else "second label"
            panel.set(xlabel=f"share of held-out texts whose {what} is told", title=title)
        _shares(shares, some)
        _bar(vendi, some.vendi, 2, "texts kept", 0.7)
        shares.set_title(title)
        vendi.set(xlabel="Vendi score (effective number of texts)", title=title)
        for panel in (accuracy, classes, shares, vendi):
            _rules(panel, some.rule.values)
    _bins(axes[-4], dataset)
    _runs(axes[-3], dataset)
    _scores(axes[-2], dataset)
    _correlations(axes[-1], dataset)
    for panel in axes[:-4]:
        style.legend(panel, columns=3)
    for panel in axes[-4:]:
        style.legend(panel, columns=2, bbox_to_anchor=(0.5, -0.22), fontsize=7)
    return figure


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
            kept = some.shares.isel(domain=number).transpose("rule", "seed").values
            middle, half = style.estimate(kept)
            # Domains that fare alike would hide each other.
            rows = np.arange(middle.size) + 0.15 * (number - 2)
            axes.errorbar(middle, rows, xerr=half, capsize=2, label=name, **style.look(number))
    axes.set(xlabel="share of the texts kept", xlim=(-0.02, None))


def _bins(axes, dataset) -> None:
    """Accuracy on each fifth by similarity to the other centroids, for both vectors."""
    shown = dataset.bins.sel(side="inter", label="domains").mean("point")
    places = 1 + np.arange(shown.sizes["bin"])
    for number, vector in enumerate(shown.vector.values):
        samples = shown.sel(vector=vector).transpose("bin", "seed").values
        style.points(axes, places, samples, number, f"vectors of {vector}")
    axes.set_xticks(places)
    axes.set(
        xlabel="fifth of every domain, from far to near the other centroids",
        ylabel="mean accuracy on domains", title="the best pool, by vectors (cf. P4)",
    )  # fmt: skip


def _runs(axes, dataset) -> None:
    """Overlaps and cosines by mix; dashes are the smallest numbers of the paper's models."""
    _by_mix(axes, dataset, lambda some: np.stack([some[name].values for name in NAMES]))
    at = [place for place, name in enumerate(NAMES) if name in PAPER]
    style.dashes(axes, at, list(PAPER.values()), 4, "paper, its models", width=0.5)
    style.names(axes, list(NAMES.values()))
    axes.set(xlabel="what is compared", ylabel="share, or cosine", ylim=(0, 1.02))
    axes.set_title("labels and runs (cf. P7, P8; one fifth by chance)")


def _scores(axes, dataset) -> None:
    """Accuracy on domains of three whole runs, with true labels, and of random texts."""
    rules = ["true_labels", "random"]

    def values(some):
        runs = some.runs_mean.sel(label="domains").transpose("run", "seed").values
        others = some["mean"].sel(label="domains", rule=rules).transpose("rule", "seed").values
        return np.concatenate([runs, others])

    _by_mix(axes, dataset, values)
    runs = [f"DaaR,\nrun {number + 1}" for number in range(dataset.sizes["run"])]
    style.names(axes, [*runs, "DaaR,\ntrue labels", "random"])
    axes.set(xlabel="texts kept by", ylabel="mean accuracy on domains", ylim=(0, 1))
    axes.set_title("scores of runs and of labels (cf. P5, P7, P8)")


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
