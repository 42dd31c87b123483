"""The files of all-MiniLM-L6-v2, forged small: read as written, or refused in one line."""

import sys

import numpy as np
import pytest

from diversity_jax import encoder, minilm
from diversity_jax.datasets import DatasetMissing
from tests.library import fake_minilm
from tests.library.fake_minilm import HEADS, random_state, some_tokens


@pytest.fixture
def folder(tmp_path, monkeypatch):
    return fake_minilm.install(tmp_path, monkeypatch)


def test_the_weights_in_the_file_are_those_that_run(folder):
    tokens = some_tokens("from a file", 5, 20)
    read = encoder.embed(minilm.load(folder=folder, heads=HEADS), tokens)
    given = encoder.embed(encoder.from_state(random_state(np.float32), heads=HEADS), tokens)
    assert minilm.available(folder=folder)
    assert np.array_equal(read.sentences, given.sentences)
    assert np.array_equal(read.words, given.words)


def test_texts_become_marked_and_cut_tokens(folder):
    texts = ["a happy dog", "A  strange person\n", "a " * 300]
    tokens = minilm.tokenise(texts, folder=folder)
    assert [numbers.tolist() for numbers in tokens[:2]] == [[2, 4, 7, 5, 3], [2, 4, 1, 6, 3]]
    assert tokens[2].tolist() == [2, *[4] * 62, 3]
    (cut,) = minilm.tokenise(texts[:1], truncation=4, folder=folder)
    assert cut.tolist() == [2, 4, 7, 3]
    (whole,) = minilm.tokenise(texts[2:], truncation=256, folder=folder)
    assert len(whole) == 256


def test_half_a_character_is_named(folder):
    with pytest.raises(ValueError, match=r"^texts: got half a character .* in text 1, expected"):
        minilm.tokenise(["whole", "half \ud83d"], folder=folder)


@pytest.mark.parametrize(
    "texts, message",
    [
        ("a dog", "a list of texts"),
        ([], "a list of texts"),
        (["a", ""], "'' at 1"),
        (["a", " \n\t"], "at 1, expected texts with at least one word"),
        (["a", None], "None at 1"),
        ([3], "3 at 0"),
    ],
)
def test_texts_without_words_are_refused(folder, texts, message):
    with pytest.raises(ValueError, match=message) as error:
        minilm.tokenise(texts, folder=folder)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("truncation", [2, 257, 64.0, True, None])
def test_a_truncation_beyond_the_model_is_refused(folder, truncation):
    with pytest.raises(ValueError, match="truncation: got"):
        minilm.tokenise(["a"], truncation=truncation, folder=folder)


def use(name, folder):
    if name == minilm.WEIGHTS:
        return minilm.load(folder=folder, heads=HEADS)
    return minilm.tokenise(["a dog"], folder=folder)


@pytest.mark.parametrize("name", [minilm.WEIGHTS, minilm.VOCABULARY])
def test_files_that_are_not_the_known_ones_are_refused(folder, name):
    content = (folder / name).read_bytes()
    for spoiled in (content[:-1], content + b"\0", content[:-9] + b"\1" + content[-8:], b""):
        (folder / name).write_bytes(spoiled)
        with pytest.raises(ValueError, match=f"{name}: got sha256.*{minilm.REINSTALL}") as error:
            use(name, folder)
        assert "\n" not in str(error.value)
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(ValueError, match=f"{name}: got unreadable"):
        use(name, folder)
    (folder / name).rmdir()
    assert not minilm.available(folder=folder)
    with pytest.raises(DatasetMissing, match=minilm.INSTALL) as error:
        use(name, folder)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", [minilm.WEIGHTS, minilm.VOCABULARY])
def test_absent_packages_give_the_install_line(folder, monkeypatch, name):
    for module in ("safetensors", "safetensors.numpy", "tokenizers"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DatasetMissing, match=minilm.INSTALL):
        use(name, folder)
    monkeypatch.setattr(minilm, "PACKAGE", "no_package_of_this_name")
    assert not minilm.available()
    with pytest.raises(DatasetMissing, match=minilm.INSTALL):
        use(name, None)
