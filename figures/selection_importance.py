"""Importance weights by posterior, likeliest domain and label against the domains' separation."""

from __future__ import annotations

from figures import style

EXPERIMENT = "selection_importance"
COMPARED = ("theory",)
NAMES = {"posterior": "posterior", "hard": "likeliest domain", "labels": "label"}


def draw(dataset):
    """What weights are worth, their mean, the bias they leave, and the error of estimates."""
    figure, (worth, mean, bias, error) = style.panels(2, rows=2, width=5.0, height=4.0)
    for number, (name, label) in enumerate(NAMES.items()):
        if name != "hard":
            _both(worth, dataset, name, "square", number, label, lambda values: 1 / values)
        _both(mean, dataset, name, "one", number, label)
    worth.set(ylabel="effective share of the points", title="posterior weights are worth more")
    mean.set(ylabel="mean weight", title="the likeliest domain's weights are not one on average")
    _bias(bias, dataset)
    _errors(error, dataset)
    for axes in (worth, mean, bias, error):
        axes.set_xlabel("scale of the means (deviations of a domain)")
        style.legend(axes, columns=2)
    return figure


def _bias(axes, dataset) -> None:
    rows = (("posterior", "mean", 0, ""), ("hard", "mean", 1, ""),
            ("hard", "mean_ratio", 3, ", over the mean weight"))  # fmt: skip
    for name, quantity, number, how in rows:
        truth = _of(dataset.theory, "labels", "mean").values
        along = _of(dataset.theory_curve, "labels", "mean").values
        found = _of(dataset.measured, name, quantity).values - truth[:, None]
        line = _of(dataset.theory_curve, name, quantity).values - along
        style.line(axes, dataset.curve.values, line, number)
        style.points(axes, dataset.scale.values, found, number, NAMES[name] + how)
    axes.set(ylabel="bias of the target's mean (deviations)", title="and bias what they estimate")


def _errors(axes, dataset) -> None:
    rows = (("posterior", "mean_error", 0, "mean"), ("posterior", "risk_error", 2, "risk"),
            ("hard", "mean_error", 1, "mean"), ("hard", "risk_error", 3, "risk"))  # fmt: skip
    for name, quantity, number, what in rows:
        truth = _of(dataset.theory, "labels", quantity).values
        along = _of(dataset.theory_curve, "labels", quantity).values
        found = _of(dataset.measured, name, quantity).values / truth[:, None]
        line = _of(dataset.theory_curve, name, quantity).values / along
        style.line(axes, dataset.curve.values, line, number)
        style.points(axes, dataset.scale.values, found, number, f"{NAMES[name]}, {what}")
    style.level(axes, 1.0)
    style.short_log(axes)
    block = style.plain(dataset.block.values[0])
    axes.set(
        ylabel="mean squared error over that by label",
        title=f"estimates from {block} points (level: by label)",
    )


def _both(axes, dataset, name, quantity, number, label, change=lambda values: values) -> None:
    line = _of(dataset.theory_curve, name, quantity).values
    style.line(axes, dataset.curve.values, change(line), number)
    found = _of(dataset.measured, name, quantity).values
    style.points(axes, dataset.scale.values, change(found), number, label)


def _of(values, name, quantity):
    return values.sel(weight=name, quantity=quantity)
