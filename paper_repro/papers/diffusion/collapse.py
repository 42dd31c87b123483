"""Claims on the collapse onto samples in backward diffusion: B17."""

import numpy as np

from diversity_jax.checks import agreement, combine, convergence, ordering
from paper_repro.claims import Claim, Control
from paper_repro.papers.diffusion.speciation_checks import extrapolated

COLLAPSE = "arXiv 2402.18491, from its abstract; per class reconstructed and derived"


def collapse_tends(dataset, off=0.0):
    """Measured collapse times tend to the predicted ones in high dimension.

    The log-odds of the own sample, of order d, are zero there up to terms of order one (up to
    logarithms of d), hence the rate.
    """
    order = np.argsort(dataset.dimension.values)
    sizes, gaps = dataset.dimension.values[order], (dataset.collapse - dataset.theory).values[order]
    settings = {"resolution": 0.25, "level": 5e-5, "rate": 1.0}
    parts = {}
    for c in range(2):
        scale = float(dataset.theory.values[order][-1, c])
        parts[f"class {c}"] = convergence(
            sizes, gaps[:, :, c].T + off * scale, scale=scale, **settings
        )
    return combine(parts)


def spread_is_first(dataset, turned=False):
    """The class of small variance collapses at a smaller time, in every dimension."""
    small, large = dataset.collapse.values[..., 0].T, dataset.collapse.values[..., 1].T
    return ordering(*((large, small) if turned else (small, large)), resolution=0.2)


def off_by_twice_the_power(check):
    """The control of a convergence: the same check with the theory off by twice its power."""
    return lambda dataset: check(dataset, off=2 * (check(dataset).power or np.nan))


def memory_returns(dataset, predicted=0.0):
    """Share of U-turns that end on their sample less its posterior, extrapolated to short steps."""
    gaps = dataset.gap.values[int(np.argmin(dataset.dimension.values))]
    return agreement(extrapolated(gaps, axis=1), predicted, scale=1.0, resolution=0.1)


CLAIMS = [
    Claim(
        id="B17-collapse",
        kind="convergence",
        sentence="With the score of its own samples backward diffusion falls onto one of them at "
        "log(1 + variance_c / (n_c^(2/d) - 1)) / 2, in high dimension and class by class.",
        source=f"B17; {COLLAPSE}",
        experiment="diffusion_collapse",
        formula="asymptotic in dimension",
        check=collapse_tends,
        control=Control("the time off by twice the power", off_by_twice_the_power(collapse_tends)),
    ),
    Claim(
        id="B17-variance",
        kind="ordering",
        sentence="The class of larger variance collapses earlier in backward diffusion, in every "
        "dimension, even when it has more samples.",
        source=f"B17; {COLLAPSE}",
        experiment="diffusion_collapse",
        formula="asymptotic in dimension",
        check=spread_is_first,
        control=Control("classes exchanged", lambda d: spread_is_first(d, turned=True)),
    ),
    Claim(
        id="B17-turns",
        kind="agreement",
        sentence="Backward diffusion with the memorised score, extrapolated to short steps, "
        "returns to the sample that it started from with the mean posterior of that sample.",
        source=f"B17; {COLLAPSE}",
        experiment="diffusion_collapse",
        formula="exact",
        check=memory_returns,
        control=Control(
            "every path returns, from where half of the posterior is on the sample",
            lambda d: memory_returns(d, predicted=0.5),
        ),
    ),
]
