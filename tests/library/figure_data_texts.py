"""Made-up datasets of the figures on selection of texts; see `figure_data`."""

from tests.library.figure_data_rules import GEOMETRY

RULES = [
    "random", "daar", "daar_quota", "true_labels", "calibrated", "calibrated_quota",
    "certain_quota", "k_center", "kmeans_plus_plus", "facility_location", "dpp_map", "d_optimal",
    "coverage_stratified", "information_gain", *GEOMETRY[1:],
]  # fmt: skip
DOMAINS = {
    "code+wordnet": ["code", "animal", "plant", "food", "body"],
    "wordnet": ["animal", "plant", "food", "body", ""],
}


def _texts(maker, mixes):
    rule, label, vector = ("rule", len(RULES)), ("label", 2), ("vector", 2)
    number = len(mixes)
    variables = {
        "mean": maker.draws(number, rule, label),
        "worst": maker.draws(number, rule, label, high=0.5),
        "vendi": maker.draws(number, rule, low=20, high=80),
        "runs_mean": maker.draws(number, ("run", 3), label),
        "shares": maker.draws(number, rule, ("domain", 5)),
        "bins": maker.draws(number, vector, ("side", 2), ("bin", 5), label),
        "domain_names": (("point", "domain"), [DOMAINS[mix] for mix in mixes]),
    }
    variables |= {name: maker.draws(number, vector) for name in ("correlation", "centred")}
    alone = ("pseudo_overlap", "runs_overlap", "pseudo_agreement", "centroid_cosine")
    variables |= {name: maker.draws(number) for name in alone}
    made = maker.dataset(variables, mix=mixes, balance=["equal"] * number)
    return made.assign_coords(
        rule=RULES, label=["domains", "classes"], vector=["words", "sentences"],
        side=["inter", "intra"],
    )  # fmt: skip


def selection_texts(maker):
    return _texts(maker, ["code+wordnet"])


def selection_texts_mixes(maker):
    return _texts(maker, list(DOMAINS))
