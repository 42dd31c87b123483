"""Draw saved results: `python -m figures NAME [--preset P] [--field value] [--data PATH]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from diversity_jax.commands import entry

HERE = Path(__file__).resolve().parent
PROGRAM = "python -m figures"


def parser() -> argparse.ArgumentParser:
    """The options of the command line."""
    arguments = entry.Parser(
        prog=PROGRAM,
        description="Draw a figure from saved results, as PNG, PDF and CSV of the plotted numbers.",
        epilog="`python -m figures list` names them, `python -m figures all` draws all. A run with "
        "changed fields is drawn with the same fields: `--FIELD value ...`, as `python -m "
        "experiments` takes them. Exit codes: 0 drawn, 2 bad input (where data are missing, the "
        "message is the command that makes them; `all` draws the rest first), 130 interrupted (143 "
        "by a scheduler).",
    )
    arguments.add_argument("name", help="a figure, `list` or `all`")
    arguments.add_argument("--preset", default="laptop", help="smoke, laptop (default) or paper")
    arguments.add_argument("--seed", type=int, default=0, help="root seed of the saved result")
    arguments.add_argument(
        "--data", type=entry.folder, help="a data file (.nc) or a result's folder to draw instead"
    )
    arguments.add_argument(
        "--out",
        type=entry.folder,
        default=Path("report/figures"),
        help="folder (default report/figures)",
    )
    return arguments


def main(words: list[str] | None = None) -> int:
    """Entry point; returns the exit code (0 drawn, 2 bad input, 130 or 143 interrupted)."""
    return entry.answered(lambda: _asked(words), "no file is half written")


def _asked(words: list[str] | None) -> int:
    options, rest = parser().parse_known_args(words)
    if options.name == "list":
        entry.alone("list", rest, PROGRAM)
        return _list()
    if options.name == "all":
        entry.alone("all", rest, PROGRAM)
        return _all(options)
    return _draw(options.name, options, rest)


def _list() -> int:
    from diversity_jax import catalogue

    for name, line in catalogue.entries(HERE, "EXPERIMENT").items():
        print(f"{name:36} {line}")
    return 0


def _all(options: argparse.Namespace) -> int:
    from diversity_jax import catalogue, results, validate

    if options.data is not None:
        raise validate.fail("--data", options.data, "none with `all`", "name the figure it is for")
    missing = 0
    for name in catalogue.entries(HERE, "EXPERIMENT"):
        try:
            _draw(name, options, [])
        except results.ResultMissing as error:
            print(error, file=sys.stderr)
            missing += 1
    return 2 if missing else 0


def _draw(name: str, options: argparse.Namespace, rest: list[str]) -> int:
    import importlib

    from diversity_jax import catalogue, files, validate

    catalogue.require(HERE, "EXPERIMENT", "figure", name)
    validate.choice("preset", options.preset, ("smoke", "laptop", "paper"))
    experiment = importlib.import_module(f"figures.{name}").EXPERIMENT
    dataset = _data(experiment, options, rest)
    files.check_writable(options.out, keep=False)
    import figures
    from figures import output

    try:
        figure = figures.draw(name, dataset)
    except (AttributeError, KeyError, IndexError) as error:
        shown = options.data or f"the result of {experiment} at {options.preset}"
        raise ValueError(
            f"data: got {shown}, which lacks what {name} draws ({error}), expected a "
            f"result of {experiment}; make one with: "
            f"python -m experiments {experiment} --preset {options.preset}"
        ) from error
    source = output.source_of(name, dataset)
    for path in output.save(figure, options.out, name, source).values():
        print(path)
    return 0


def _data(experiment: str, options: argparse.Namespace, rest: list[str]) -> Any:
    """The dataset that the options name."""
    from diversity_jax import results, validate
    from figures import fields

    if options.data is not None:
        if rest:
            got, fix = f"--data with {' '.join(rest)}", "name the data or the fields"
            raise validate.fail("options", got, "one of both", fix)
        return results.read_file(options.data)
    changed = fields.read(rest, experiment, options.preset)
    if options.seed:
        changed["seed"] = validate.seed(options.seed)
    return results.load(experiment, options.preset, **changed)


if __name__ == "__main__":
    sys.exit(main())
