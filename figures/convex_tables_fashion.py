"""Convex clustering of Fashion-MNIST: Rand index by graph and method, and along the path."""

from figures.convex_tables import draw

__all__ = ["EXPERIMENT", "GRID_ORDER", "draw"]

EXPERIMENT = "convex_tables_fashion"
GRID_ORDER = True
