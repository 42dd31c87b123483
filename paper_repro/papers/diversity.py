"""Diversity as a reward: DaaR (arXiv 2502.04380), and what is derived about its selection rules."""

from paper_repro.papers.diversity_identity_claims import IDENTITIES
from paper_repro.papers.diversity_labels_claims import LABELS
from paper_repro.papers.diversity_probe_claims import PROBE
from paper_repro.papers.diversity_rules_claims import RULES
from paper_repro.papers.diversity_selection_claims import SELECTION
from paper_repro.papers.diversity_texts_claims import MIXES, TEXTS

TITLE = "Diversity as a reward: fine-tuning LLMs on a mixture of domain-undetermined data"
REFERENCE = "arXiv 2502.04380"
PROVENANCE = (
    "The text of version 3 could be had without its display formulas: P1 and P2 are the "
    "paper's own propositions, rebuilt from the surrounding prose, the proofs and the code. The "
    "paper has no theory of Gaussian domains: everything about them (T) is derived here. Not "
    "tested here, since they need large language models: that the best pool differs from model to "
    "model (P4), the gap between pseudo and true labels (P7), and stability over runs (P8); each "
    "has an analogue on classifiers of texts, which says nothing of the paper's own numbers."
)
CLAIMS = [*IDENTITIES, *SELECTION, *RULES, *PROBE, *LABELS, *TEXTS, *MIXES]
