"""Random-features diffusion on Gaussian mixtures: who is learned, memorised and decided first.

`model`             classes, sizes and time: the parameters that both sides read
`random_features`   the features of samples, and their covariance
`training`          gradient flow on samples
`process`           the forward process
`sampling`          backward diffusion, clones and returns
`measures`          times and shares of modes, read off simulated runs
`theory`            spectrum, losses, times, fairness and speciation, without simulation; its
                    modules are found here too: `from diversity_jax.diffusion import losses`
"""

from diversity_jax import _doors

__getattr__, __dir__ = _doors.lazily(__name__)
