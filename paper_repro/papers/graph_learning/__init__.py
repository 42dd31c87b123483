"""Graph-based semi-supervised learning and conditional anomaly detection (arXiv 2605.03495)."""

from paper_repro.claims import Untested

TITLE = (
    "Adaptive graph-based algorithms for conditional anomaly detection and semi-supervised learning"
)
REFERENCE = "arXiv 2605.03495 (with 1203.3522, 2604.21462, 2604.21956, 2604.26818)"
PROVENANCE = (
    "The thesis was read in full, and three of its four papers; the one on max-margin graph cuts "
    "through the thesis. Statements are the authors' in our words where a claim names their "
    "equation; what is marked derived is ours. Parameters of the synthetic data are pictures in "
    "the papers: ours are explicit and of the same kind, so that numbers stand beside theirs and "
    "are not compared with them. The medical records and the video streams could not be had."
)
UNTESTED = [
    Untested(
        "medical",
        "on records of 4486 patients, scores agree with experts' ratings of unusual decisions",
        "the records are private; label flips are looked for on public tables instead",
        (),
    ),
]
