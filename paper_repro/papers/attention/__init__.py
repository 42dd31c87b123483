"""Attention-based clustering (arXiv 2505.13112)."""

TITLE = "Attention-based clustering"
REFERENCE = "arXiv 2505.13112"
PROVENANCE = (
    "Only the abstract could be had. The model and the sentences below are reconstructed from it. "
    "It names no regulariser, no manifold, no oblique or free centroids and no other quantiser: C6 "
    "to C8, C12, C13, C17 and C18 are ours, suggested by it, as are all sizes. Every formula was "
    "derived anew and checked by a second derivation. Nothing here is the authors' theorem."
)
