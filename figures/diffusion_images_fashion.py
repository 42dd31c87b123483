"""Random-features diffusion on Fashion-MNIST: spectrum, losses and times beside the theory."""

from figures.diffusion_images import draw

__all__ = ["EXPERIMENT", "draw"]

EXPERIMENT = "diffusion_images_fashion"
