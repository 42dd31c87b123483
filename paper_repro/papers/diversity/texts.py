"""Claims on selection of real texts (E7): what rules keep and teach, analogues of P4, P5, P7, P8.

Analogues put a sentence of the paper, which is on large language models, to classifiers of texts:
they neither confirm nor refute its numbers. Sentences, sizes and resolutions were fixed before the
first run under root 0, after looking at runs under root 5. Root 0 left two as undecided and so
changed them: T10 is checked on the mean of the mixes, since code is never kept in one of them, and
the control of P7-score is on the mix where labels help most, not on the one of glosses. Root 7,
which nobody had seen, decides both as expected.
"""

from __future__ import annotations

from paper_repro.claims import Claim, Control
from paper_repro.papers.diversity import texts_checks as checks

OWN = "our own question about T{} on real texts"
LIKE = "analogue of {} on classifiers of texts; the paper's is on large language models"


def _claim(experiment, tag, name, kind, sentence, source, check, what, control, **more):
    return Claim(
        id=f"{tag}-{name}",
        kind=kind,
        sentence=sentence,
        source=source,
        experiment=experiment,
        formula="none",
        check=check,
        control=Control(what, control, **({"expected": "holds"} if more else {})),
        figure=experiment,
        **more,
    )


def _kept(experiment, tag, what):
    """What rules keep."""
    rows = [
        (
            "T8", "inequality",
            f"Mean input vectors of {what} share so large an offset that similarity to the other "
            "centroids and to the own one are one axis: inside domains they are correlated by more "
            "than 0.6, in every split.",
            OWN.format("8"), checks.one_axis,
            "sentence vectors", lambda d: checks.one_axis(d, "sentences"),
        ),
        (
            "T8-offset", "ordering",
            "It is the offset: with the mean of all taken out (when the other centroids add up to "
            "about minus the own one) that correlation is negative.",
            OWN.format("8"), checks.offset,
            "with the mean", lambda d: checks.offset(d, "correlation"),
        ),
        (
            "T10", "ordering",
            "The isolated domain (code) is starved: of the fifth of highest entropy over the whole "
            "pool it gets less than half of its share, be the entropy DaaR's, the same with true "
            "labels, or that of a calibrated posterior (a mean over the mixes that have code).",
            OWN.format("10"), checks.starved,
            "random texts", lambda d: checks.starved(d, ["random"]),
        ),
        (
            "T10-shares", "ordering",
            "Domain shares of those three have less entropy than those of random texts and of six "
            "rules of coverage that see neither labels nor entropy.",
            OWN.format("10"), checks.evenness,
            "calibrated entropy with true quotas",
            lambda d: checks.evenness(d, ["calibrated_quota"]),
        ),
        (
            "T13", "ordering",
            "Pools chosen with labels (nearest to the other centroids, farthest from the own) keep "
            "texts whose domain is less likely than the posterior says, next to random texts and "
            "six rules that see vectors only.",
            OWN.format("13"), checks.posterior_kept,
            "the pool nearest to the own centroid",
            lambda d: checks.posterior_kept(d, ["near_own"]),
        ),
        (
            "vendi", "ordering",
            "The diversity reward does not keep diverse texts: DaaR's fifth has a lower Vendi "
            "score than a random one, while those of k-center, the greedy determinantal process "
            "and D-optimal choice have a higher one.",
            "E7, our own question", checks.vendi,
            "k-center and DaaR exchanged",
            lambda d: checks.vendi(d, ("k_center",), ("daar",)),
        ),
    ]  # fmt: skip
    return [_claim(experiment, tag, *row) for row in rows]


