"""Rules of selection on whole mixes of texts: accuracy by rule, what is kept, analogues."""

from figures.selection_texts import draw

__all__ = ["EXPERIMENT", "GRID_ORDER", "draw"]

EXPERIMENT = "selection_texts_mixes"
GRID_ORDER = True
