"""What a partition of feature space changes in kernel ridge regression, and what it costs.

Sees kernel matrices and labels of cells, never kernels or solvers.
"""

from diversity_jax.kernel_ridge.theory.angles import (
    CorrelationLimits,
    PrincipalAngles,
    correlation_limits,
    principal_angles,
)
from diversity_jax.kernel_ridge.theory.borders import border_bias, cell_bias
from diversity_jax.kernel_ridge.theory.costs import (
    Cost,
    exact_cost,
    falkon_cost,
    growth,
    nystrom_cost,
    park_cost,
)
from diversity_jax.kernel_ridge.theory.counterexamples import (
    ExactPartition,
    GreedyCounterexample,
    greedy_counterexample,
    partition_counterexample,
    partition_exactly,
    ridge_counterexample,
)
from diversity_jax.kernel_ridge.theory.dimensions import (
    effective_dimension,
    local_effective_dimensions,
    partition_excess,
    spectral_effective_dimension,
)
from diversity_jax.kernel_ridge.theory.orthogonality import Orthogonality, orthogonality
from diversity_jax.kernel_ridge.theory.predictions import PredictionGaps, prediction_gaps
from diversity_jax.kernel_ridge.theory.rates import (
    Exponents,
    Risk,
    equivalent_risk,
    population_risk,
    rate_exponents,
    sobolev_effective_dimension,
    sobolev_eigenvalues,
)

__all__ = [
    "CorrelationLimits",
    "Cost",
    "ExactPartition",
    "Exponents",
    "GreedyCounterexample",
    "Orthogonality",
    "PredictionGaps",
    "PrincipalAngles",
    "Risk",
    "border_bias",
    "cell_bias",
    "correlation_limits",
    "effective_dimension",
    "equivalent_risk",
    "exact_cost",
    "falkon_cost",
    "greedy_counterexample",
    "growth",
    "local_effective_dimensions",
    "nystrom_cost",
    "orthogonality",
    "park_cost",
    "partition_counterexample",
    "partition_exactly",
    "partition_excess",
    "population_risk",
    "prediction_gaps",
    "principal_angles",
    "rate_exponents",
    "ridge_counterexample",
    "sobolev_effective_dimension",
    "sobolev_eigenvalues",
    "spectral_effective_dimension",
]