def _taught(experiment, tag, what):
    """What classifiers learn from it, domains and second labels."""
    rows = [
        (
            "T15", "ordering",
            f"Classifiers of {what} fare worse in their worst domain, on domains and on the second "
            "label, after each of three global cuts by entropy than after random choice or any of "
            "six label-free rules of coverage.",
            OWN.format("15"), checks.worst_domain,
            "random texts and DaaR exchanged",
            lambda d: checks.worst_domain(d, ["random"], ["daar"]),
        ),
        (
            "quotas", "ordering",
            "Quotas repair the worst domain: calibrated entropy with each domain's true share does "
            "better there than with a global cut, on both labels.",
            "note, pitfall 5; our own question", checks.quotas,
            "quotas and global cut exchanged",
            lambda d: checks.quotas(d, "calibrated_quota", "calibrated"),
        ),
        (
            "opposite", "ordering",
            "With quotas, domains are learned better from the texts of LOWEST calibrated entropy "
            "than from those of highest.",
            "E7, our own question", checks.opposite,
            "highest and lowest exchanged",
            lambda d: checks.opposite(d, "certain_quota", "calibrated_quota"),
        ),
        (
            "own", "ordering",
            "By vectors of words or of sentences, domains are learned better from the fifth "
            "nearest to the own centroid than from the farthest: for classifiers of few texts the "
            "ends of T14's order are reversed.",
            OWN.format("14"), checks.own_ends,
            "near and far exchanged",
            lambda d: checks.own_ends(d, checks.NEAR, checks.FAR),
        ),
    ]  # fmt: skip
    return [_claim(experiment, tag, *row) for row in rows]


def _analogues(experiment, tag, near, place):
    """Sentences on large models, put to classifiers of texts."""
    failing = {"expected": "fails"}
    return [
        _claim(
            experiment, tag, "P4", "ordering",
            "The best pool differs per model: by sentence vectors the fifth of every domain "
            "farthest from the other centroids teaches domains better than the nearest; by mean "
            f"input vectors it teaches them worse than the {place}.",
            LIKE.format("P4"), checks.best_pool(near),
            "better and worse exchanged", checks.best_pool(near, turned=True),
        ),
        _claim(
            experiment, tag, "P5", "ordering",
            "DaaR's fifth teaches better than a random one, domains and second labels.",
            LIKE.format("P5"), checks.reward_wins,
            "the corrected sentence: worse, on both",
            lambda d: checks.reward_wins(d, "daar", "random"), **failing,
        ),
        _claim(
            experiment, tag, "P7", "ordering",
            "DaaR with pseudo labels and with true ones keep 83.1% alike or more.",
            LIKE.format("P7"), checks.labels_agree,
            "the corrected sentence: more than by chance, less than two whole runs share",
            checks.labels_differ, **failing,
        ),
        _claim(
            experiment, tag, "P8", "ordering",
            "Three whole runs agree: cosines of centroids above 0.98, 95.7% of the texts kept "
            "alike, accuracy on domains within 1% (one deviation).",
            LIKE.format("P8"), checks.stable,
            "the corrected sentence: cosines of 0.75 to 0.95, 30% to 80%, above 2%",
            checks.unstable, **failing,
        ),
    ]  # fmt: skip


def _only_mixes(experiment, tag):
    return [
        _claim(
            experiment, tag, "quotas-cost", "ordering",
            "Even with true quotas, the fifth of highest calibrated entropy teaches both labels "
            "worse than a random fifth.",
            "E7, our own question", checks.costs,
            "the two exchanged", lambda d: checks.costs(d, "random", "calibrated_quota"),
        ),
        _claim(
            experiment, tag, "P7-score", "ordering",
            "True labels in place of pseudo labels lower DaaR's score, in every mix.",
            LIKE.format("P7"), checks.labels_score,
            "the corrected sentence: on code with glosses they raise it",
            lambda d: checks.labels_score(d, ["code+wordnet"], "daar", "true_labels"),
            expected="fails",
        ),
    ]  # fmt: skip


def _all(experiment, tag, what, near, place):
    return [
        *_kept(experiment, tag, what),
        *_taught(experiment, tag, what),
        *_analogues(experiment, tag, near, place),
    ]


TEXTS = _all("selection_texts", "texts", "250 short texts", 3, "fourth of five")
# Kept apart: they need Debian's wordnet-base and fortunes, and the encoder's weights.
MIXES = [
    *_all("selection_texts_mixes", "mixes", "2,000 to 2,500 short texts", checks.NEAR, "nearest"),
    *_only_mixes("selection_texts_mixes", "mixes"),
]

CLAIMS = [*TEXTS, *MIXES]
