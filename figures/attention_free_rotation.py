"""Random starts without a regulariser: the span is found, the rotation in it is left to chance."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_free_rotation"


def draw(dataset):
    """Distribution of the final angle against the uniform law; the span reached over steps."""
    figure, (left, right) = style.panels(2, height=4.4)
    _uniform_law(left, dataset.sizes["seed"])
    for number in range(dataset.sizes["point"]):
        point = dataset.isel(point=number)
        length, deviation = style.plain(point.length), style.plain(np.sqrt(point.variance))
        name = f"length {length}, deviation {deviation}, strength {style.plain(point.strength)}"
        angles = np.sort(point.final_angle.values)
        share = (np.arange(angles.size) + 1) / angles.size
        every = max(1, angles.size // 12)
        left.step(angles, share, where="post", color=style.COLOURS[number % 7], linewidth=0.7)
        left.plot(
            angles,
            share,
            **style.look(number),
            markevery=(every // 2 + number * every // 4, every),
            label=name,
        )
        steps = (np.arange(point.sizes["frame"]) + 1) * int(point.stride)
        style.course(right, steps, np.maximum(1 - point.span.values, 1e-16), number, name)
    left.set_xticks([0, np.pi / 8, np.pi / 4], ["0", "π/8", "π/4"])
    left.set(
        xlabel="final angle from the nearest axis of centroids (rad)",
        ylabel="fraction of seeds below",
        title="rotation inside the span",
    )
    style.legend(left)
    right.set(
        yscale="log",
        xlabel="steps",
        ylabel="1 − overlap with the span",
        title="span: median and central 80% of seeds",
    )
    style.legend(right)
    return figure


def _uniform_law(axes, seeds: int) -> None:
    """The uniform law, and the band that holds that many seeds 19 times in 20 (Massart 1990)."""
    x = np.linspace(0, np.pi / 4, 101)
    law = x / (np.pi / 4)
    half = np.sqrt(np.log(2 / 0.05) / (2 * seeds))
    low, high = np.maximum(law - half, 0), np.minimum(law + half, 1)
    style.line(axes, x, law, 4, "infinite length, predicted: uniform", linestyle="-")
    name = f"95% band of that law for {seeds} seeds"
    axes.fill_between(x, low, high, color="0.85", linewidth=0, zorder=0, label=name)
    style.threshold(axes, np.arccos(0.99), "alignment 0.99", side="right")
