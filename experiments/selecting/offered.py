"""The rules that are offered, by name; nothing heavy is imported here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Offer:
    """What a rule does, what its objective is, and whether it needs labels."""

    line: str
    objective: str
    labelled: bool = False


RULES = {
    "random": Offer("every subset is as likely", "none"),
    "k_center": Offer("farthest point next, from the one nearest to the mean", "radius"),
    "kmeans_plus_plus": Offer(
        "at random, by squared distance to those kept", "sum of squared distances"
    ),
    "facility_location": Offer(
        "every point has a similar one (cosine, greedy)", "sum of best cosines, none below 0"
    ),
    "dpp_map": Offer(
        "largest determinant (Gaussian kernel, greedy)", "log det of the kernel's block"
    ),
    "k_dpp": Offer("at random, by determinant (Gaussian kernel)", "log det of the kernel's block"),
    "d_optimal": Offer("highest leverage next", "log det of (I + sum of x x')"),
    "information_gain": Offer("labels by 50-means, spread on a graph", "information"),
    "coverage_stratified": Offer(
        "equal numbers from equal stretches of hardness", "strata reached", True
    ),
    "entropy": Offer("highest entropy of the domain posterior", "mean entropy", True),
    "near_other": Offer("most similar to other domains, by quota", "mean sum of cosines", True),
    "far_other": Offer("least similar to other domains, by quota", "mean sum of cosines", True),
    "near_own": Offer("most similar to the own centroid, by quota", "mean cosine", True),
    "far_own": Offer("least similar to the own centroid, by quota", "mean cosine", True),
}
ALL = "all"
FRACTION = 0.2
