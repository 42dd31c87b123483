"""Sound and efficient kernel ridge regression by partitions of feature space (arXiv 2106.12231)."""

from paper_repro.claims import Untested

TITLE = "ParK: sound and efficient kernel ridge regression by feature space partitions"
REFERENCE = "arXiv 2106.12231"
PROVENANCE = (
    "Of the paper only the abstract and a summary by others could be had. What is claimed here was "
    "reconstructed from them and derived anew: no theorem, table or setting below is the authors' "
    "own, and none of their numbers is compared with. B1 to B9 name our reconstruction."
)
UNTESTED = [
    Untested(
        "tables",
        "on tables of up to a billion rows the method is as accurate as others at less time and "
        "memory",
        "the tables and the authors' code could not be had; a known function of a million values "
        "and 60,000 images stand in their place, against solvers written here and scikit-learn's "
        "(the benchmarks)",
        ("K8-large", "K9-fashion"),
    ),
    Untested(
        "distributed",
        "cells can be solved on several machines",
        "one machine; cells are solved one after the other, or in a batch on an accelerator",
        (),
    ),
]
