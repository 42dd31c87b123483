"""Finished work on disk: one small file per chunk of seeds, each written in one step."""

from __future__ import annotations

import contextlib
import io
import secrets
import shutil
import zipfile
from pathlib import Path

import numpy as np

from diversity_jax import files, results

SEEDS, SECONDS, ARRAY = "seeds", "seconds", "array:"
FORGOTTEN = 7 * 86400.0  # seconds after which chunks that nobody adds to are not gone on with


class Store:
    """The chunks of one run in `folder`; files of other runs lie in other folders."""

    def __init__(self, folder: Path):
        self.folder = folder

    def done(self, point: int) -> dict[int, tuple[Path, int]]:
        """Finished seeds of grid point number `point`: where each lies (file, row)."""
        found: dict[int, tuple[Path, int]] = {}
        for path in sorted(self.folder.glob(f"point{point:05d}-*.npz")):
            for row, seed in enumerate(self._read(path, [SEEDS])[SEEDS]):
                found[int(seed)] = (path, row)
        return found

    def write(
        self, point: int, seeds: list[int], arrays: dict[str, np.ndarray], seconds: float
    ) -> None:
        """Keep the outputs of `seeds` at grid point number `point`; whole or not at all."""
        buffer = io.BytesIO()
        named = {ARRAY + name: array for name, array in arrays.items()}
        np.savez(buffer, **{SEEDS: np.asarray(seeds), SECONDS: np.asarray(seconds)}, **named)  # pyright: ignore[reportArgumentType]
        name = f"point{point:05d}-{results.digest(seeds)[:12]}.npz"
        results.write_atomically(self.folder / name, buffer.getvalue())

    def gather(self, point: int, seeds: int) -> tuple[dict[str, np.ndarray], float]:
        """All outputs at grid point number `point` in the order of the seeds, and the seconds.

        Raises KeyError when a seed is missing, or is cleared away meanwhile.
        """
        where = self.done(point)
        files = {path: self._read(path) for path in {path for path, _ in where.values()}}
        places = [where[seed] for seed in range(seeds)]
        arrays = {
            name.removeprefix(ARRAY): np.stack([files[path][name][row] for path, row in places])
            for name in files[places[0][0]]
            if name.startswith(ARRAY)
        }
        return arrays, float(sum(content[SECONDS] for content in files.values()))

    def clear(self) -> None:
        """Remove this run's chunks, once its result stands; for others they go all at once."""
        cleared = self.folder.with_name(f".{self.folder.name}.{secrets.token_hex(4)}.cleared")
        with contextlib.suppress(OSError):
            self.folder.rename(cleared)
        shutil.rmtree(cleared, ignore_errors=True)

    def tidy(self) -> None:
        """Remove what kills left beside this run's chunks: none of it is read by anybody.

        Chunks of other code or versions go after a week without a new one; until then somebody may
        go back to that code and find them.
        """
        for path in self.folder.parent.glob(".chunks-*.cleared"):
            shutil.rmtree(path, ignore_errors=True)
        for path in self.folder.parent.glob("chunks-*"):
            if path != self.folder and files.abandoned(path, FORGOTTEN):
                Store(path).clear()

    def _read(self, path: Path, names: list[str] | None = None) -> dict[str, np.ndarray]:
        """The arrays `names` (default: all) of one chunk; nothing when it has been cleared away."""
        try:
            with path.open("rb") as file, np.load(file) as content:
                return {name: content[name] for name in names or content.files}
        except FileNotFoundError:
            return dict.fromkeys(names or [], np.zeros(0))
        except (ValueError, OSError, EOFError, zipfile.BadZipFile, KeyError) as error:
            raise results.ResultCorrupt(
                f"{files.shown(path)}: got a truncated or altered chunk, expected a whole one; "
                "delete this file: its seeds are computed again, all others are kept"
            ) from error
