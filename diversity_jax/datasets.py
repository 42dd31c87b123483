"""Real images, checked byte by byte before use, and their way into tokens.

Two sets: "digits" comes with scikit-learn and is always there; "fashion-mnist" comes with the
Debian package `dataset-fashion-mnist`. Nothing is downloaded and nothing is cached.

Everything here runs on the host in numpy. Pixels are float32 unless asked otherwise: they hold
17 or 256 grey levels, and 60000 images of 784 pixels take 188 MB in float32. Means, covariances
and components are summed in float64 by blocks of rows, so no float64 copy of the images exists.

Moments have the count as divisor: experiments draw from the images, which are the population.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import equinox as eqx
import numpy as np
import numpy.typing as npt
from jaxtyping import Float, Int32

from diversity_jax import validate
from diversity_jax.records import Record

NAMES = ("digits", "fashion-mnist")
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
VARIABLE = "DIVERSITY_JAX_DATA"
INSTALL = "apt-get install dataset-fashion-mnist"
REINSTALL = "apt-get install --reinstall dataset-fashion-mnist"


class DatasetMissing(FileNotFoundError):
    """A data set that is not on this machine; the message gives the line that installs it."""


class Images(Record):
    """Labelled grey images, one a row.

    Pixels are fractions of full ink, from 0 to 1; the image of label `k` shows `classes[k]`.
    """

    pixels: Float[np.ndarray, "n d"]
    labels: Int32[np.ndarray, " n"]
    name: str = eqx.field(static=True)
    classes: tuple[str, ...] = eqx.field(static=True)
    source: str = eqx.field(static=True)


class Projection(Record):
    """Principal components: ``tokens = (pixels - mean) @ components.T``.

    The rows of `components` are orthonormal, in falling order of `explained_variance`, the
    variance of the pixels along each; `total_variance` is that of all directions together.
    """

    mean: Float[np.ndarray, " d"]
    components: Float[np.ndarray, "p d"]
    explained_variance: Float[np.ndarray, " p"]
    total_variance: Float[np.ndarray, ""]

    def apply(self, pixels: npt.ArrayLike) -> Float[np.ndarray, "n p"]:
        """Tokens of these or of other images, summed in float64, in the precision of `pixels`."""
        pixels = np.asarray(pixels)
        validate.shape("pixels", pixels, (None, self.mean.size), "flatten each image to one row")
        tokens = np.empty((len(pixels), len(self.components)), np.result_type(pixels, np.float32))
        for rows in _blocks(pixels):
            tokens[rows] = (pixels[rows] - self.mean[None, :]) @ self.components.T
        return tokens


# sha256 of the unzipped content, and the size in bytes of the largest of the four.
_FASHION_CHECKSUMS = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
_FASHION_LARGEST = 47_040_016
_FASHION_SPLITS = {"train": "train", "test": "t10k"}
_FASHION_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
_FASHION_SOURCE = (
    "Fashion-MNIST, Zalando SE 2017, MIT (Expat) licence, "
    "https://github.com/zalandoresearch/fashion-mnist, Debian package dataset-fashion-mnist"
)
_DIGITS_SOURCE = (
    "Optical recognition of handwritten digits (test set), E. Alpaydin and C. Kaynak 1998, "
    "UCI repository, as shipped with scikit-learn (BSD-3-Clause)"
)
# sha256 of the pixels as little-endian float64 followed by the labels as little-endian int32.
_DIGITS_CHECKSUM = "127bf61ecec3c27db4c32b3e7683c9f24efde4daf611a826eb1d5d0b859374b5"


def available(name: str, *, folder: str | Path | None = None) -> bool:
    """Whether every file of a data set is there and readable; `load` verifies the content.

    Errors: ValueError for an unknown name.
    """
    validate.choice("name", name, NAMES)
    if name == "digits":
        return True
    place = _folder(folder)
    return all(os.access(place / f"{file}.gz", os.R_OK) for file in _FASHION_CHECKSUMS)


def load(
    name: str,
    *,
    folder: str | Path | None = None,
    split: str = "train",
    dtype: npt.DTypeLike | None = np.float32,
) -> Images:
    """Load a data set, every byte verified against its known sha256.

    "digits": 1797 images of 8 x 8, one split ("train"), no folder. "fashion-mnist": 60000
    ("train") or 10000 ("test") images of 28 x 28, from `folder`, else from the folder that the
    environment variable DIVERSITY_JAX_DATA names, else from where Debian installs it. `dtype`
    is that of the pixels, float32 or float64.

    Errors: DatasetMissing, with the install line, when a file is absent; ValueError, with its
    name and the reinstall line, when one is corrupt, truncated or not what it should be.
    Cost: half a second for the 60000 images.
    """
    validate.choice("name", name, NAMES)
    validate.choice("split", split, tuple(_FASHION_SPLITS))
    kinds = [kind for kind in (np.float32, np.float64) if np.dtype(kind) == dtype]
    if dtype is None or not kinds:
        raise validate.fail("dtype", repr(dtype), "float32 or float64", "leave it out for float32")
    if name == "fashion-mnist":
        return _fashion_mnist(_folder(folder), split, kinds[0])
    if split != "train":
        raise validate.fail("split", repr(split), "'train' for digits", "digits has no other split")
    return _digits(kinds[0])


def select(images: Images, classes: Sequence[str | int], per_class: int | None = None) -> Images:
    """Keep some classes, named in the order that their new labels 0, 1, ... follow.

    A class is called by its name (an integer stands for its digits: 3 for "3"). The images stay
    in the order of the data set; `per_class` keeps the first so many of each class.

    Errors: ValueError for unknown, repeated or no classes, and for more images than there are.
    """
    fix = "pass a tuple of class names"
    if isinstance(classes, str) or len(classes) == 0:
        raise validate.fail("classes", repr(classes), "one or more class names", fix)
    names = tuple(str(name) for name in classes)
    for name in names:
        validate.choice("classes", name, images.classes)
    if len(set(names)) < len(names):
        raise validate.fail("classes", repr(names), "each class once", "remove the repeated ones")
    if per_class is not None:
        _check_per_class(images, names, per_class)
    relabelled = np.full(len(images.classes), -1, np.int32)
    relabelled[[images.classes.index(name) for name in names]] = np.arange(len(names))
    labels = relabelled[images.labels]
    rows = [np.flatnonzero(labels == label)[:per_class] for label in range(len(names))]
    rows = np.sort(np.concatenate(rows))
    return Images(images.pixels[rows], labels[rows], images.name, names, images.source)


def prepare(
    pixels: npt.ArrayLike, *, dimension: int
) -> tuple[Float[np.ndarray, "n p"], Projection]:
    """Centre the images and rotate them onto their first `dimension` principal components.

    No whitening: distances within the kept directions are those of the pixels. In each
    component the entry largest in size is positive (the first of them in a tie), so the tokens
    are the same on every machine up to rounding, as long as variances are distinct. The tokens
    have the precision of `pixels` (float32 for small integers), the record float64.

    Shapes: `[n, d]` -> `[n, dimension]`.
    Errors: ValueError for fewer than two images, and for more components than directions with
    variance, since the others are arbitrary.
    Cost: one eigendecomposition, ``[d, d]``.
    """
    pixels = np.asarray(pixels)
    validate.shape("pixels", pixels, (None, None), "flatten each image to one row")
    if len(pixels) < 2 or pixels.shape[1] < 1:
        raise validate.fail("pixels", f"shape {pixels.shape}", "two images or more", "add images")
    validate.finite("pixels", pixels)
    mean = pixels.mean(axis=0, dtype=np.float64)
    ascending, columns = np.linalg.eigh(_covariance(pixels, mean))
    variances = ascending[::-1]
    negligible = max(variances[0], 0.0) * variances.size * np.finfo(np.float64).eps
    rank = int((variances > negligible).sum())
    if not isinstance(dimension, (int, np.integer)) or not 1 <= dimension <= rank:
        expected = f"an integer from 1 to {rank}, the number of directions with variance"
        raise validate.fail("dimension", repr(dimension), expected, "lower it or add images")
    components = _oriented(columns[:, ::-1].T[:dimension])
    total = np.asarray(variances.sum())
    projection = Projection(mean, components, variances[:dimension].copy(), total)
    return projection.apply(pixels), projection


def class_moments(
    tokens: npt.ArrayLike, labels: npt.ArrayLike, number_of_classes: int
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, "k d"], Float[np.ndarray, "k d d"]]:
    """Weights, means and covariances of the classes: the arguments of `GaussianMixture.full`.

    Float64, and with the count as divisor, so that the law of total covariance is exact:
    ``sum_k weights[k] * (covariances[k] + outer(means[k], means[k]))`` is the second moment.

    Shapes: `tokens` `[n, d]`, `labels` `[n]` -> `[k]`, `[k, d]`, `[k, d, d]`.
    Errors: ValueError for a class without tokens, which has no moments, and for labels that name
    no class.
    """
    tokens, labels = np.asarray(tokens), np.asarray(labels)
    validate.shape("tokens", tokens, (None, None), "pass one token a row")
    validate.shape("labels", labels, (len(tokens),), "pass one label a token")
    validate.finite("tokens", tokens)
    expected, fix = f"integers from 0 to {number_of_classes - 1}", "renumber them with `select`"
    if not np.issubdtype(labels.dtype, np.integer):
        raise validate.fail("labels", f"type {labels.dtype}", expected, fix)
    if labels.size and not 0 <= labels.min() <= labels.max() < number_of_classes:
        raise validate.fail("labels", f"{labels.min()} to {labels.max()}", expected, fix)
    # Of a million classes without a token the first few say it all.
    counts = np.bincount(labels, minlength=min(number_of_classes, labels.size + 9))
    if not counts.size or counts.min() == 0:
        got = f"no tokens of classes {np.flatnonzero(counts == 0)[:9].tolist()}"
        raise validate.fail("labels", got, "one token or more of each class", fix)
    members = [tokens[labels == label] for label in range(number_of_classes)]
    means = np.stack([member.mean(axis=0, dtype=np.float64) for member in members])
    covariances = np.stack([_covariance(member, mean) for member, mean in zip(members, means)])
    return counts / labels.size, means, covariances


def _check_per_class(images: Images, names: tuple[str, ...], per_class: int) -> None:
    if not isinstance(per_class, (int, np.integer)) or per_class < 1:
        raise validate.fail("per_class", repr(per_class), "a positive integer", "None keeps all")
    counts = np.bincount(images.labels, minlength=len(images.classes))
    count, name = min((int(counts[images.classes.index(name)]), name) for name in names)
    if count < per_class:
        expected = f"at most {count}, as many as there are of {name!r}"
        raise validate.fail("per_class", per_class, expected, "lower it")


def _blocks(rows: np.ndarray) -> Iterator[slice]:
    # Blocks of 4 MB in float64 stay in the cache and bound the temporaries.
    step = max(1, 2**22 // (8 * max(1, rows.shape[1])))
    return (slice(start, start + step) for start in range(0, len(rows), step))


def _covariance(rows: np.ndarray, mean: np.ndarray) -> np.ndarray:
    total = np.zeros((mean.size, mean.size))
    for block in _blocks(rows):
        centred = rows[block] - mean[None, :]
        total += centred.T @ centred
    return total / len(rows)


def _oriented(components: np.ndarray) -> np.ndarray:
    # Rounding must not choose between entries equal in size: any within 1e-6 counts as largest.
    size = np.abs(components)
    leading = np.argmax(size >= (1 - 1e-6) * size.max(axis=1, keepdims=True), axis=1)
    signs = np.sign(components[np.arange(len(components)), leading])
    return components * signs[:, None]


def _folder(folder: str | Path | None) -> Path:
    return Path(folder or os.environ.get(VARIABLE) or DEBIAN_FOLDER).expanduser()


def _content(place: Path, name: str) -> bytes:
    path, known = place / f"{name}.gz", _FASHION_CHECKSUMS[name]
    fix = f"replace it by Debian's {DEBIAN_FOLDER / path.name}, renewed by: {REINSTALL}"
    try:
        with gzip.open(path) as stream:
            # One byte too many is enough to see that a file is too long, however long it is.
            content = stream.read(_FASHION_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise DatasetMissing(
            f"fashion-mnist: no file {path}; run: {INSTALL} "
            f"(it fills {DEBIAN_FOLDER}; for another place set folder or {VARIABLE})"
        ) from None
    except (OSError, EOFError, zlib.error) as error:
        raise validate.fail(str(path), f"unreadable: {error}", f"sha256 {known}", fix) from error
    checksum = hashlib.sha256(content).hexdigest()
    if checksum != known:
        raise validate.fail(str(path), f"sha256 {checksum}", f"sha256 {known}", fix)
    return content


def _fashion_mnist(place: Path, split: str, dtype: npt.DTypeLike) -> Images:
    # The idx format: a header of 16 bytes (images) or 8 (labels), then one byte a value.
    prefix = _FASHION_SPLITS[split]
    labels = np.frombuffer(_content(place, f"{prefix}-labels-idx1-ubyte"), np.uint8, offset=8)
    ink = np.frombuffer(_content(place, f"{prefix}-images-idx3-ubyte"), np.uint8, offset=16)
    # Dividing into `dtype` converts block by block, without a second full-size array.
    pixels = np.divide(ink.reshape(len(labels), -1), 255, dtype=dtype)
    labels = labels.astype(np.int32)
    return Images(pixels, labels, "fashion-mnist", _FASHION_CLASSES, _FASHION_SOURCE)


def _digits(dtype: npt.DTypeLike) -> Images:
    # scikit-learn takes a second to import, which only this data set should cost.
    from sklearn.datasets import load_digits

    what, fix = "digits", "run: pip install --force-reinstall scikit-learn"
    try:
        ink, known = load_digits(return_X_y=True)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise validate.fail(what, f"unreadable: {error}", "its digits.csv.gz", fix) from error
    validate.shape(what, ink, (1797, 64), fix)
    content = ink.astype("<f8").tobytes() + known.astype("<i4").tobytes()
    checksum = hashlib.sha256(content).hexdigest()
    if checksum != _DIGITS_CHECKSUM:
        raise validate.fail(what, f"sha256 {checksum}", f"sha256 {_DIGITS_CHECKSUM}", fix)
    pixels = np.divide(ink, 16, dtype=dtype, casting="same_kind")
    labels, names = np.asarray(known, np.int32), tuple(str(digit) for digit in range(10))
    return Images(pixels, labels, "digits", names, _DIGITS_SOURCE)
