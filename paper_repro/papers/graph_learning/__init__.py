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
    Untested(
        "H12-regret",
        "the mean squared error of the online quantised learner is at most 9/2 [R(l*) + 4 n_l / "
        "(1 + g)^2 + n_l / (c_u g^2)^2 mean |Lq - Lo|_F^2] (2605.03495, section 5.4)",
        "it never says anything: labels fade as 1 / (1 + g), so that no data take it below "
        "18 n_l / (1 + 4 n_l), nor ours with 3 below 12/5, where predicting 0 costs 1 (derived). "
        "On streams of two moons, g from .01 to 100, it is above 4 with the offline risk as "
        "measured (ours above 2.9) and above 30 (ours above 20) with the bound on that, where the "
        "learner's own is .2 to .9 (graph_regret). Its steps are claims of their own",
        ("H12-never", "H12-terms", "H5-corrected", "H6-online", "H7-quantised", "H8-split"),
    ),
    Untested(
        "H17-margin",
        "the error of a max-margin graph cut is at most its loss where the graph is sure, plus 2 "
        "eps n_eps / n, the graph's own risk, and its part by stability and by dimension "
        "(2605.03495, section 5.2.3, proposition 3)",
        "it never says anything: stability asks for a g at which the graph's own risk is near 1, "
        "and no data take the sum below 1, where guessing errs by 1/2 (derived). On two moons it "
        "is above 8, for an error of .1 (graph_regret)",
        ("H12-never", "H16-still", "H16-turns", "H16-supervised", "H16-digits"),
    ),
]
