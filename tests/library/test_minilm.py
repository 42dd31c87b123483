"""The files of all-MiniLM-L6-v2, forged small: read as written, or refused in one line.

Where `safetensors` and `tokenizers` are installed they read the forgeries, elsewhere a stand-in of
a few lines does.
"""

import hashlib
import importlib.util
import json
import struct
import sys
import types

import numpy as np
import pytest

from diversity_jax import encoder, minilm
from diversity_jax.datasets import DatasetMissing
from tests.library.test_encoder import HEADS, random_state, some_tokens

VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "dog", "person", "happy")


def safetensors_bytes(state):
    """The format: length of the header, the header as JSON, the arrays one after the other."""
    header, content = {}, b""
    for name, array in state.items():
        ends = [len(content), len(content) + array.nbytes]
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": ends}
        content += array.tobytes()
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content


def parse_safetensors(content):
    size = struct.unpack("<Q", content[:8])[0]
    header, rest = json.loads(content[8 : 8 + size]), content[8 + size :]
    return {
        name: np.frombuffer(rest[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
        for name, entry in header.items()
    }


def tokenizer_text():
    special = {"cls": "[CLS]", "sep": "[SEP]"}
    numbers = {word: number for number, word in enumerate(VOCABULARY)}
    return json.dumps(
        {
            "version": "1.0",
            "truncation": {
                "direction": "Right",
                "max_length": 128,
                "strategy": "LongestFirst",
                "stride": 0,
            },
            "padding": {
                "strategy": {"Fixed": 128},
                "direction": "Right",
                "pad_to_multiple_of": None,
                "pad_id": 0,
                "pad_type_id": 0,
                "pad_token": "[PAD]",
            },
            "added_tokens": [],
            "normalizer": {"type": "Lowercase"},
            "pre_tokenizer": {"type": "WhitespaceSplit"},
            "post_processor": {
                "type": "BertProcessing",
                **{key: [word, numbers[word]] for key, word in special.items()},
            },
            "decoder": None,
            "model": {"type": "WordLevel", "vocab": numbers, "unk_token": "[UNK]"},
        }
    )


class StandIn:
    """As much of a tokeniser as the forged vocabulary needs."""

    def __init__(self, numbers):
        self.numbers, self.most, self.padded = numbers, 128, True

    @classmethod
    def from_str(cls, text):
        return cls(json.loads(text)["model"]["vocab"])

    def no_padding(self):
        self.padded = False

    def enable_truncation(self, max_length):
        self.most = max_length

    def encode_batch(self, texts):
        assert not self.padded
        ids = [[self.numbers.get(word, 1) for word in text.lower().split()] for text in texts]
        return [types.SimpleNamespace(ids=[2, *one[: self.most - 2], 3]) for one in ids]


@pytest.fixture
def readers(monkeypatch):
    """The packages that read the files, or stand-ins."""
    if not importlib.util.find_spec("safetensors"):
        module = types.ModuleType("safetensors")
        module.__spec__ = importlib.util.spec_from_loader("safetensors", None)
        module.numpy = types.ModuleType("safetensors.numpy")
        module.numpy.load = parse_safetensors
        monkeypatch.setitem(sys.modules, "safetensors", module)
        monkeypatch.setitem(sys.modules, "safetensors.numpy", module.numpy)
    if not importlib.util.find_spec("tokenizers"):
        module = types.ModuleType("tokenizers")
        module.__spec__ = importlib.util.spec_from_loader("tokenizers", None)
        module.Tokenizer = StandIn
        monkeypatch.setitem(sys.modules, "tokenizers", module)


@pytest.fixture
def folder(readers, tmp_path, monkeypatch):
    contents = {
        minilm.WEIGHTS: safetensors_bytes(random_state(np.float32)),
        minilm.VOCABULARY: tokenizer_text().encode(),
    }
    known = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(minilm, "CHECKSUMS", known)
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


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
