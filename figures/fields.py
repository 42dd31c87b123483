"""Fields of a run on the command line of figures: read as the saved results have them.

A figure imports no experiment, so what kind of value a field takes is known from saved runs alone.
"""

from __future__ import annotations

import json
from typing import Any

from diversity_jax import results, validate

ODD = ("NaN", "Infinity", "-Infinity")  # how JSON has them


def read(words: list[str], experiment: str, preset: str) -> dict[str, Any]:
    """The fields that `words` name, with their values.

    Errors: ValueError in one line for what is no field, or a value that does not fit.
    """
    given = _given(words)
    known = _settings(experiment, preset)
    for field in given if known else ():
        bare = field.removeprefix("no_")
        negated = field != bare and isinstance(known.get(bare), bool)
        validate.choice(f"field of {experiment}", bare if negated else field, sorted(known))
    changed = {}
    for field, values in given.items():
        bare = field.removeprefix("no_")
        if field != bare and not values and isinstance(known.get(bare, True), bool):
            changed[bare] = False
        else:
            changed[field] = _value(field, values, known.get(field))
    return changed


def _given(words: list[str]) -> dict[str, list[str]]:
    """Options and the words after each; what begins with one dash is a negative number."""
    given: dict[str, list[str]] = {}
    field = None
    for word in words:
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            field = name.replace("-", "_")
            given[field] = [value] if equals else []
        elif field is None:
            raise validate.fail("options", repr(word), "--field value", "see --help")
        else:
            given[field].append(word)
    return given


def _settings(experiment: str, preset: str) -> dict[str, Any]:
    """A Config as any saved result of `experiment` has it, at `preset` if there is one."""
    found: dict[str, Any] = {}
    for path in sorted((results.root() / experiment).glob(f"*/{results.MANIFEST}")):
        try:
            kept = json.loads(path.read_text())["provenance"]
            config = {**kept["identity"]["config"], "mode": kept["identity"]["mode"]}
        except (OSError, ValueError, KeyError, TypeError):
            continue  # what is damaged is told when it is to be drawn
        found = {**found, **config} if kept.get("preset") == preset else {**config, **found}
    return found


def _value(field: str, words: list[str], like: Any) -> Any:
    if isinstance(like, list):
        one = like[0] if like else None
        return tuple(_scalar(field, word, one) for word in words)
    if isinstance(like, bool) or (like is None and not words):
        if not words:
            return True
        validate.choice(field, words[0].lower(), ("true", "false"))
        return words[0].lower() == "true"
    if like is None and len(words) > 1:
        return tuple(_scalar(field, word, None) for word in words)
    if len(words) != 1:
        raise validate.fail(field, f"{len(words)} values", "one", f"pass e.g. {like!r}")
    return _scalar(field, words[0], like)


def _scalar(field: str, word: str, like: Any) -> Any:
    """A word as a number where `like` is one, or where nothing is known and it reads as one."""
    if isinstance(like, str) and like not in ODD:
        return word
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    if like is not None:
        raise validate.fail(field, repr(word), f"a number like {like!r}", "see the run's --help")
    return word
