"""Theory and simulation, side by side, for high-dimensional learning problems.

Subjects, each with a `theory` of its own:
`attention`   attention-based clustering (arXiv 2505.13112)
`diffusion`   learning dynamics of random-features diffusion (arXiv 2605.06367)
`selection`   diversity as a reward, and coverage rules (arXiv 2502.04380)
`graph_learning`  labels for a graph's nodes from those of a few (arXiv 2605.03495)
`kernel_ridge`  kernel ridge regression by partitions of space (arXiv 2106.12231)

What they share: `mixtures` (Gaussian mixtures), `seeds` (named random streams, jobs over seeds),
`checks` (a claim's verdict and its power), `results` (labelled results on disk), `datasets` and
`texts` (real data). Modules are loaded when they are asked for: importing the package alone costs
next to nothing.
"""

from diversity_jax import _doors

__version__ = "0.1.0"
__getattr__, __dir__ = _doors.lazily(__name__)
