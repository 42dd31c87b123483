"""What is bounded over its bound: those that hold reach 1, spoiled ones are passed."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "kernel_bounds"


def draw(dataset):
    """A row per bound: the largest ratio over draws, of each setting, true and spoiled."""
    figure, (axes,) = style.panels(1, width=8.6, height=5.6)
    rows = _ratios({name: dataset[name].values for name in dataset.data_vars}, dataset.cells.values)
    axes.axvline(1.0, color="black", linewidth=1.4, label="bound")
    for place, (_, *both) in enumerate(rows):
        for number, (ratio, name) in enumerate(zip(both, ("derived", "spoiled, as named"))):
            _across(axes, place, ratio, number, name if place == 0 else "")
    style.rows(axes, [name for name, *_ in rows])
    axes.set(
        xscale="log", xlim=(1e-2, 100),
        xlabel="what is bounded / bound (beyond the axis: at its end)", ylabel="bound (spoiled)",
        title="60 points, 2 to 30 cells: at random, touching, in chains, copies, simplices",
    )  # fmt: skip
    style.legend(axes, columns=3)
    return figure


def _ratios(v: dict, cells: np.ndarray) -> list[tuple]:
    """Name, ratio to the bound, ratio to the spoiled bound, each `[setting, seed]`."""
    excess, others = v["parts"] - v["whole"], (cells - 1)[:, None]
    below, above = 1 - v["least"], v["largest"] - 1
    apart, alike = 1 - v["kappa_minus"], 1 - 1 / v["kappa_plus"]
    many = np.where(cells > 2, 1.0, np.nan)[:, None]  # two cells meet the spoiled bounds too
    return [
        ("d_eff ≤ Σ d_q\n(less the leak)", v["whole"] / v["parts"],
         _over(v["whole"], v["parts"] - v["leak"])),
        ("Σ d_q ≤ κ₊ d_eff\n(√κ₊)", v["parts"] / v["kappa_plus"] / v["whole"],
         v["parts"] / np.sqrt(v["kappa_plus"]) / v["whole"]),
        ("leak / κ₊ ≤ excess\n(leak)", v["leak"] / v["kappa_plus"] / excess, v["leak"] / excess),
        ("excess ≤ leak / κ₋\n(leak)", excess * v["kappa_minus"] / v["leak"], excess / v["leak"]),
        ("1 − κ₋ ≤ radius\n(ρ)", many * below / v["radius"], many * below / v["correlation"]),
        ("κ₊ − 1 ≤ radius\n(ρ)", many * above / v["radius"], many * above / v["correlation"]),
        ("radius ≤ (Q − 1) ρ\n(ρ)", many * v["radius"] / others / v["correlation"],
         many * v["radius"] / v["correlation"]),
        ("1 − κ₋ ≤ share\n(share²)", below / v["share"], below / v["share"] ** 2),
        ("κ₊ − 1 ≤ (Q − 1) share\n(share²)", above / others / v["share"],
         above / others / v["share"] ** 2),
        ("fits ≤ max(1 − κ₋, 1 − 1/κ₊)\n(the smaller one)", v["moved"] / v["fit_bound"],
         v["moved"] / np.minimum(apart, alike)),
    ]  # fmt: skip


def _over(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Ratio to a bound that may be negative: passed by far then."""
    return np.where(right > 0, left / np.where(right > 0, right, 1.0), 1e3)


def _across(axes, place, ratio, number, label) -> None:
    """The largest ratio of each setting along the horizontal axis, in two lanes of the row."""
    known = ratio[np.isfinite(ratio).all(1)]
    largest = np.clip(np.sort(known.max(axis=1)), 1.1e-2, 90)
    lane = place - 0.14 + 0.32 * number
    spread = 0.08 * (2 * ((np.arange(len(largest)) * 0.618034) % 1) - 1)
    look = {**style.look(number), "markerfacecolor": "none", "markersize": 4, "alpha": 0.7}
    axes.plot(largest, lane + spread, label=label or None, **look)
