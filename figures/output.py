"""A figure as files: PNG for a page, PDF for a paper, and the numbers it shows as CSV."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, QuadMesh
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from PIL import Image

from diversity_jax import fingerprint, results
from figures import style

HERE = Path(__file__).resolve().parent

COLUMNS = (
    "panel", "title", "x_label", "y_label", "series", "kind",
    "x", "y", "x_low", "x_high", "y_low", "y_high", "value",
)  # fmt: skip
Row = dict[str, Any]


def save(figure: Figure, folder: Path, stem: str, source: str = "") -> dict[str, Path]:
    """Write `figure` as PNG, PDF and CSV to `folder`; returns the three paths by kind.

    With its `source` (what `source_of` gives), `kept` finds it again.
    """
    made = {"pdf": image(figure, "pdf"), "csv": table(figure)}
    # The PNG last: it tells of the two others.
    made["png"] = image(figure, "png", _signed(source, made) if source else None)
    paths = {}
    for kind, content in made.items():
        paths[kind] = folder / f"{stem}.{kind}"
        results.write_atomically(paths[kind], content)
    return paths


def kept(folder: Path, stem: str, source: str) -> bytes | None:
    """The PNG that `save` wrote for this `source`, if all three files are as it wrote them."""
    try:
        made = {kind: (folder / f"{stem}.{kind}").read_bytes() for kind in ("pdf", "csv", "png")}
        with Image.open(io.BytesIO(made["png"])) as picture:
            signature = picture.info.get("Source")
            picture.verify()
    except (OSError, SyntaxError):  # what Pillow raises for a broken file
        return None
    return made["png"] if signature == _signed(source, made) else None


def source_of(name: str, dataset: xarray.Dataset) -> str:
    """All that decides figure `name` of `dataset`, as a hash: its data, its code, matplotlib."""
    code = fingerprint.of_files(HERE / f"{name}.py", HERE / "style.py", root=HERE.parent)
    digest = hashlib.sha256(f"{name} {code} {matplotlib.__version__}".encode())
    digest.update(repr(sorted(dataset.attrs.items())).encode())
    for label, variable in sorted(dataset.variables.items(), key=lambda pair: str(pair[0])):
        described = label, variable.dims, variable.shape, variable.dtype.str
        digest.update(repr((*described, sorted(variable.attrs.items()))).encode())
        values = np.ascontiguousarray(variable.values)
        digest.update(
            repr(values.tolist()).encode() if values.dtype.hasobject else values.tobytes()
        )
    return digest.hexdigest()


def _signed(source: str, made: dict[str, bytes]) -> str:
    return hashlib.sha256(source.encode() + made["pdf"] + made["csv"]).hexdigest()


def image(figure: Figure, kind: str, source: str | None = None) -> bytes:
    """`figure` as the bytes of a `png` or `pdf` file, the same for the same figure.

    A PNG says its `source` if there is one.
    """
    buffer = io.BytesIO()
    undated = {"png": {"Software": None, "Source": source}, "pdf": {"CreationDate": None}}
    with style.applied():
        figure.savefig(buffer, format=kind, metadata=undated[kind])
    return buffer.getvalue()


def table(figure: Figure) -> bytes:
    """The numbers `figure` shows, as CSV: one row per point, with its panel and its series."""
    text = io.StringIO()
    writer: csv.DictWriter[str] = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(numbers(figure))
    return text.getvalue().encode("utf-8", "backslashreplace")


def numbers(figure: Figure) -> Iterator[Row]:
    """Every plotted point of every panel: lines, points with intervals, bars, dots and images."""
    for panel, axes in enumerate(figure.axes, start=1):
        place = {
            "panel": panel,
            "title": axes.get_title(),
            "x_label": axes.get_xlabel(),
            "y_label": axes.get_ylabel(),
        }
        for row in _panel(axes):
            yield {**place, **row}


def _panel(axes: Axes) -> Iterator[Row]:
    drawn: set[int] = set()
    for container in axes.containers:
        drawn.update(id(part) for part in _parts(container))
        if isinstance(container, ErrorbarContainer):
            yield from _intervals(container)
        elif isinstance(container, BarContainer):
            yield from _bars(container)
    for number, line in enumerate(axes.lines, start=1):
        if id(line) not in drawn:
            yield from _line(axes, line, number)
    for number, collection in enumerate(axes.collections, start=1):
        if id(collection) not in drawn:
            yield from _collection(collection, number)
    for number, shown in enumerate(axes.images, start=1):
        yield from _grid(np.asarray(shown.get_array()), _name(shown, number))


def _line(axes: Axes, line: Any, number: int) -> Iterator[Row]:
    kind = "points" if line.get_linestyle() == "None" else "line"
    named = {"series": _name(line, number), "kind": kind}
    # A guide across the whole panel has one coordinate in data and one in panel widths.
    in_data = line.get_transform().contains_branch_seperately(axes.transData)
    xs, ys = np.atleast_1d(line.get_xdata(orig=True)), np.atleast_1d(line.get_ydata(orig=True))
    if not all(in_data):
        guide = {"x": _plain(xs[0])} if in_data[0] else {"y": _plain(ys[0])} if in_data[1] else {}
        yield {**named, "kind": "guide", **guide}
        return
    for x, y in zip(xs, ys):
        yield {**named, "x": _plain(x), "y": _plain(y)}


def _intervals(container: ErrorbarContainer) -> Iterator[Row]:
    data_line, _, bars = container.lines
    ends: dict[str, np.ndarray] = {}
    directions = ["x"] * container.has_xerr + ["y"] * container.has_yerr
    for direction, bar in zip(directions, bars):
        side = 0 if direction == "x" else 1
        segments = bar.get_segments()
        ends[direction] = np.array(
            [np.sort(part[:, side]) if len(part) else (np.nan, np.nan) for part in segments]
        ).reshape(-1, 2)
    if data_line is None:
        return
    named = {"series": _name(container, 0), "kind": "points with intervals"}
    pairs = zip(np.atleast_1d(data_line.get_xdata()), np.atleast_1d(data_line.get_ydata()))
    for number, (x, y) in enumerate(pairs):
        row = {**named, "x": _plain(x), "y": _plain(y)}
        for direction, both in ends.items():
            if number < len(both):
                low, high = both[number]
                row |= {f"{direction}_low": _plain(low), f"{direction}_high": _plain(high)}
        yield row


def _bars(container: BarContainer) -> Iterator[Row]:
    named = {"series": _name(container, 0), "kind": "bar"}
    for bar in container.patches:
        left, low = bar.get_x(), bar.get_y()
        if container.orientation == "horizontal":
            x, y = left + bar.get_width(), low + bar.get_height() / 2
        else:
            x, y = left + bar.get_width() / 2, low + bar.get_height()
        yield {**named, "x": _plain(x), "y": _plain(y)}


def _collection(collection: Any, number: int) -> Iterator[Row]:
    named = {"series": _name(collection, number)}
    if isinstance(collection, PathCollection):
        coloured = collection.get_array()
        for place, (x, y) in enumerate(np.ma.getdata(collection.get_offsets())):
            value = {} if coloured is None else {"value": _plain(coloured[place])}
            yield {**named, "kind": "points", "x": _plain(x), "y": _plain(y), **value}
    elif isinstance(collection, QuadMesh):
        values = np.asarray(collection.get_array())
        corners = np.asarray(collection.get_coordinates())
        middles = (corners[:-1, :-1] + corners[1:, :-1] + corners[:-1, 1:] + corners[1:, 1:]) / 4
        for (x, y), value in zip(middles.reshape(-1, 2), values.reshape(-1)):
            yield {**named, "kind": "cell", "x": _plain(x), "y": _plain(y), "value": _plain(value)}
    else:
        is_line = isinstance(collection, LineCollection)
        for path in collection.get_paths():
            for x, y in path.vertices:
                kind = "line" if is_line else "area"
                yield {**named, "kind": kind, "x": _plain(x), "y": _plain(y)}


def _grid(values: np.ndarray, series: str) -> Iterator[Row]:
    if values.ndim == 2:
        for (row, column), value in np.ndenumerate(values):
            place = {"series": series, "kind": "pixel", "x": column, "y": row}
            yield {**place, "value": _plain(value)}


def _parts(container: Any) -> Iterator[Any]:
    for part in container:
        if isinstance(part, (list, tuple)):
            yield from part
        elif part is not None:
            yield part


def _name(artist: Any, number: int) -> str:
    label = str(artist.get_label() or "")
    return (f"series {number}" if number else "") if label.startswith("_") else label


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
