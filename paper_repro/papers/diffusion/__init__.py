"""Class-dependent learning dynamics of diffusion models (arXiv 2605.06367)."""

TITLE = "The interplay of data structure and imbalance in the learning dynamics of diffusion models"
REFERENCE = "arXiv 2605.06367"
PROVENANCE = (
    "Only the abstract could be had; the random-features model is that of arXiv 2505.17638, which "
    "was read in full. Everything that depends on classes is reconstructed from the abstract, the "
    "definitions of times are our own, and every formula was derived anew and checked by "
    "simulation. Nothing class-dependent here is the authors' theorem."
)
