"""Draw a figure from saved results: `python -m figures NAME [--preset P] [--data FILE]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def parser() -> argparse.ArgumentParser:
    """The options of the command line."""
    arguments = argparse.ArgumentParser(
        prog="python -m figures",
        description="Draw a figure from saved results, as PNG, PDF and CSV of the plotted numbers.",
        epilog="`python -m figures list` names them, `python -m figures all` draws all. Exit "
        "codes: 0 drawn, 2 bad input (where the data are missing, the message is the command that "
        "makes them; `all` draws the rest first), 130 interrupted.",
    )
    arguments.add_argument("name", help="a figure, `list` or `all`")
    arguments.add_argument("--preset", default="laptop", help="smoke, laptop (default) or paper")
    arguments.add_argument("--seed", type=int, default=0, help="root seed of the saved result")
    arguments.add_argument("--data", type=Path, help="a data file (.nc) to draw instead")
    arguments.add_argument(
        "--out", type=Path, default=Path("report/figures"), help="folder (default report/figures)"
    )
    return arguments


def main(words: list[str] | None = None) -> int:
    """Entry point; returns the exit code (0 drawn, 2 bad input, 130 interrupted)."""
    options = parser().parse_args(words)
    try:
        if options.name == "list":
            return _list()
        if options.name == "all":
            return _all(options)
        return _draw(options.name, options)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; no file is half written", file=sys.stderr)
        return 130


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
            _draw(name, options)
        except results.ResultMissing as error:
            print(error, file=sys.stderr)
            missing += 1
    return 2 if missing else 0


def _draw(name: str, options: argparse.Namespace) -> int:
    import importlib

    from diversity_jax import catalogue, results, validate

    catalogue.require(HERE, "EXPERIMENT", "figure", name)
    validate.choice("preset", options.preset, ("smoke", "laptop", "paper"))
    experiment = importlib.import_module(f"figures.{name}").EXPERIMENT
    if options.data is None:
        changed = {"seed": options.seed} if options.seed else {}
        dataset = results.load(experiment, options.preset, **changed)
    else:
        dataset = results.read_file(options.data)
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


if __name__ == "__main__":
    sys.exit(main())
