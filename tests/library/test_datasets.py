"""Data sets: the right bytes or a clear refusal, and preprocessing against its definitions."""

import gzip
import hashlib
import struct
import subprocess
import sys
import tracemalloc
import zlib

import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax import datasets

INSTALL_LINE = "apt-get install dataset-fashion-mnist"
REINSTALL_LINE = "apt-get install --reinstall dataset-fashion-mnist"
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def one_line(error):
    text = str(error.value)
    assert "\n" not in text
    return text


@pytest.fixture(autouse=True)
def no_variable(monkeypatch):
    monkeypatch.delenv(datasets.VARIABLE, raising=False)


@pytest.fixture
def contents(monkeypatch):
    """Two small splits in the real format, of known values, whose checksums are the known ones."""
    random = generator("small fashion-mnist")
    made = {}
    for prefix, count in (("train", 20), ("t10k", 10)):
        ink = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        ink[0, 0, :3] = 0, 51, 255
        labels = (np.arange(count) * 7 % 10).astype(np.uint8)
        images = struct.pack(">4i", 0x803, count, 28, 28) + ink.tobytes()
        made[f"{prefix}-images-idx3-ubyte"] = images
        made[f"{prefix}-labels-idx1-ubyte"] = struct.pack(">2i", 0x801, count) + labels.tobytes()
    known = {name: hashlib.sha256(content).hexdigest() for name, content in made.items()}
    monkeypatch.setattr(datasets, "_FASHION_CHECKSUMS", known)
    return made


@pytest.fixture
def folder(contents, tmp_path):
    for name, content in contents.items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
    return tmp_path


def flip(content, position):
    spoiled = bytearray(content)
    spoiled[position] ^= 1
    return bytes(spoiled)


# digits


def test_digits_are_the_uci_test_set():
    images = datasets.load("digits")
    assert datasets.available("digits")
    assert images.pixels.shape == (1797, 64) and images.pixels.dtype == np.float32
    assert images.labels.dtype == np.int32
    assert images.pixels.min() == 0 and images.pixels.max() == 1
    # The counts that the UCI repository documents.
    counts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(images.labels).tolist() == counts
    assert images.classes == tuple("0123456789")
    assert "BSD" in images.source and "UCI" in images.source and "\n" not in images.source
    ink = (images.pixels * 16).astype(np.uint8)
    assert np.array_equal(ink / 16, images.pixels)
    checksum = "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3"
    assert hashlib.sha256(ink.tobytes()).hexdigest() == checksum


@pytest.mark.parametrize("dtype", ["float64", np.float64, jnp.float64, np.dtype("float64")])
def test_64_bit_pixels_on_request(dtype):
    images = datasets.load("digits", dtype=dtype)
    assert images.pixels.dtype == np.float64
    assert np.array_equal(images.pixels, datasets.load("digits").pixels)


@pytest.mark.parametrize("dtype", [int, "uint8", "float16", None, "nonsense"])
def test_other_pixel_types_are_refused(dtype):
    with pytest.raises(ValueError, match=r"dtype: got .*expected float32 or float64") as error:
        datasets.load("digits", dtype=dtype)
    one_line(error)


def test_digits_that_changed_are_refused(monkeypatch):
    import sklearn.datasets

    pixels, labels = sklearn.datasets.load_digits(return_X_y=True)
    one_more = pixels.copy()
    one_more[700, 30] += 1
    swapped = labels.copy()
    swapped[[0, 1]] = swapped[[1, 0]]
    for spoiled in ((one_more, labels), (pixels, swapped), (pixels[:-1], labels[:-1])):
        monkeypatch.setattr(sklearn.datasets, "load_digits", lambda spoiled=spoiled, **_: spoiled)
        with pytest.raises(ValueError, match=r"digits.*pip install --force-reinstall") as error:
            datasets.load("digits")
        one_line(error)


