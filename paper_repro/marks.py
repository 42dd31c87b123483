"""Numbers and small pictures for the report: sensible digits, an interval against a prediction."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from diversity_jax.checks.verdict import Verdict
from paper_repro.claims import Claim

DASH = "–"
RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
WIDTH, HEIGHT, MARGIN, AXIS = 340, 58, 14, 26
WIDEST_BAND = 25.0
# What these kinds measure is a relative error, a ratio, a slope or a share: a pure number.
DIMENSIONLESS = ("identity", "inequality", "exponent", "probability", "correlation")
# Kinds whose resolution is in the unit of what is measured; the others need a scale in `details`.
IN_MEASURED_UNITS = ("identity", "exponent", "probability", "correlation", "ordering", "inequality")


def number(value: float | None, digits: int = 3) -> str:
    """A number with at most `digits` significant digits, as a person would write it."""
    figures, times, power = together([value], digits)[0].partition(" × ")
    if "." in figures:
        figures = figures.rstrip("0").rstrip(".")
    return figures + times + power


def together(values: Sequence[float | None], digits: int | None = None) -> list[str]:
    """Numbers of one kind to the same decimals: enough to show the spread to two digits."""
    real = [float(value) for value in values if value is not None and math.isfinite(value)]
    size = max((abs(value) for value in real), default=0.0)
    if size == 0:
        return [DASH if value is None else "0" for value in values]
    spread = max(real) - min(real)
    if digits is None:
        digits = 4 if spread == 0 else 2 + math.floor(math.log10(size / spread))
        digits = min(max(digits, 2), 8)
    exponent = math.floor(math.log10(size) + 1e-12)
    raised = not -4 < exponent < 5
    decimals = digits - 1 - (0 if raised else exponent)
    shown = []
    for value in values:
        if value is None or not math.isfinite(value):
            shown.append(DASH if value is None else str(value))
            continue
        text = f"{value / 10.0**exponent if raised else value:.{max(decimals, 0)}f}"
        text = text.replace("-", "−")
        if float(text.replace("−", "-")) == 0:
            text = number(value, 2) if value and len(values) > 1 else "0"
        elif raised:
            text += f" × 10{str(exponent).translate(RAISED)}"
        shown.append(text)
    return shown


def measured(verdict: Verdict) -> tuple[str, str]:
    """What was measured, and its interval, to the digits that the interval supports."""
    if verdict.interval is None:
        return number(verdict.measured, 4), ""
    low, high = verdict.interval
    middle, low, high = together([verdict.measured, low, high])
    return middle, f"[{low}, {high}]"


def unit(claim: Claim, verdict: Verdict) -> str:
    """The unit of what the check measured, empty where that is a pure number."""
    return "" if verdict.kind in DIMENSIONLESS else claim.unit


def seconds(value: float | None) -> str:
    """A duration for people."""
    if value is None:
        return DASH
    if value < 100:
        return f"{value:.3g} s" if value >= 0.01 else "under 0.01 s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"


def band(verdict: Verdict) -> float | None:
    """The resolution in the unit of what was measured, where the check tells."""
    if verdict.resolution is None:
        return None
    if verdict.kind in IN_MEASURED_UNITS:
        return verdict.resolution
    scale = verdict.details.get("scale")
    return verdict.resolution * float(scale) if isinstance(scale, (int, float)) else None


def interval(verdict: Verdict) -> Markup:
    """An inline picture: the interval with what was measured, the prediction, the resolution."""
    ends = [*(verdict.interval or ()), verdict.measured]
    predicted = verdict.predicted
    if verdict.kind == "ordering" and predicted is None:
        predicted = 0.0
    known = [value for value in [*ends, predicted] if value is not None and math.isfinite(value)]
    if verdict.interval is None or len(known) < len(ends):
        return Markup("")
    low, high = min(known), max(known)
    span = high - low or abs(high) or 1.0
    half = band(verdict)
    if half is not None and 2 * half > WIDEST_BAND * span:
        half = None
    if half is not None and predicted is not None:
        low, high = min(low, predicted - half), max(high, predicted + half)
        span = high - low
    low, high = low - 0.06 * span, high + 0.06 * span

    def at(value: float) -> str:
        return f"{MARGIN + (WIDTH - 2 * MARGIN) * (value - low) / (high - low):.1f}"

    parts = []
    if half is not None and predicted is not None:
        left, right = at(predicted - half), at(predicted + half)
        parts.append(
            f'<rect class="band" x="{left}" y="{AXIS - 16}" height="32" '
            f'width="{float(right) - float(left):.1f}"/>'
        )
    parts.append(f'<path class="axis" d="M{MARGIN} {AXIS}H{WIDTH - MARGIN}"/>')
    if predicted is not None:
        parts.append(f'<path class="predicted" d="M{at(predicted)} {AXIS - 19}v38"/>')
    first, last = (at(end) for end in verdict.interval)
    caps = f"M{first} {AXIS - 6}v12M{last} {AXIS - 6}v12"
    parts.append(f'<path class="interval" d="{caps}M{first} {AXIS}H{last}"/>')
    if verdict.measured is not None:
        parts.append(f'<circle class="measured" cx="{at(verdict.measured)}" cy="{AXIS}" r="4.5"/>')
    return _picture(parts, verdict, predicted, half)


def _picture(
    parts: list[str], verdict: Verdict, predicted: float | None, half: float | None
) -> Markup:
    middle, ends = measured(verdict)
    words = f"measured {middle}, interval {ends}"
    if predicted is not None:
        words += f", predicted {number(predicted, 5)}"
    if half is not None:
        words += f", resolution {number(half)} on each side"
    body = "".join(parts)
    return Markup(
        f'<svg class="mark" viewBox="0 0 {WIDTH} {HEIGHT - 8}" role="img">'
        f"<title>{words}</title>{body}</svg>"
    )


def sharpness(verdict: Verdict) -> Markup:
    """An inline bar: power as a share of the resolution that was asked for, full at 1."""
    if verdict.power is None or not verdict.resolution:
        return Markup("")
    share = verdict.power / verdict.resolution
    fill = 60 * min(share, 1.0)
    kind = "enough" if share <= 1 else "short"
    return Markup(
        f'<svg class="sharp {kind}" viewBox="0 0 62 8" aria-hidden="true">'
        f'<rect class="frame" x="1" y="1" width="60" height="6"/>'
        f'<rect class="fill" x="1" y="1" width="{fill:.1f}" height="6"/></svg>'
    )
