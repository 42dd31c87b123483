"""Check papers' claims: `python -m paper_repro run`, `list`, `rerun --roots N`."""

from __future__ import annotations

import argparse
import shutil
import sys
import textwrap
from pathlib import Path

from experiments.runner import entry

LONGEST_NAME = 60
MOST_ROOTS = 10**6
RESUME = "finished work is kept, the same command goes on from there"


def parser() -> argparse.ArgumentParser:
    """The options of the command line."""
    arguments = entry.Parser(
        prog="python -m paper_repro",
        description="Check papers' claims by simulation and write a report.",
        epilog="Exit codes of `run`: 0, every claim that decides at its preset has its expected "
        "status and so has its control (a check whose control misbehaves cannot be believed); "
        "1, not so (undecided counts as not so); 2, bad input; 130, interrupted (143 by a "
        "scheduler). `rerun` makes a table, not a verdict, and ends with 0 once it is made.",
    )
    commands = arguments.add_subparsers(dest="what", required=True, metavar="run|list|rerun")
    run = commands.add_parser("run", help="check all claims and write report.html and report.json")
    run.add_argument(
        "--record",
        type=entry.named,
        metavar="EXPERIMENT",
        help="instead of a report, (re)make the recorded run of this experiment at preset paper",
    )
    run.set_defaults(act=_run)
    listing = commands.add_parser("list", help="papers and claims, with what decides them")
    listing.set_defaults(act=_list)
    rerun = commands.add_parser(
        "rerun", help="table how often each claim keeps its status under other root seeds"
    )
    rerun.add_argument("--roots", type=int, required=True, metavar="N", help="root seeds 1 to N")
    rerun.set_defaults(act=_rerun)
    for command in (run, rerun):
        command.add_argument("--preset", default="laptop", help="smoke, laptop (default) or paper")
        command.add_argument(
            "--only",
            nargs="+",
            type=entry.named,
            metavar="CLAIM_OR_PAPER",
            help="only these claims or papers",
        )
        command.add_argument(
            "--out",
            type=entry.folder,
            help="folder (default report; with --only report-NAMES, to keep a full report)",
        )
        command.add_argument(
            "--workers",
            type=int,
            help="processes at a time (default: one per core on CPU, one on a GPU or TPU)",
        )
    run.add_argument("--seed", type=int, default=0, help="root of all random streams (default 0)")
    return arguments


def main(words: list[str] | None = None) -> int:
    """Entry point; returns the exit code (see `--help`)."""
    return entry.answered(lambda: _asked(words), RESUME)


def _asked(words: list[str] | None) -> int:
    options = parser().parse_args(words)
    entry.prepare()
    return options.act(options)


def _list(options: argparse.Namespace) -> int:
    from paper_repro import claims

    width = max(40, shutil.get_terminal_size().columns)
    for paper in claims.papers():
        print(f"{paper.name}: {paper.title} ({paper.reference})")
        print(textwrap.fill(paper.provenance, width))
        for left in paper.untested:
            instead = f"; in its place: {', '.join(left.instead)}" if left.instead else ""
            line = f"not tested here, {left.id}: {left.sentence} ({left.reason}{instead})"
            print(textwrap.fill(line, width))
        for claim in paper.claims:
            expected = "" if claim.expected == "holds" else f", expected: {claim.expected}"
            print(f"\n  {claim.id}  [{claim.kind}, decides at {claim.decides_at}{expected}]")
            indent = "      "
            print(
                textwrap.fill(
                    claim.sentence, width, initial_indent=indent, subsequent_indent=indent
                )
            )
        print()
    return 0


def _run(options: argparse.Namespace) -> int:
    from diversity_jax import validate
    from experiments.runner import progress
    from paper_repro import claims

    if options.record is not None:
        return _record(options)
    validate.choice("preset", options.preset, claims.PRESETS)
    claims.select(options.only)
    if options.seed < 0:
        raise validate.fail("--seed", options.seed, "an integer >= 0", "pass one, e.g. --seed 0")
    from paper_repro import pipeline, report

    entry.compile_for(options.preset)
    out, workers = _folder(options), _workers(options)
    report.check_writable(out)
    with progress.bar() as show:
        run = pipeline.run(
            options.preset, options.only, seed=options.seed, workers=workers, progress=show
        )
        page = report.write(run, out, workers=workers, progress=show)
    _summary(run)
    print(page)
    return run.exit_code


def _folder(options: argparse.Namespace) -> Path:
    """`--out`, else `report`, or for a part of the claims a folder named after them."""
    if options.out is not None or not options.only:
        return options.out or Path("report")
    named = "+".join(options.only)
    if len(named) > LONGEST_NAME:
        from diversity_jax import results

        named = f"{len(options.only)}-claims-{results.digest(sorted(options.only))[:8]}"
    return Path(f"report-{named}")


def _workers(options: argparse.Namespace) -> int:
    from diversity_jax import validate
    from experiments.runner import workers

    if options.workers is not None and options.workers < 1:
        raise validate.fail("--workers", options.workers, "an integer >= 1", "pass e.g. 2")
    return options.workers or workers.usual()


def _summary(run) -> None:
    from paper_repro import report

    counts = report.tally(run)
    print(
        f"{len(run.outcomes)} claims at {run.preset}: {counts['holds']} hold, "
        f"{counts['fails']} fail, {counts['undecided']} undecided; of {counts['counted']} that "
        f"decide here {counts['standing']} are as expected"
    )
    for outcome in run.outcomes:
        claim = outcome.claim
        if run.only and not outcome.counts:
            print(f"  {claim.id}: {outcome.verdict.status}; {report.full_reason(outcome, run)}")
        if not outcome.counts or outcome.stands:
            continue
        if not outcome.kept:
            reason = report.full_reason(outcome, run)
            print(f"  {claim.id}: {outcome.verdict.status}, expected {claim.expected}; {reason}")
        if not outcome.controlled:
            print(
                f"  {claim.id}: its control {outcome.control.status}, expected "
                f"{outcome.must}; {outcome.control.reason}"
            )


def _record(options: argparse.Namespace) -> int:
    from experiments.runner import progress
    from paper_repro import recorded

    entry.compile_for(recorded.PRESET)
    with progress.bar() as show:
        path = recorded.make(options.record, seed=options.seed, progress=show)
    print(f"{path} ({path.stat().st_size / 1e6:.2f} MB)")
    return 0


def _rerun(options: argparse.Namespace) -> int:
    from diversity_jax import validate
    from experiments.runner import progress
    from paper_repro import claims

    validate.choice("preset", options.preset, claims.PRESETS)
    pairs = claims.select(options.only)
    validate.integer("--roots", options.roots, "pass e.g. --roots 20", least=1, most=MOST_ROOTS)
    from paper_repro import report, rerun

    entry.compile_for(options.preset)
    out, workers = _folder(options), _workers(options)
    report.check_writable(out)
    with progress.bar() as show:
        table = rerun.run(pairs, options.preset, options.roots, workers=workers, progress=show)
    path = rerun.write(table, out)
    print(rerun.as_text(table))
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
