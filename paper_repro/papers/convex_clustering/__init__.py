"""Convex clustering and the connectivity of its affinity graph."""

TITLE = "Convex clustering and the connectivity of its affinity graph"
REFERENCE = "arXiv 2605.24673, https://arxiv.org/abs/2605.24673"
PROVENANCE = (
    "Its abstract, the start of its first section and its authors' public code were read; the "
    "statements of its theorems could not be had."
)
UNTESTED = []
