"""The fields of an experiment's Config from the command line; what is wrong in one line."""

from __future__ import annotations

import contextlib
import io
import re
from typing import Any

LONGEST = 200  # characters of what is quoted
# Of what tyro draws boxes around its errors, and rules between their parts.
SIDES, RULE = "|\u2502 ", re.compile("[-+|\u2500-\u257f\\s]*")


def read(base: Any, words: list[str], program: str) -> Any:
    """The Config `base` with what `words` set.

    Errors: ValueError in one line for a field or a value that does not fit.
    """
    import tyro

    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(type(base), default=base, args=words, prog=program)
    except SystemExit as stopped:
        if not stopped.code:  # help was asked for, and is on the way
            raise
        raise ValueError(_one_line(said.getvalue(), program)) from stopped


def _one_line(box: str, program: str) -> str:
    """What tyro says in a box: its title, the error itself, and where help is."""
    parts: list[str] = [""]
    for line in box.splitlines()[1:]:  # the first is the title
        ruled = RULE.fullmatch(line) is not None
        parts = [*parts, ""] if ruled else [*parts[:-1], f"{parts[-1]} {line.strip(SIDES)}".strip()]
    error, *others = [part for part in parts if part] or [" ".join(box.split())]
    hints = [part for part in others if part.startswith("Perhaps you meant")]
    shortened = [
        part if len(part) <= LONGEST else f"{part[:LONGEST]}..." for part in [error, *hints]
    ]
    return "; ".join([*shortened, f"see `{program} --help`"])
