"""Attention-based clustering (arXiv 2505.13112)."""

TITLE = "Attention-based clustering"
REFERENCE = "arXiv 2505.13112"
PROVENANCE = (
    "Only the abstract could be had. The model and the sentences below are reconstructed from it, "
    "the regulariser, the manifold and all sizes are our own choices, and every formula was "
    "derived anew and checked by a second derivation. Nothing here is the authors' theorem."
)
