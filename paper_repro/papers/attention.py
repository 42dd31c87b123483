"""Attention-based clustering (arXiv 2505.13112)."""

from paper_repro.papers.attention_context import CONTEXT
from paper_repro.papers.attention_descent import DESCENT
from paper_repro.papers.attention_images_claims import FASHION_CLAIMS, IMAGE_CLAIMS
from paper_repro.papers.attention_limits import LIMITS
from paper_repro.papers.attention_risk import RISK

TITLE = "Attention-based clustering"
REFERENCE = "arXiv 2505.13112"
PROVENANCE = (
    "Only the abstract could be had. The model and the sentences below are reconstructed from it, "
    "the regulariser, the manifold and all sizes are our own choices, and every formula was "
    "derived anew and checked by a second derivation. Nothing here is the authors' theorem."
)
CLAIMS = [*RISK, *DESCENT, *LIMITS, *CONTEXT, *IMAGE_CLAIMS, *FASHION_CLAIMS]
