"""A small forgery of all-MiniLM-L6-v2: random weights, a vocabulary of a few words, their files.

Where `safetensors` and `tokenizers` are installed they read the forgery, elsewhere a stand-in of a
few lines does.
"""

import hashlib
import importlib.util
import json
import struct
import sys
import types
import zlib

import numpy as np

from diversity_jax import minilm

FEATURES, HEADS, INNER, WORDS, PLACES = 24, 4, 40, 50, 256
PARTS = ("query", "key", "value")
VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "dog", "person", "happy")


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def random_state(dtype=np.float64, layers=2):
    """Arrays of a small BERT under their published names, none of them trivial."""
    random = generator("a small bert")
    shapes = {
        "embeddings.word_embeddings.weight": (WORDS, FEATURES),
        "embeddings.position_embeddings.weight": (PLACES, FEATURES),
        "embeddings.token_type_embeddings.weight": (2, FEATURES),
        "pooler.dense.weight": (FEATURES, FEATURES),
    }
    norms = ["embeddings"]
    for layer in range(layers):
        name = f"encoder.layer.{layer}"
        norms += [f"{name}.attention.output", f"{name}.output"]
        linear = {f"attention.self.{part}": (FEATURES, FEATURES) for part in PARTS}
        linear["attention.output.dense"] = (FEATURES, FEATURES)
        linear["intermediate.dense"] = (INNER, FEATURES)
        linear["output.dense"] = (FEATURES, INNER)
        for part, shape in linear.items():
            shapes[f"{name}.{part}.weight"], shapes[f"{name}.{part}.bias"] = shape, shape[:1]
    for norm in norms:
        shapes[f"{norm}.LayerNorm.weight"] = shapes[f"{norm}.LayerNorm.bias"] = (FEATURES,)
    return {
        name: (random.normal(size=shape) / shape[-1] ** 0.25).astype(dtype)
        for name, shape in shapes.items()
    }


def some_tokens(name, count, longest):
    random = generator(name)
    lengths = random.integers(3, longest + 1, count)
    lengths[0] = longest
    return [random.integers(0, WORDS, length).astype(np.int32) for length in lengths]


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


def stand_ins(monkeypatch):
    """Put stand-ins in place of the packages that read the files, where these are absent."""
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


def install(folder, monkeypatch):
    """Write the forged files into `folder` and have them known for the real ones."""
    stand_ins(monkeypatch)
    contents = {
        minilm.WEIGHTS: safetensors_bytes(random_state(np.float32)),
        minilm.VOCABULARY: tokenizer_text().encode(),
    }
    known = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(minilm, "CHECKSUMS", known)
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder
