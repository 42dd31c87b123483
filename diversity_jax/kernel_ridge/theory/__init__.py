"""What a partition of feature space changes in kernel ridge regression, and what it costs.

Sees kernel matrices and labels of cells, never kernels or solvers.
"""

from diversity_jax.kernel_ridge.theory.dimensions import (
    effective_dimension,
    local_effective_dimensions,
    partition_excess,
    spectral_effective_dimension,
)
from diversity_jax.kernel_ridge.theory.orthogonality import Orthogonality, orthogonality

__all__ = [
    "Orthogonality",
    "effective_dimension",
    "local_effective_dimensions",
    "orthogonality",
    "partition_excess",
    "spectral_effective_dimension",
]
