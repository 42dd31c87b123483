"""What a file must offer to be an experiment, checked before its first run."""

from __future__ import annotations

import dataclasses
from types import ModuleType

from diversity_jax import validate
from diversity_jax.results import PRESETS

FUNCTIONS = ("grid", "job", "summarise")


def check(name: str, module: ModuleType) -> None:
    """Refuse an experiment's file that lacks something, naming all of it in one line."""
    lacking = [
        f"{function}, a function" for function in FUNCTIONS if not _callable(module, function)
    ]
    if not isinstance(getattr(module, "AXES", None), dict):
        lacking.append("AXES, a dict (empty when all outputs are scalars)")
    config = getattr(module, "Config", None)
    lacking += _of_config(config)
    presets = getattr(module, "PRESETS", None)
    presets = presets if isinstance(presets, dict) else {}
    lacking += [f"PRESETS[{preset!r}]" for preset in PRESETS if preset not in presets]
    if isinstance(config, type):
        wrong = [preset for preset, value in presets.items() if not isinstance(value, config)]
        lacking += [f"a Config as PRESETS[{preset!r}]" for preset in wrong]
    if lacking:
        fix = "add them as experiments/attention_length.py does"
        raise validate.fail(
            f"experiments/{name}.py", "a file without them", ", ".join(lacking), fix
        )


def _callable(module: ModuleType, name: str) -> bool:
    return callable(getattr(module, name, None))


def _of_config(config: object) -> list[str]:
    if not isinstance(config, type) or not dataclasses.is_dataclass(config):
        return ["Config, a frozen dataclass"]
    frozen = config.__dataclass_params__.frozen  # pyright: ignore[reportAttributeAccessIssue]
    has_seeds = "seeds" in {field.name for field in dataclasses.fields(config)}
    return [
        *([] if frozen else ["frozen=True on the dataclass Config"]),
        *([] if has_seeds else ["the field `seeds: int` in Config"]),
    ]
