"""Random-features diffusion on Gaussian mixtures: who is learned, memorised and decided first."""
