"""Claims on speciation in backward diffusion: B16."""

from paper_repro.claims import Claim, Control
from paper_repro.papers.diffusion.speciation_checks import (
    balance,
    clones_agree,
    committed,
    delay,
    drawn_agrees,
    half_there,
    known_value,
    later,
    odds_there,
    overstates,
    quarter,
    rarer_is_later,
    simultaneous,
    three,
    turns_agree,
    two,
    understates,
)

CLASSES = "reconstructed from the abstract of arXiv 2605.06367, derived"
CLONES = "arXiv 2402.18491, from its abstract; per class reconstructed and derived"
BAYES = "arXiv 2602.04404, from its abstract; reconstructed and derived"

CLAIMS = [
    Claim(
        id="B16-return",
        kind="agreement",
        sentence="A noised point returns to its class with the mean posterior of that class, "
        "phi_c: a one- to three-dimensional integral for isotropic classes, of any fractions "
        "and variances.",
        source=f"B16; {CLONES}",
        experiment="diffusion_speciation",
        formula="exact",
        check=drawn_agrees,
        control=Control(
            "the same integral with equal fractions",
            lambda d: drawn_agrees(d, "theory_equal_fractions"),
            kind="term dropped",
        ),
    ),
    Claim(
        id="B16-known",
        kind="agreement",
        sentence="Two balanced classes at +-m, |m|^2 = d, stand at phi = 0.7752 when t is half "
        "the logarithm of the dimension, in every dimension.",
        source="B16; arXiv 2402.18491 gives 0.775; derived",
        experiment="diffusion_speciation",
        formula="exact",
        check=known_value,
        control=Control(
            "every point returns to the nearer centroid (0.8413, the normal law at 1)",
            lambda d: known_value(d, 0.8413447461),
            kind="rival prediction",
        ),
    ),
    Claim(
        id="B16-turns",
        kind="agreement",
        sentence="Backward diffusion with the exact score, extrapolated to short steps, brings a "
        "noised point back to its class with probability phi_c.",
        source=f"B16; {CLONES}",
        experiment="diffusion_speciation",
        formula="exact",
        check=turns_agree,
        control=Control(
            "posteriors that forget the fractions",
            lambda d: turns_agree(d, "theory_turned_equal_fractions"),
            kind="term dropped",
        ),
    ),
    Claim(
        id="B16-clones",
        kind="agreement",
        sentence="Two backward paths from one noised point, extrapolated to short steps, end in "
        "one class with probability sum_c pi_c phi_c.",
        source=f"B16; {CLONES}",
        experiment="diffusion_speciation",
        formula="exact",
        check=clones_agree,
        control=Control(
            "both paths in the own class, phi_c squared",
            lambda d: clones_agree(d, power=2.0),
            kind="rival prediction",
        ),
    ),
    Claim(
        id="B16-balance",
        kind="identity",
        sentence="For two classes pi_1 (1 - phi_1) = pi_2 (1 - phi_2) at every time, so the "
        "normalised curves (phi_c - pi_c) / (1 - pi_c) are one curve.",
        source="B16; derived here",
        experiment="diffusion_speciation",
        formula="exact",
        check=balance,
        control=Control(
            "two of three classes", lambda d: balance(d, three=True), kind="hypothesis dropped"
        ),
        decides_at="smoke",
    ),
    Claim(
        id="B16-times",
        kind="agreement",
        sentence="At the predicted times the minority's phi_c, and its normalised curve, stand at "
        "one half, at fractions from 0.4 to 0.001.",
        source=f"B16; {CLASSES}",
        experiment="diffusion_speciation_times",
        formula="exact",
        check=half_there,
        control=Control(
            "posteriors that forget the fractions",
            lambda d: half_there(d, forgetful=True),
            kind="term dropped",
        ),
    ),
    Claim(
        id="B16-rarer-later",
        kind="ordering",
        sentence="Minorities speciate later in backward diffusion, and the later the rarer they "
        "are: phi_c = 1/2 and the normalised half are passed at smaller times.",
        source="B16; abstract of arXiv 2605.06367; its criterion is not known, ours are named",
        experiment="diffusion_speciation_times",
        formula="exact",
        check=rarer_is_later,
        control=Control(
            "one fraction, in two halves of the runs",
            lambda d: rarer_is_later(d, equal=True),
            expected="undecided",
        ),
    ),
    Claim(
        id="B16-simultaneous",
        kind="identity",
        sentence="By the normalised criterion two classes of any fractions speciate at one and "
        "the same time: there the minority is not later than its majority.",
        source="B16; derived here; bounds the abstract's sentence",
        experiment="diffusion_speciation_times",
        formula="exact",
        check=simultaneous,
        control=Control(
            "three classes", lambda d: simultaneous(d, three), kind="hypothesis dropped"
        ),
    ),
    Claim(
        id="B16-three",
        kind="ordering",
        sentence="With three classes a minority has a time of its own even by the normalised "
        "criterion: later in backward diffusion than the majority's.",
        source=f"B16; {CLASSES}",
        experiment="diffusion_speciation_times",
        formula="exact",
        check=later,
        control=Control(
            "two classes, which speciate together",
            lambda d: later(d, case=two),
            expected="undecided",
        ),
    ),
    Claim(
        id="B16-bayes",
        kind="agreement",
        sentence="The minority's mean log-odds equal their deviation where the root of the "
        "signal-to-noise ratio is 1 + sqrt(1 + 2 L), L the log of the ratio of fractions.",
        source=f"B16; {BAYES}",
        experiment="diffusion_speciation_times",
        formula="exact",
        check=odds_there,
        control=Control(
            "half of the prior's log-odds: 1 + sqrt(1 + L)",
            lambda d: odds_there(d, inner=1.0),
            kind="rival prediction",
        ),
    ),
    Claim(
        id="B16-delay",
        kind="identity",
        sentence="By the Bayes criterion the minority is delayed by log[(1 + sqrt(1 + 2 L)) / 2].",
        source=f"B16; {BAYES}",
        experiment="diffusion_speciation_times",
        formula="exact",
        check=delay,
        control=Control(
            "L in place of 2 L", lambda d: delay(d, factor=1.0), kind="rival prediction"
        ),
    ),
    Claim(
        id="B16-committed",
        kind="identity",
        sentence="By the Bayes criterion the majority is committed at all times exactly when L is "
        "at least one half, a minority of at most 38%.",
        source=f"B16; {BAYES}",
        experiment="diffusion_speciation_times",
        formula="exact",
        check=committed,
        control=Control("L at least one", lambda d: committed(d, 1.0), kind="rival prediction"),
    ),
    Claim(
        id="B16-overstates",
        kind="ordering",
        sentence="The covariance criterion overstates a minority's delay: at fractions up to 1/10 "
        "it is larger than the measured delay of the normalised half.",
        source="B16; an open point of the derivation, settled by our own runs",
        experiment="diffusion_speciation_times",
        formula="exact",
        check=overstates,
        control=Control(
            "the delay that is predicted of the normalised half itself",
            lambda d: overstates(d, "normalised-half"),
            expected="undecided",
        ),
    ),
    Claim(
        id="B16-understates",
        kind="counterexample",
        sentence="Against the Bayes criterion it does not always: at fractions from 0.2 the "
        "covariance criterion gives the smaller delay.",
        source="B16; derived here",
        experiment="diffusion_speciation_times",
        formula="exact",
        check=understates,
        control=Control(
            "fractions below 0.05", lambda d: understates(d, rare=True), kind="hypothesis dropped"
        ),
    ),
    Claim(
        id="B16-quarter",
        kind="exponent",
        sentence="Classes that differ in variance alone speciate at a quarter of the logarithm of "
        "the dimension: the scale e^t grows like d^(1/4).",
        source=f"B16; {CLASSES}",
        experiment="diffusion_speciation_times",
        formula="asymptotic in dimension",
        check=quarter,
        control=Control(
            "classes that differ in their centroids",
            lambda d: quarter(d, "theory_centroids"),
            kind="hypothesis dropped",
        ),
    ),
]
