"""Claims on the collapse onto samples in backward diffusion: B17."""

import numpy as np

from diversity_jax.checks import agreement, combine, convergence, ordering
from paper_repro.claims import Claim, Control
from paper_repro.papers.diffusion.speciation_checks import extrapolated

COLLAPSE = "arXiv 2402.18491, from its abstract; per class reconstructed and derived"


def at_variances(dataset, equal=False):
    """The points at which both classes have one variance, or those at which they do not."""
    same = dataset.first.values == dataset.second.values
    return dataset.isel(point=np.flatnonzero(same == equal))


def collapse_tends(dataset, theory="theory"):
    """Measured collapse times tend to the predicted ones in high dimension.

    The log-odds of the own sample, of order d, are zero there up to terms of order one (up to
    logarithms of d), hence the rate.
    """
    some = at_variances(dataset)
    some = some.isel(point=np.argsort(some.dimension.values))
    sizes, gaps = some.dimension.values, (some.collapse - some[theory]).values
    settings = {"resolution": 0.2, "level": 5e-5, "rate": 1.0}
    parts = {}
    for c in range(2):
        scale = float(some.theory.values[-1, c])
        parts[f"class {c}"] = convergence(sizes, gaps[:, :, c].T, scale=scale, **settings)
    return combine(parts)


def spread_is_first(dataset, equal=False):
    """The class of fewer samples, and of smaller variance, collapses at a smaller time."""
    times = at_variances(dataset, equal).collapse.values
    return ordering(times[..., 0].T, times[..., 1].T, resolution=0.1)


def memory_returns(dataset, less="gap"):
    """Share of U-turns that end on their sample less its posterior, extrapolated to short steps."""
    gaps = dataset[less].values[int(np.argmin(dataset.dimension.values))]
    return agreement(extrapolated(gaps, axis=1), 0.0, scale=1.0, resolution=0.05)


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
        control=Control(
            "one class of the mean variance and of all samples",
            lambda d: collapse_tends(d, "theory_pooled"),
            kind="rival prediction",
        ),
        blind="Samples grow like e^(d/17), so that dimensions end at 135: an error below a sixth "
        "of the time would not show.",
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
        control=Control(
            "equal variances, where fewer samples collapse earlier",
            lambda d: spread_is_first(d, equal=True),
            kind="hypothesis dropped",
        ),
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
            "a point returns to the sample that is the most probable where it turns",
            lambda d: memory_returns(d, "nearest"),
            kind="rival prediction",
        ),
    ),
]
