"""Class-dependent learning dynamics of diffusion models (arXiv 2605.06367)."""

from paper_repro.papers.diffusion_centroid_claims import CENTROIDS
from paper_repro.papers.diffusion_collapse_claims import COLLAPSE_CLAIMS
from paper_repro.papers.diffusion_fairness_claims import FAIRNESS
from paper_repro.papers.diffusion_feature_claims import FEATURES
from paper_repro.papers.diffusion_images_claims import IMAGES
from paper_repro.papers.diffusion_learning_claims import LEARNING
from paper_repro.papers.diffusion_order_claims import ORDER
from paper_repro.papers.diffusion_speciation_claims import SPECIATION
from paper_repro.papers.diffusion_spectrum_claims import SPECTRUM

TITLE = "The interplay of data structure and imbalance in the learning dynamics of diffusion models"
REFERENCE = "arXiv 2605.06367"
PROVENANCE = (
    "Only the abstract could be had; the random-features model is that of arXiv 2505.17638, which "
    "was read in full. Everything that depends on classes is reconstructed from the abstract, the "
    "definitions of times are our own, and every formula was derived anew and checked by "
    "simulation. Nothing class-dependent here is the authors' theorem."
)
CLAIMS = [
    *FEATURES,
    *SPECTRUM,
    *LEARNING,
    *ORDER,
    *CENTROIDS,
    *SPECIATION,
    *COLLAPSE_CLAIMS,
    *FAIRNESS,
    *IMAGES,
]
