"""Diversity as a reward: DaaR (arXiv 2502.04380), and what is derived about its selection rules."""

from paper_repro.claims import Untested

TITLE = "Diversity as a reward: fine-tuning LLMs on a mixture of domain-undetermined data"
REFERENCE = "arXiv 2502.04380"
PROVENANCE = (
    "The text of version 3 could be had without its display formulas: P1 and P2 are the "
    "paper's own propositions, rebuilt from the surrounding prose, the proofs and the code. The "
    "paper has no theory of Gaussian domains: everything about them (T) is derived here. "
    "Analogues on classifiers of texts say nothing of the paper's own numbers."
)
_LARGE = "it needs large language models, trained and evaluated"
UNTESTED = [
    Untested(
        "P4", "which pool by inter- or intra-diversity trains best differs from model to model",
        _LARGE, ("texts-P4", "mixes-P4"),
    ),
    Untested(
        "P7",
        "selections by pseudo labels and by true labels overlap by 83 to 87%, and the models "
        "trained with true labels score lower by 0.18 to 0.59 points",
        _LARGE, ("texts-P7", "texts-P7-score", "mixes-P7", "mixes-P7-score"),
    ),
    Untested(
        "P8",
        "three whole runs agree: cosines of centroids above 0.98, selections overlap by 96 to "
        "97%, scores differ by 0.08 points (one deviation)",
        _LARGE, ("texts-P8", "texts-P8-centroids", "mixes-P8", "mixes-P8-centroids"),
    ),
]  # fmt: skip
