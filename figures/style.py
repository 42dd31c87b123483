"""One look for all figures: readable in grey and for the colour-blind, theory as a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, Locator, NullFormatter
from scipy.special import stdtrit

# Okabe and Ito's palette, ordered so that neighbours differ in lightness too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
GUIDE = "0.35"
SETTINGS = {
    "figure.dpi": 110,
    "savefig.dpi": 150,
    "figure.constrained_layout.use": True,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "font.size": 10,
    "axes.titlesize": 10,
    "lines.markersize": 5,
}


@contextmanager
def applied() -> Iterator[None]:
    """Within it, matplotlib draws in this project's style; outside nothing has changed."""
    with plt.rc_context(SETTINGS):  # pyright: ignore[reportArgumentType]
        yield


def panels(columns: int, *, rows: int = 1, width: float = 4.2, height: float = 3.4) -> Any:
    """A figure with `rows` x `columns` axes as a flat list: ``figure, axes``."""
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.06)  # pyright: ignore[reportCallIssue, reportOptionalMemberAccess]
    axes = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.flat)


def look(number: int) -> dict[str, Any]:
    """Colour and marker of series `number`, as points without a line."""
    return {"color": COLOURS[number % 7], "marker": MARKERS[number % 7], "linestyle": "none"}


def line(axes: Axes, x: Any, y: Any, number: int = 0, label: str = "", **options: Any) -> None:
    """Theory: a line in the style of series `number`."""
    style = {"color": COLOURS[number % 7], "linestyle": LINES[number % 7], "linewidth": 1.6}
    axes.plot(x, y, label=label or None, **{**style, **options})


