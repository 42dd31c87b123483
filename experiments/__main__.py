"""Run one experiment: `python -m experiments NAME [--preset P] [--seed N] [--field value]`."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from experiments.runner import entry


def parser() -> argparse.ArgumentParser:
    """The options every experiment shares; fields of its Config are read by `fields`."""
    arguments = entry.Parser(
        prog="python -m experiments",
        description="Run one experiment and save its result under results/NAME/PRESET/.",
        epilog="`python -m experiments list` names them; `python -m experiments NAME --help` "
        "shows an experiment's own fields; `python -m experiments select --help`: choose rows of "
        "your own embeddings.",
    )
    arguments.add_argument("name", help="an experiment, `list` or `select`")
    arguments.add_argument("--preset", default="laptop", help="smoke, laptop (default) or paper")
    arguments.add_argument("--seed", type=int, default=0, help="root of all random streams")
    arguments.add_argument("--mode", default="reference", help="reference (default) or fast")
    arguments.add_argument("--chunk", type=int, help="seeds per chunk")
    arguments.add_argument("--shard", default="0/1", help="i/n: run the i-th of n parts")
    arguments.add_argument("--merge", action="store_true", help="put finished shards together")
    arguments.add_argument("--again", action="store_true", help="run even if up to date")
    return arguments


def main(words: list[str] | None = None) -> int:
    """Entry point; returns the exit code (0 done, 2 bad input, 130 or 143 interrupted)."""
    words = sys.argv[1:] if words is None else words
    entry.prepare()
    if words[:1] == ["select"]:
        from diversity_jax.commands import select

        program = "python -m experiments select"
        return entry.answered(lambda: select.main(words[1:], program=program), "nothing is kept")
    if words[:1] == ["list"]:
        return entry.answered(lambda: _list(words[1:]), "nothing was changed")
    return entry.answered(
        lambda: _named(words), "finished chunks are kept, the same command resumes"
    )


def _list(rest: list[str]) -> int:
    from diversity_jax import catalogue

    entry.alone("list", rest, "python -m experiments")
    known = catalogue.entries(Path(__file__).parent, "PRESETS")
    print("\n".join(f"{name:32} {line}" for name, line in known.items()))
    return 0


def _named(words: list[str]) -> int:
    from diversity_jax import catalogue

    asks_fields = len(words) > 1 and not words[0].startswith("-") and {"-h", "--help"} & set(words)
    options, rest = parser().parse_known_args([words[0]] if asks_fields else words)
    catalogue.require(Path(__file__).parent, "PRESETS", "experiment", options.name)
    return _run(options, ["--help"] if asks_fields else rest)


def _run(options: argparse.Namespace, rest: list[str]) -> int:
    from diversity_jax import validate
    from experiments.runner import execute, fields, progress, task

    validate.choice("preset", options.preset, task.PRESETS)
    shard = _shard(options.shard)
    entry.compile_for(options.preset)
    base = task.preset_of(options.name, options.preset)
    config = fields.read(base, rest, f"experiments {options.name}")
    made = task.make(
        options.name, options.preset, seed=options.seed, mode=options.mode, **vars(config)
    )
    if options.merge:
        execute.merge(made)
    elif not options.again and execute.standing(made)[0] == "fresh":
        print(f"{made.folder}: up to date (--again runs it all the same)")
        return 0
    else:
        with progress.bar() as show:
            whole = execute.execute(made, shard=shard, chunk=options.chunk, progress=show)
        if whole is None:
            print(f"shard {options.shard} is done; `--merge` puts all together when the rest is")
            return 0
    print(made.folder)
    return 0


def _shard(text: str) -> tuple[int, int]:
    # Digits of other scripts are digits to Python too, but not all of them are numbers.
    found = re.fullmatch("([0-9]{1,9})/([0-9]{1,9})", text)
    if found is None or int(found[1]) >= int(found[2]):
        raise ValueError(f"--shard: got {text!r}, expected i/n with 0 <= i < n; use e.g. 0/4")
    return int(found[1]), int(found[2])


if __name__ == "__main__":
    sys.exit(main())