def test_digits_that_cannot_be_read_are_refused(monkeypatch):
    def broken(**_):
        raise EOFError("Compressed file ended before the end-of-stream marker was reached")

    monkeypatch.setattr("sklearn.datasets.load_digits", broken)
    with pytest.raises(ValueError, match=r"digits: got unreadable.*pip install") as error:
        datasets.load("digits")
    one_line(error)


def test_digits_have_no_test_split():
    with pytest.raises(ValueError, match="split: got 'test'"):
        datasets.load("digits", split="test")


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean fashion-mnist"):
        datasets.load("fashion_mnist")
    with pytest.raises(ValueError, match="name: got 'mnist'"):
        datasets.available("mnist")
    with pytest.raises(ValueError, match="split: got 'validation'"):
        datasets.load("fashion-mnist", split="validation")


# Fashion-MNIST: the real files


def test_fashion_mnist_is_whole_or_its_install_line_is_given():
    if not datasets.available("fashion-mnist"):
        with pytest.raises(datasets.DatasetMissing) as error:
            datasets.load("fashion-mnist")
        assert INSTALL_LINE in one_line(error)
        return
    tracemalloc.start()
    images = datasets.load("fashion-mnist")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert images.pixels.shape == (60000, 784) and images.pixels.dtype == np.float32
    assert np.bincount(images.labels).tolist() == [6000] * 10
    assert images.labels[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
    # The mean and deviation by which this set is usually normalised, to their four digits.
    mean = images.pixels.mean(dtype=np.float64)
    deviation = np.sqrt(np.square(images.pixels).mean(dtype=np.float64) - mean**2)
    assert abs(mean - 0.2860) < 1e-4 and abs(deviation - 0.3530) < 1e-4
    assert images.classes[0] == "T-shirt/top" and images.classes[9] == "Ankle boot"
    assert "MIT" in images.source and "\n" not in images.source
    # The bytes read (a quarter of the pixels), at most twice, and never a float64 copy (twice).
    assert peak < 1.6 * images.pixels.nbytes
    held_out = datasets.load("fashion-mnist", split="test")
    assert np.bincount(held_out.labels).tolist() == [1000] * 10


@pytest.mark.parametrize("name", FILES[2:])
def test_one_flipped_bit_in_the_real_files_is_refused(name, tmp_path):
    for other in FILES[2:]:
        (tmp_path / f"{other}.gz").symlink_to(datasets.DEBIAN_FOLDER / f"{other}.gz")
    if not datasets.available("fashion-mnist"):
        with pytest.raises(datasets.DatasetMissing):
            datasets.load("fashion-mnist", folder=tmp_path, split="test")
        return
    datasets.load("fashion-mnist", folder=tmp_path, split="test")
    content = gzip.decompress((tmp_path / f"{name}.gz").read_bytes())
    (tmp_path / f"{name}.gz").unlink()
    spoiled = gzip.compress(flip(content, len(content) // 2), compresslevel=1)
    (tmp_path / f"{name}.gz").write_bytes(spoiled)
    with pytest.raises(ValueError, match=name):
        datasets.load("fashion-mnist", folder=tmp_path, split="test")


# Fashion-MNIST: the format and its refusals, on small files of known content


@pytest.mark.parametrize("split, prefix", [("train", "train"), ("test", "t10k")])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_pixel_and_label_is_read_as_written(folder, contents, split, prefix, dtype):
    images = datasets.load("fashion-mnist", folder=folder, split=split, dtype=dtype)
    ink = np.frombuffer(contents[f"{prefix}-images-idx3-ubyte"][16:], np.uint8)
    assert images.pixels.dtype == dtype
    assert np.array_equal(images.pixels.ravel(), (ink / 255).astype(dtype))
    assert images.pixels[0, :3].tolist() == [0, dtype(0.2), 1]
    assert images.labels.tolist() == [7 * i % 10 for i in range(len(images.labels))]


def test_the_folder_comes_before_the_variable_before_debian(folder, tmp_path, monkeypatch):
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv(datasets.VARIABLE, str(empty))
    assert not datasets.available("fashion-mnist")
    assert datasets.available("fashion-mnist", folder=folder)
    assert len(datasets.load("fashion-mnist", folder=folder).labels) == 20
    with pytest.raises(datasets.DatasetMissing, match=str(empty)):
        datasets.load("fashion-mnist")
    monkeypatch.setenv(datasets.VARIABLE, str(folder))
    assert len(datasets.load("fashion-mnist").labels) == 20


@pytest.mark.parametrize("place", ["", "nowhere", "a file"])
def test_absent_files_give_the_install_line(tmp_path, place):
    (tmp_path / "a file").write_text("not a folder")
    assert not datasets.available("fashion-mnist", folder=tmp_path / place)
    with pytest.raises(datasets.DatasetMissing) as error:
        datasets.load("fashion-mnist", folder=tmp_path / place)
    assert isinstance(error.value, FileNotFoundError)
    text = one_line(error)
    assert f"run: {INSTALL_LINE} " in text and str(tmp_path / place) in text


@pytest.mark.parametrize("name", FILES)
def test_one_absent_file_makes_the_set_unavailable(folder, name):
    assert datasets.available("fashion-mnist", folder=folder)
    (folder / f"{name}.gz").unlink()
    assert not datasets.available("fashion-mnist", folder=folder)
    with pytest.raises(datasets.DatasetMissing, match=name):
        datasets.load("fashion-mnist", folder=folder, split=split_of(name))


def split_of(name):
    return "train" if name.startswith("train") else "test"


def spoil_content(content):
    """Contents that unzip well and are wrong."""
    return {
        "a flipped bit": flip(content, len(content) - 1),
        "wrong magic": b"\0\0\x0d" + content[3:],
        "one byte less": content[:-1],
        "one byte more": content + b"\0",
        "empty": b"",
    }


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("fault", list(spoil_content(b"0123")))
def test_wrong_content_is_named_with_both_checksums_and_the_fix(folder, contents, name, fault):
    spoiled = spoil_content(contents[name])[fault]
    (folder / f"{name}.gz").write_bytes(gzip.compress(spoiled))
    with pytest.raises(ValueError) as error:
        datasets.load("fashion-mnist", folder=folder, split=split_of(name))
    text = one_line(error)
    assert str(folder / f"{name}.gz") in text and REINSTALL_LINE in text
    assert f"got sha256 {hashlib.sha256(spoiled).hexdigest()}" in text
    assert f"expected sha256 {hashlib.sha256(contents[name]).hexdigest()}" in text


def spoil_gzip(zipped):
    """Files that do not unzip."""
    return {
        "truncated in the data": zipped[: len(zipped) // 2],
        "truncated in the trailer": zipped[:-3],
        "truncated in the header": zipped[:5],
        "not gzip": b"<html>404</html>",
        "a flipped bit in the trailer": flip(zipped, -6),
        "damaged deflate block": zipped[:10] + b"\xff" * 8 + zipped[18:],
    }


@pytest.mark.parametrize("name", FILES[:2])
@pytest.mark.parametrize("fault", list(spoil_gzip(b"0123456789")))
def test_files_that_do_not_unzip_are_named_with_the_fix(folder, contents, name, fault):
    path = folder / f"{name}.gz"
    path.write_bytes(spoil_gzip(path.read_bytes())[fault])
    with pytest.raises(ValueError, match="got unreadable: ") as error:
        datasets.load("fashion-mnist", folder=folder)
    text = one_line(error)
    assert str(path) in text and REINSTALL_LINE in text
    assert hashlib.sha256(contents[name]).hexdigest() in text


def test_a_folder_in_the_place_of_a_file_is_refused(folder):
    path = folder / "train-labels-idx1-ubyte.gz"
    path.unlink()
    path.mkdir()
    with pytest.raises(ValueError, match=r"train-labels.*got unreadable"):
        datasets.load("fashion-mnist", folder=folder)


def test_a_file_that_unzips_to_far_too_much_is_not_unzipped_whole(folder):
    path = folder / "train-labels-idx1-ubyte.gz"
    with gzip.open(path, "wb", compresslevel=1) as stream:
        for _ in range(20):
            stream.write(bytes(16_000_000))
    tracemalloc.start()
    with pytest.raises(ValueError, match="train-labels"):
        datasets.load("fashion-mnist", folder=folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 160_000_000


# select


def test_select_renumbers_labels_in_the_order_asked():
    images = datasets.load("digits")
    pair = datasets.select(images, ("8", 3))
    assert pair.classes == ("8", "3") and pair.name == "digits" and pair.source == images.source
    kept = np.isin(images.labels, (3, 8))
    assert np.array_equal(pair.pixels, images.pixels[kept])
    assert np.array_equal(pair.labels, np.where(images.labels[kept] == 8, 0, 1))
    assert pair.labels.dtype == np.int32
    again = datasets.select(pair, (3,))
    assert again.classes == ("3",)
    assert np.array_equal(again.pixels, images.pixels[images.labels == 3])
    assert not again.labels.any()


def test_select_keeps_the_first_of_each_class():
    images = datasets.load("digits")
    few = datasets.select(images, ("1", "0", "7"), per_class=5)
    assert np.bincount(few.labels).tolist() == [5, 5, 5]
    rows = np.sort(np.concatenate([np.flatnonzero(images.labels == k)[:5] for k in (1, 0, 7)]))
    assert np.array_equal(few.pixels, images.pixels[rows])
    assert [few.classes[label] for label in few.labels] == [str(k) for k in images.labels[rows]]


@pytest.mark.parametrize(
    "classes, per_class, message",
    [
        (("3", "x"), None, "classes: got 'x', expected one of 0, 1"),
        ((3, 12), None, "classes: got '12'"),
        ((), None, "classes: got"),
        ("38", None, "classes: got '38'.*tuple"),
        (("3", 3), None, "each class once"),
        (("3", "8"), 175, "per_class: got 175, expected at most 174, .*'8'"),
        (("3",), 0, "per_class: got 0"),
        (("3",), 2.5, "per_class: got 2.5"),
    ],
)
def test_select_refuses(classes, per_class, message):
    with pytest.raises(ValueError, match=message) as error:
        datasets.select(datasets.load("digits"), classes, per_class)
    one_line(error)


# prepare


def test_components_are_those_of_scikit_learn():
    from sklearn.decomposition import PCA

    pixels = datasets.load("digits", dtype=np.float64).pixels
    tokens, projection = datasets.prepare(pixels, dimension=10)
    peer = PCA(10, svd_solver="full").fit(pixels)
    count = len(pixels)
    signs = np.sign((projection.components * peer.components_).sum(axis=1))
    # An eigenvector is off by about eps * dimension * largest / gap: 1e-12 here at the closest gap.
    np.testing.assert_allclose(signs[:, None] * projection.components, peer.components_, atol=1e-9)
    np.testing.assert_allclose(signs[None, :] * tokens, peer.transform(pixels), atol=1e-8)
    variances = peer.explained_variance_ * (count - 1) / count
    np.testing.assert_allclose(projection.explained_variance, variances, rtol=1e-11)
    np.testing.assert_allclose(projection.mean, pixels.mean(axis=0), atol=1e-13)
    np.testing.assert_allclose(projection.total_variance, pixels.var(axis=0).sum(), rtol=1e-12)


def test_tokens_are_centred_uncorrelated_and_not_whitened():
    pixels = datasets.load("digits", dtype=np.float64).pixels
    tokens, projection = datasets.prepare(pixels, dimension=61)
    np.testing.assert_allclose(tokens.mean(axis=0), np.zeros(61), atol=1e-12)
    second = tokens.T @ tokens / len(tokens)
    np.testing.assert_allclose(second, np.diag(projection.explained_variance), atol=1e-12)
    assert (np.diff(projection.explained_variance) < 0).all()
    # All directions with variance are kept, so distances between images are kept as well.
    distances = np.linalg.norm(tokens[:-1] - tokens[1:], axis=1)
    np.testing.assert_allclose(distances, np.linalg.norm(np.diff(pixels, axis=0), axis=1), 1e-11)


def test_the_sign_of_a_component_is_fixed():
    pixels = datasets.load("digits", dtype=np.float64).pixels
    _, projection = datasets.prepare(pixels, dimension=20)
    leading = np.abs(projection.components).argmax(axis=1)
    assert (projection.components[np.arange(20), leading] > 0).all()
    # Neither mirrored nor shuffled data may turn a component round.
    _, mirrored = datasets.prepare(1 - pixels, dimension=20)
    order = generator("shuffled digits").permutation(len(pixels))
    _, shuffled = datasets.prepare(pixels[order], dimension=20)
    for other in (mirrored, shuffled):
        np.testing.assert_allclose(other.components, projection.components, atol=1e-9)


def test_the_sign_is_fixed_where_entries_tie():
    # The first component is (1, -1) / sqrt(2): rounding alone says which entry is larger.
    for name in ("tie a", "tie b", "tie c", "tie d"):
        step = generator(name).normal(size=(50, 1))
        pixels = np.concatenate([step, -step], axis=1) + generator(name).uniform(size=(1, 2))
        _, projection = datasets.prepare(pixels, dimension=1)
        np.testing.assert_allclose(projection.components, [[0.5**0.5, -(0.5**0.5)]], atol=1e-7)


def test_fewer_images_than_pixels():
    pixels = generator("wide images").uniform(size=(6, 40))
    tokens, projection = datasets.prepare(pixels, dimension=5)
    rebuilt = projection.mean[None, :] + tokens @ projection.components
    np.testing.assert_allclose(rebuilt, pixels, atol=1e-12)
    with pytest.raises(ValueError, match="dimension: got 6, expected an integer from 1 to 5"):
        datasets.prepare(pixels, dimension=6)


def test_float32_images_give_float32_tokens_of_float64_accuracy():
    exact, record = datasets.prepare(datasets.load("digits", dtype=np.float64).pixels, dimension=8)
    tokens, projection = datasets.prepare(datasets.load("digits").pixels, dimension=8)
    assert tokens.dtype == np.float32 and projection.components.dtype == np.float64
    # Sixteenths are exact in float32, so only the tokens are rounded: sizes below 4, half an ulp.
    np.testing.assert_array_equal(projection.components, record.components)
    np.testing.assert_allclose(tokens, exact, rtol=0, atol=2 * np.finfo(np.float32).eps)


def test_held_out_images_follow_the_same_projection():
    pixels = datasets.load("digits", dtype=np.float64).pixels
    tokens, projection = datasets.prepare(pixels[:1000], dimension=4)
    np.testing.assert_array_equal(projection.apply(pixels[:1000]), tokens)
    expected = (pixels[1000:] - projection.mean[None, :]) @ projection.components.T
    np.testing.assert_allclose(projection.apply(pixels[1000:]), expected, atol=1e-13)
    with pytest.raises(ValueError, match=r"pixels: got shape \(5, 63\)"):
        projection.apply(pixels[:5, :63])


def test_prepare_makes_no_copy_of_the_images():
    pixels = generator("many images").random((40000, 256), dtype=np.float32)
    tracemalloc.start()
    datasets.prepare(pixels, dimension=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Boolean masks (a quarter), blocks of 4 MB and 256 x 256 matrices: not one float32 copy.
    assert peak < 0.75 * pixels.nbytes


@pytest.mark.parametrize("dimension", [0, 62, 64, -1, 2.0])
def test_prepare_refuses_a_dimension_without_variance(dimension):
    with pytest.raises(ValueError, match=r"dimension: got .* from 1 to 61, ") as error:
        datasets.prepare(datasets.load("digits").pixels, dimension=dimension)
    one_line(error)


def test_prepare_refuses_bad_images():
    with pytest.raises(ValueError, match="pixels: got 1 NaN"):
        datasets.prepare(np.array([[0.0, 1.0], [np.nan, 0.0]]), dimension=1)
    with pytest.raises(ValueError, match="pixels: got shape"):
        datasets.prepare(np.zeros((3, 4, 4)), dimension=1)
    with pytest.raises(ValueError, match="two images or more"):
        datasets.prepare(np.zeros((1, 4)), dimension=1)
    with pytest.raises(ValueError, match="dimension"):
        datasets.prepare(np.ones((5, 4)), dimension=1)


# class_moments


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_class_moments_are_those_of_numpy(dtype):
    images = datasets.select(datasets.load("digits", dtype=dtype), (1, 4, 9), per_class=150)
    weights, means, covariances = datasets.class_moments(images.pixels, images.labels, 3)
    assert weights.dtype == means.dtype == covariances.dtype == np.float64
    assert weights.tolist() == [1 / 3] * 3
    for label in range(3):
        members = images.pixels[images.labels == label].astype(np.float64)
        np.testing.assert_allclose(means[label], members.mean(axis=0), atol=1e-14)
        expected = np.cov(members.T, bias=True)
        np.testing.assert_allclose(covariances[label], expected, atol=1e-14)
    np.testing.assert_array_equal(covariances, covariances.transpose(0, 2, 1))


def test_the_law_of_total_covariance_ties_moments_to_components():
    images = datasets.select(datasets.load("digits", dtype=np.float64), (0, 1, 8))
    tokens, projection = datasets.prepare(images.pixels, dimension=12)
    weights, means, covariances = datasets.class_moments(tokens, images.labels, 3)
    np.testing.assert_allclose(weights, np.array([178, 182, 174]) / 534, rtol=1e-15)
    second = covariances + means[:, :, None] * means[:, None, :]
    total = (weights[:, None, None] * second).sum(axis=0)
    np.testing.assert_allclose(total, np.diag(projection.explained_variance), atol=1e-12)


def test_a_class_of_one_token_is_a_point():
    weights, means, covariances = datasets.class_moments(jnp.eye(2), jnp.array([1, 0]), 2)
    assert weights.tolist() == [0.5, 0.5]
    assert means.tolist() == [[0, 1], [1, 0]] and not covariances.any()


@pytest.mark.parametrize(
    "labels, number_of_classes, message",
    [
        ([0, 0, 2, 2], 3, r"no tokens of classes \[1\]"),
        ([0, 1, 2, 3], 3, "labels: got 0 to 3, expected integers from 0 to 2"),
        ([0, -1, 1, 1], 2, "labels: got -1 to 1"),
        ([0.0, 1.0, 1.0, 0.0], 2, "labels: got type float64"),
        ([0, 1, 1], 2, r"labels: got shape \(3,\), expected shape \(4\)"),
    ],
)
def test_class_moments_refuse_labels(labels, number_of_classes, message):
    with pytest.raises(ValueError, match=message) as error:
        datasets.class_moments(np.eye(4), np.array(labels), number_of_classes)
    one_line(error)


def test_class_moments_refuse_nan_and_nothing():
    with pytest.raises(ValueError, match="tokens: got 4 NaN"):
        datasets.class_moments(np.full((2, 2), np.nan), np.array([0, 1]), 2)
    with pytest.raises(ValueError, match=r"no tokens of classes \[0, 1\]"):
        datasets.class_moments(np.zeros((0, 2)), np.zeros(0, int), 2)


def test_importing_the_module_imports_no_scikit_learn():
    code = "import sys, diversity_jax.datasets; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
