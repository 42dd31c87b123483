"""The fields of an experiment's Config from the command line; what is wrong in one line."""

from __future__ import annotations

import contextlib
import io
import re
from typing import Any

FRAME = re.compile("[\u2500-\u257f]+")  # the lines of which tyro draws a box around its errors


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
    parts, part = [], []
    for line in box.splitlines()[1:]:  # the first is the title
        text = FRAME.sub("", line).strip()
        if text:
            part.append(text)
        elif part:
            parts.append(" ".join(part))
            part = []
    error = parts[0] if parts else " ".join(FRAME.sub("", box).split())
    hints = [text for text in parts[1:] if text.startswith("Perhaps you meant")]
    return "; ".join([error, *(hint[:200] for hint in hints), f"see `{program} --help`"])
