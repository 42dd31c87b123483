"""DaaR and rules of coverage on real texts, whole mixes to be installed: more texts, more mixes."""

from __future__ import annotations

from experiments.selection_texts import AXES, HOST, Config, grid, job, summarise
from experiments.shared.text_data import APART

__all__ = ["AXES", "HOST", "PRESETS", "Config", "grid", "job", "summarise"]

MIXES = ("code+wordnet", "wordnet", "code, quotes, science, animals", APART)
PRESETS = {
    "smoke": Config(
        seeds=2, mixes=MIXES[:1], per_domain=150, synthesis=46, pool=210, probe=40, test=20
    ),
    "laptop": Config(
        seeds=20, mixes=MIXES, per_domain=500, synthesis=50, pool=600, probe=120, test=100
    ),
    "paper": Config(
        seeds=100, mixes=MIXES, balances=("equal", "unequal"), per_domain=500, synthesis=50,
        pool=480, probe=60, test=100,
    ),
}  # fmt: skip
