"""Claims on single random features and their average over noise: B1, B9."""

import numpy as np

from diversity_jax.checks import agreement, combine, identity, inequality
from paper_repro.claims import Claim, Control
from paper_repro.papers.diffusion.spectrum import BONNAIRE, DERIVED


def powers(dataset, pooled=False):
    """The four powers of a feature, each an integral of its own, against its mean square.

    `pooled`: the powers are those of the average of both classes.
    """
    values = dataset.powers.values
    left, right = values[..., :4].sum(axis=-1), values[..., 4]
    if pooled:
        left = np.broadcast_to(left.mean(axis=-1, keepdims=True), right.shape)
    return identity(left, right, terms=300, condition=10.0, resolution=1e-8)


def tanh_slope(dataset, linear=False):
    """E tanh^2 = 1 - E tanh' at each setting; `linear` keeps the two linear powers alone."""
    left = dataset.powers.values[..., 0, :2].sum(axis=-1) if linear else dataset.total_power.values
    return identity(left, 1 - dataset.slope.values, terms=300, resolution=1e-8)


def monotone(dataset, feature=""):
    """The slope falls, memory and residual powers rise, from each variance to the next."""
    falling = dataset[f"{feature}slopes"].values
    parts = {"slope": inequality(falling[..., 1:], falling[..., :-1], resolution=0.2)}
    for name, plural in (("memory", "memories"), ("residual", "residuals")):
        values = dataset[f"{feature}{plural}"].values
        parts[name] = inequality(values[..., :-1], values[..., 1:], resolution=0.2)
    return combine(parts)


def noise(dataset, theory="exact"):
    """Averages over drawn noise against the series, off the diagonal and on it."""
    parts = {}
    for name in ("", "_diagonal"):
        wanted = dataset[f"{theory}{name}"].values[0]
        scale = dataset[f"exact{name}"].values[0]
        off = dataset[f"drawn{name}"].values[0] / scale - wanted / scale
        parts[name[1:] or "pairs"] = agreement(off, 0.0, scale=1.0, resolution=0.02)
    return combine(parts)


CLAIMS = [
    Claim(
        id="B1-powers",
        kind="identity",
        sentence="A random feature's mean square is the sum of four powers: linear in the signal, "
        "linear in the noise, nonlinear and kept (memory), nonlinear and averaged out (residual), "
        "each by an integral of its own.",
        source=f"B1; {BONNAIRE}, eqs 12-14; {DERIVED}",
        experiment="diffusion_identities",
        formula="exact",
        check=powers,
        control=Control(
            "one set of powers for both classes, their average",
            lambda d: powers(d, pooled=True),
            kind="rival prediction",
        ),
    ),
    Claim(
        id="B1-slope",
        kind="identity",
        sentence="For tanh, a feature's mean square is one less its mean slope.",
        source="B1; derived here",
        experiment="diffusion_identities",
        formula="exact",
        check=tanh_slope,
        control=Control(
            "features as if linear", lambda d: tanh_slope(d, linear=True), kind="term dropped"
        ),
    ),
    Claim(
        id="B1-variance",
        kind="inequality",
        sentence="With a class's variance, up to 4, the mean slope of its features falls, and what "
        "they remember of single samples (memory power) and the residual power rise. (Beyond some "
        "4 to 8 the residual falls again: the noise is then small beside the signal.)",
        source=f"B1; {DERIVED}",
        experiment="diffusion_identities",
        formula="exact",
        check=monotone,
        control=Control(
            "u (1 - exp(-2 u^2)) instead of tanh",
            lambda d: monotone(d, feature="dip_"),
            kind="hypothesis dropped",
        ),
    ),
    Claim(
        id="B9-noise",
        kind="agreement",
        sentence="The average of features over the noise by the series of Hermite coefficients is "
        "that over drawn noise.",
        source="B9; derived here",
        experiment="diffusion_exactness",
        formula="exact",
        check=noise,
        control=Control(
            "the noise left out", lambda d: noise(d, theory="silent"), kind="term dropped"
        ),
        unit="of the average",
    ),
]
