"""Claims on classes of which one is memorised while the other is still being learned: B18."""

import numpy as np

from diversity_jax.checks import convergence, ordering
from paper_repro.claims import Claim, Control
from paper_repro.papers.diffusion.spectrum import ABSTRACT, DERIVED, at

LEARNED = 0.9  # of its largest fall a class's test loss has made when it counts as learned
FAR, NEAR = 9.0, 1.5  # ratios of variances
LOW, HIGH = 0, 1  # classes of lower and of higher variance in `diffusion_phase`
LARGE, SMALL = 0, 1  # of larger and of smaller variance in `diffusion_losses`


def shares(test):
    """Of its largest fall, what each class's test loss has made: test `[..., time, class]`."""
    return (1 - test) / (1 - test.min(axis=-2, keepdims=True))


def read(curves, logs, times):
    """Curves `[seed, time]` at one time per seed."""
    pairs = zip(np.log(times), curves)
    return np.array([np.interp(at_log, logs, curve) for at_log, curve in pairs])


def runs(dataset, contrast):
    """Losses and times of the runs with seven samples in ten from the class of higher variance."""
    chosen = (dataset.setting.values == "isotropic") & (dataset.percent.values == 70)
    chosen &= np.isclose(dataset.contrast.values, contrast)
    some = dataset.isel(point=int(np.flatnonzero(chosen)[0]))
    return some, np.log(some.training_time.values)


def unlearned(dataset, contrast=FAR):
    """When the one class is memorised the other has not made its share of the fall."""
    some, logs = runs(dataset, contrast)
    times = some.times.sel(definition="gap").values[:, HIGH]
    made = read(shares(some.test.values)[..., LOW], logs, times)
    return ordering(made, np.full(made.shape, LEARNED), resolution=0.1)


def lost(dataset, contrast=FAR):
    """When the one class is learned the other's test loss is above its start."""
    some, logs = runs(dataset, contrast)
    times = some.times.sel(definition="share").values[:, LOW]
    test = read(some.test.values[..., HIGH], logs, times)
    return ordering(np.ones(test.shape), test, resolution=0.1)


def no_stop(dataset, contrast=FAR):
    """The largest share, over all times, that both classes have made together."""
    some, _ = runs(dataset, contrast)
    best = shares(some.test.values).min(axis=-1).max(axis=-1)
    return ordering(best, np.full(best.shape, LEARNED), resolution=0.1)


def tends(dataset, theory="theory"):
    """What the rarer class has made of its fall: simulated less predicted, to 0 like 1/d.

    At nine training times, at that at which it is to be learned, and when the other is memorised.
    """
    some = at(dataset, setting="apart")
    logs = np.log(some.training_time.values)
    gaps = []
    for place in range(some.sizes["point"]):
        one = some.isel(point=place)
        made = shares(one.test.values)[..., SMALL]
        wanted = shares(one[f"{theory}_test"].values)[:, SMALL]
        learned = one.theory_times.sel(definition="share").values[SMALL]
        fixed = np.append(np.linspace(0.0, np.log(1e4), 9), np.log(learned))
        found = np.stack([np.interp(fixed, logs, curve) for curve in made])
        own, then = (
            one[name].sel(definition="gap").values[..., LARGE]
            for name in ("times", f"{theory}_times")
        )
        last = read(made, logs, own) - np.interp(np.log(then), logs, wanted)
        gaps.append(np.column_stack([found - np.interp(fixed, logs, wanted), last]))
    columns = np.stack(gaps, axis=1)
    return convergence(some.dimension.values, columns, scale=1.0, resolution=0.05, rate=1.0)


PAIR = "Isotropic classes of variances .2 and 1.8, seven samples in ten from the latter:"
SETTING = "4 samples and 8 features per dimension, diffusion time .1"
NEARER = "variances 0.8 and 1.2"

CLAIMS = [
    Claim(
        id="B18-unlearned",
        kind="ordering",
        sentence=f"{PAIR} when the class of higher variance is memorised (test less train loss "
        ".05) the other has not yet made 90% of its test loss's fall.",
        source=f"B18; {ABSTRACT}, derived here ({SETTING})",
        experiment="diffusion_phase",
        formula="asymptotic in dimension",
        check=unlearned,
        control=Control(NEARER, lambda d: unlearned(d, NEAR), kind="hypothesis dropped"),
    ),
    Claim(
        id="B18-lost",
        kind="ordering",
        sentence=f"{PAIR} when the class of lower variance is learned (90% of its test loss's "
        "fall) the other has lost all that it had gained: its test loss is above that before "
        "training.",
        source=f"B18; {ABSTRACT}, derived here ({SETTING})",
        experiment="diffusion_phase",
        formula="asymptotic in dimension",
        check=lost,
        control=Control(NEARER, lambda d: lost(d, NEAR), kind="hypothesis dropped"),
    ),
    Claim(
        id="B18-no-stop",
        kind="ordering",
        sentence=f"{PAIR} at no one time have both classes made 90% of their test losses' falls.",
        source=f"B18; derived here ({SETTING})",
        experiment="diffusion_phase",
        formula="asymptotic in dimension",
        check=no_stop,
        control=Control(NEARER, lambda d: no_stop(d, NEAR), kind="hypothesis dropped"),
    ),
    Claim(
        id="B18-when",
        kind="convergence",
        sentence="Three samples in four from a class of variance 1.8, one from a class of variance "
        ".2: the theory of both says what share of its fall the rarer one's test loss has made, at "
        "nine training times from 1 to 10,000, at that at which it is to be learned, and when the "
        "other is memorised.",
        source=f"B10, B18; {DERIVED}",
        experiment="diffusion_losses",
        formula="asymptotic in dimension",
        check=tends,
        control=Control(
            "the theory of each class trained alone, on its own samples",
            lambda d: tends(d, "alone"),
            kind="rival prediction",
        ),
    ),
]