def estimate(samples: Any) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the last axis and half its 95% Student interval; NaN where samples are too few."""
    samples = np.asarray(samples, dtype=float)
    known = np.isfinite(samples)
    count = known.sum(axis=-1).astype(float)
    some = np.where(count > 0, count, np.nan)
    middle = np.where(known, samples, 0.0).sum(axis=-1) / some
    squares = np.where(known, (samples - middle[..., None]) ** 2, 0.0).sum(axis=-1)
    freedom = np.where(count > 1, count - 1, np.nan)
    return middle, stdtrit(freedom, 0.975) * np.sqrt(squares / freedom / some)


def points(
    axes: Axes, x: Any, samples: Any, number: int = 0, label: str = "", **options: Any
) -> None:
    """Simulation: the mean over the last axis (seeds) with 95% intervals of the mean."""
    middle, half = estimate(samples)
    axes.errorbar(
        x, middle, yerr=half, capsize=2.5, label=label or None, **{**look(number), **options}
    )


def fractions(
    axes: Axes, x: Any, successes: Any, number: int = 0, label: str = "", **options: Any
) -> None:
    """Success rates over the last axis (seeds) with 95% Wilson intervals."""
    successes = np.asarray(successes, dtype=float)
    n, z = successes.shape[-1], 1.96
    rate = successes.mean(axis=-1)
    centre = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    below, above = np.maximum(rate - centre + half, 0), np.maximum(centre + half - rate, 0)
    axes.errorbar(
        x, rate, yerr=[below, above], capsize=2.5, label=label or None,
        **{**look(number), **options},
    )  # fmt: skip


def course(
    axes: Axes, x: Any, samples: Any, number: int = 0, label: str = "", **options: Any
) -> None:
    """Simulation over time, samples `[seed, x]`: medians, with the central 80% of seeds shaded."""
    low, middle, high = np.quantile(np.asarray(samples, dtype=float), (0.1, 0.5, 0.9), axis=0)
    axes.fill_between(x, low, high, color=COLOURS[number % 7], alpha=0.15, linewidth=0)
    every = max(1, -(-len(middle) // 16))
    style = {**look(number), "markevery": (number % every, every)}
    axes.plot(x, middle, label=label or None, **{**style, **options})


def strip(
    axes: Axes, place: float, samples: Any, number: int = 0, label: str = "", **options: Any
) -> None:
    """One mark per seed beside each other around `place`, spread evenly, the same every time."""
    samples = np.asarray(samples, dtype=float).ravel()
    spread = 0.3 * (2 * ((np.arange(samples.size) * 0.618034) % 1) - 1)
    style = {**look(number), "markerfacecolor": "none", "markersize": 4, "alpha": 0.7}
    axes.plot(place + spread, samples, label=label or None, **{**style, **options})


def dashes(axes: Axes, x: Any, y: Any, number: int = 0, label: str = "", *, width: float) -> None:
    """Theory at settings with no curve between them: a short level line at each."""
    x = np.asarray(x, dtype=float)
    axes.hlines(
        y, x - width / 2, x + width / 2,
        color=COLOURS[number % 7], linewidth=1.8, label=label or None,  # pyright: ignore[reportArgumentType]
    )  # fmt: skip


def threshold(axes: Axes, x: float, text: str, *, side: str = "left", top: float = 0.97) -> None:
    """A dashed vertical line at `x` with its name along it, `side` of the line, below `top`."""
    axes.axvline(x, color=GUIDE, linestyle=(0, (4, 2)), linewidth=1.1, zorder=1)
    offset, align = (-2, "right") if side == "left" else (2, "left")
    axes.annotate(
        text, (x, top), xycoords=axes.get_xaxis_transform(), xytext=(offset, 0),
        textcoords="offset points", rotation=90, ha=align, va="top", fontsize=8, color=GUIDE,
    )  # fmt: skip


def level(axes: Axes, y: float, text: str = "", *, at: str = "right", over: bool = True) -> None:
    """A dashed horizontal line at `y` with its name at one end, over or under the line."""
    axes.axhline(y, color=GUIDE, linestyle=(0, (4, 2)), linewidth=1.1, zorder=1)
    if text:
        axes.annotate(
            text, (0.99 if at == "right" else 0.01, y), xycoords=axes.get_yaxis_transform(),
            xytext=(0, 2 if over else -2), textcoords="offset points", ha=at,
            va="bottom" if over else "top", fontsize=8, color=GUIDE,
        )  # fmt: skip


def power_law(axes: Axes, x: Any, anchor: float, power: float, label: str = "") -> None:
    """A thin dotted guide ``x**power`` that passes through `anchor` at the last `x`."""
    x = np.asarray(x, dtype=float)
    axes.plot(
        x, anchor * (x / x[-1]) ** power,
        color=GUIDE, linestyle=":", linewidth=1.1, zorder=1, label=label or None,
    )  # fmt: skip


def names(axes: Axes, labels: Sequence[str]) -> None:
    """Named places 0, 1, 2, ... along the horizontal axis."""
    axes.set_xticks(range(len(labels)), labels, fontsize=8)
    axes.set_xlim(-0.6, len(labels) - 0.4)
    axes.grid(visible=False, axis="x")


def rows(axes: Axes, labels: Sequence[str]) -> None:
    """Named places 0, 1, 2, ... down the vertical axis."""
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")


def identities(axes: Axes, named: Sequence[tuple], errors: Any) -> None:
    """A row per identity: errors of its sides, and of the same with one of them spoiled.

    `named` are (name, left, right, what spoils it, the spoiled left side), the last two empty for
    none; ``errors(left, right)`` gives an identity's errors, of which zeros are drawn at 1e-17.
    """
    axes.axvline(np.finfo(float).eps, color="black", linewidth=1.4, label="spacing at 1")
    for place, (_, left, right, what, spoiled) in enumerate(named):
        for number, side in enumerate((left, spoiled) if spoiled else (left,)):
            found = np.maximum(errors(side, right), 1e-17)
            label = ("identity", "spoiled")[number] if place == 0 else None
            axes.plot(found, [place] * len(found), **look(number), label=label)
        if spoiled:
            axes.annotate(
                what, (found.min(), place), xytext=(-7, 4), textcoords="offset points",
                ha="right", fontsize=8,
            )  # fmt: skip
    rows(axes, [name for name, *_ in named])
    axes.set(xscale="log", ylabel="identity")


def ticks(axes: Axes, values: Any) -> None:
    """Ticks at these values of a logarithmic horizontal axis, as plain numbers; see `off_zero`."""
    values = np.unique(np.asarray(values, dtype=float))
    values = values[np.isfinite(values)]
    labels = [plain(value) for value in values]
    values = off_zero(values)
    axes.set_xscale("log")
    axes.set_xticks(values, labels)
    axes.set_xticks([], minor=True)
    if values.size == 1:
        axes.set_xlim(values[0] / 3, values[0] * 3)


def off_zero(values: Any) -> np.ndarray:
    """`values` for a logarithmic axis: zero is drawn at a quarter of the smallest positive one."""
    values = np.asarray(values, dtype=float)
    positive = values[values > 0]
    return np.where(values == 0, positive.min() / 4 if positive.size else 1.0, values)


def short_log(axes: Axes) -> None:
    """A logarithmic vertical axis over a few decades: ticks at 1, 2, 5 or finer; plain numbers."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(_Few())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: plain(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())


class _Few(Locator):
    """Ticks at 1, 2 and 5; at finer places where fewer than three of them are in view."""

    STEPS = ((1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0), np.arange(10, 100) / 10)
    MOST = 8  # of the finest

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """Those in view, from the first of the three sets that has three there."""
        low, high = sorted((vmin, vmax))
        decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.floor(np.log10(high)) + 1)
        seen = np.array([])
        for steps in self.STEPS:
            ticks = np.outer(decades, steps).ravel()
            seen = ticks[(ticks >= low) & (ticks <= high)]
            if len(seen) > 2:
                break
        thin = 1 + len(seen) // self.MOST if len(steps) > self.MOST else 1
        return seen[::thin].tolist()

    def __call__(self) -> Sequence[float]:
        """The ticks of the axis as it is."""
        return self.tick_values(*self.axis.get_view_interval())  # pyright: ignore[reportOptionalMemberAccess]


def legend(axes: Axes, *, columns: int = 1, **options: Any) -> None:
    """The legend under the panel, where it covers no data."""
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.17), "ncols": columns}
    if axes.get_legend_handles_labels()[0]:
        axes.legend(**{**place, **options})


def plain(value: Any) -> str:
    """A number as a reader writes it: three digits, whole numbers in full, infinity as its sign."""
    value = float(value)
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    whole = value.is_integer() and abs(value) < 1e6
    return (f"{value:.0f}" if whole else f"{value:.3g}").replace("-", "−")
