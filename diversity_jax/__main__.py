"""Commands for your own data: `python -m diversity_jax NAME ...`, listed from `commands`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from diversity_jax import catalogue
from diversity_jax.commands import entry

FOLDER = Path(__file__).parent / "commands"
MARKER = "main"


def main(words: list[str] | None = None) -> int:
    """Entry point; returns the exit code (0 done, 2 bad input, 130 or 143 interrupted)."""
    words = sys.argv[1:] if words is None else words

    def run() -> int:
        if not words or words[0] in ("-h", "--help"):
            print(f"usage: python -m diversity_jax NAME [options]\n\n{_listed()}\n\n{_MORE}")
            return 0 if words else 2
        if words[0] == "list":
            entry.alone("list", words[1:], "python -m diversity_jax")
            print(_listed())
            return 0
        entry.prepare()
        catalogue.require(FOLDER, MARKER, "command", words[0])
        command = importlib.import_module(f"diversity_jax.commands.{words[0]}")
        return command.main(words[1:])

    return entry.answered(run, "nothing is kept")


def _listed() -> str:
    known = catalogue.entries(FOLDER, MARKER)
    return "\n".join(f"{name:12} {line}" for name, line in known.items())


_MORE = "`python -m diversity_jax NAME --help` shows a command's own options."

if __name__ == "__main__":
    sys.exit(main())
