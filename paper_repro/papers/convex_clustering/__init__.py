"""The affinity graph in convex clustering (arXiv 2605.24673)."""

from paper_repro.claims import Untested

TITLE = "Affinity graph connectivity in convex clustering"
REFERENCE = "arXiv 2605.24673"
PROVENANCE = (
    "The abstract, the start of the first section and the authors' public code for the experiments "
    "could be had; no theorem could be read. The objective (equation 1), the quantities (F, its "
    "pseudo-inverse, the gamma read off the noise, the oracle term) and the settings of the "
    "experiments are the paper's, as its code has them. All bounds, windows and rates were derived "
    "anew and shaped after that code: nothing here is the authors' theorem. Their random numbers "
    "and results could not be had; data sets are our own draws at their settings."
)
UNTESTED = [
    Untested(
        "theorems",
        "the paper's own theorems on the error of convex clustering and the graph",
        "their statements could not be read: a bound was derived for the gamma that the paper's "
        "code names after a theorem",
        ("G1-sharp", "G1-blocks", "G2-level"),
    ),
    Untested(
        "Tan-Witten",
        "the bound of Tan and Witten (2015) for the complete graph, which the paper improves on",
        "their text was not read; a theorem of that form is proved and tested in the library, "
        "and it is looser than G1 by construction",
        ("G1-sharp",),
    ),
]
