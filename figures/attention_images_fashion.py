"""The layers on Fashion-MNIST: errors and clusterings per method, theory against images, heads."""

from figures.attention_images import draw

__all__ = ["EXPERIMENT", "draw"]

EXPERIMENT = "attention_images_fashion"
