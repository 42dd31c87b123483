"""A folder that a command fills: known again, never mixed with another's, written whole."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

REPORT = "report.json"
Files = dict[str, bytes]


def checksum(array: np.ndarray) -> str:
    """SHA-256 of an array's numbers, type and shape."""
    import numpy as np

    digest = hashlib.sha256(f"{array.dtype.str} {array.shape} ".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def check_folder(out: Path) -> None:
    """Refuse a file in the place of the folder."""
    if out.exists() and not out.is_dir():
        from diversity_jax import validate

        raise validate.fail("out", f"{out}, which is a file", "a folder", "choose another")


def up_to_date(out: Path, identity: dict[str, Any], names: set[str], what: str) -> bool:
    """Whether `out` holds what `identity` decides; `names` are the files that may be there.

    Errors: ValueError where it holds another one of `what`, or a part of one.
    """
    from diversity_jax import validate

    if not out.is_dir() or not any((out / name).exists() for name in names):
        return False
    try:
        kept = json.loads((out / REPORT).read_text())
        sound = all(
            hashlib.sha256((out / name).read_bytes()).hexdigest() == digest
            for name, digest in kept["sha256"].items()
        )
        if sound and kept["identity"] == identity:
            return True
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # what cannot be read is not this one
    got, fix = f"{out}, with another {what} or part of one", "choose another or pass --again"
    raise validate.fail("out", got, "a folder without", fix)


def write(out: Path, written: Files, report: dict[str, Any], names: set[str]) -> None:
    """Each file in one step, the report last: its checksums tell whether all belong together.

    Of `names`, what an earlier report calls its own and is not written now is removed.

    Errors: `files.WriteFailed`, after which no report fits what is there.
    """
    from diversity_jax import files, fingerprint
    from diversity_jax.checks.verdict import json_safe

    digests = {name: hashlib.sha256(content).hexdigest() for name, content in written.items()}
    whole = {**report, "sha256": digests, **fingerprint.environment()}
    content = json.dumps(json_safe(whole), indent=1, allow_nan=False).encode()
    for name in _written(out) & (names | {REPORT}) - set(written):
        (out / name).unlink(missing_ok=True)
    for name, bytes_ in {**written, REPORT: content}.items():
        files.write_atomically(out / name, bytes_)


def _written(out: Path) -> set[str]:
    """The files that an earlier report in `out` names as its own."""
    try:
        return set(json.loads((out / REPORT).read_text())["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return set()
