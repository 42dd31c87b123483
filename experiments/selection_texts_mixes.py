"""DaaR and rules of coverage on real texts, whole mixes to be installed: more texts, more mixes."""

from __future__ import annotations

from experiments.selection_texts import AXES, HOST, Config, grid, job, summarise

__all__ = ["AXES", "HOST", "PRESETS", "Config", "grid", "job", "summarise"]

MIXES = ("code+wordnet", "wordnet", "code, quotes, science, animals")
PRESETS = {
    "smoke": Config(
        seeds=2, mixes=MIXES[:1], per_domain=120, synthesis=20, accepted=10, pool=250, probe=150,
        test=20,
    ),
    "laptop": Config(
        seeds=20, mixes=MIXES, per_domain=500, synthesis=20, accepted=10, pool=600, probe=340,
        test=100, epochs=4,
    ),
    "paper": Config(
        seeds=100, mixes=MIXES, balances=("equal", "unequal"), per_domain=500, synthesis=20,
        accepted=10, pool=600, probe=340, test=100, epochs=4,
    ),
}  # fmt: skip
