"""Closed forms of the learning dynamics of classes; sees a `ClassModel` or a mixture, no samples.

`spectrum` of the feature covariance, `losses` along training, `times` at which classes are
generalised and memorised, `fairness` of shares and stops, `speciation` of backward diffusion; the
`equations` behind them have a room of their own.
"""

from diversity_jax.diffusion.model import ClassLosses, ClassModel
from diversity_jax.diffusion.theory.fairness import (
    FairFractions,
    FairStop,
    fair_fractions,
    fair_stop,
    stop_of,
)
from diversity_jax.diffusion.theory.losses import along, contour, flow_losses
from diversity_jax.diffusion.theory.speciation import (
    clone_probability,
    collapse_times,
    log_odds,
    return_probability,
    speciation_times,
)
from diversity_jax.diffusion.theory.spectrum import (
    Bulks,
    Constants,
    Outliers,
    Resolvent,
    bulk_nodes,
    bulks,
    class_constants,
    class_densities,
    coefficients,
    density,
    equivalent_constants,
    giant_outliers,
    outliers,
    resolvent,
    resolvent_of_covariances,
)
from diversity_jax.diffusion.theory.times import ClassTimes, class_times, spectral_times

__all__ = [
    "Bulks",
    "ClassLosses",
    "ClassModel",
    "ClassTimes",
    "Constants",
    "FairFractions",
    "FairStop",
    "Outliers",
    "Resolvent",
    "along",
    "bulk_nodes",
    "bulks",
    "class_constants",
    "class_densities",
    "class_times",
    "clone_probability",
    "coefficients",
    "collapse_times",
    "contour",
    "density",
    "equivalent_constants",
    "fair_fractions",
    "fair_stop",
    "flow_losses",
    "giant_outliers",
    "log_odds",
    "outliers",
    "resolvent",
    "resolvent_of_covariances",
    "return_probability",
    "speciation_times",
    "spectral_times",
    "stop_of",
]
