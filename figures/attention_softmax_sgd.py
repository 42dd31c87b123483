"""Online SGD of softmax heads: neither regulariser leads them to the centroids."""

from __future__ import annotations

from figures.attention_online_sgd import draw

__all__ = ["EXPERIMENT", "draw"]

EXPERIMENT = "attention_softmax_sgd"
