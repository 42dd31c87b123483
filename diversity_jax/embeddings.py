"""Labelled texts with their vectors: computed once, kept on disk, and a small set that is shipped.

`embedded` runs the encoder on a mix of texts, or reads what an earlier run left in the folder
`embeddings` beside the results. A file there is named by a digest of the texts, the weights and
the settings, so nothing stale is ever read; it is written in one step and carries a checksum.

`embedded_subset` needs neither weights nor Debian's packages: 50 texts of each domain of
"code+wordnet" and their vectors come with this package (`data/`, with the licences in
`data/NOTICE`), stored in half precision; `embedded_more` has the 200 that follow in each of these
domains and in one more. `write_subset` makes those files anew.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from diversity_jax import encoder, minilm, results, texts, validate

# The sentences of the model's own page on the web, and the similarities to the first that it shows.
MODEL_CARD = (
    "That is a happy person",
    "That is a happy dog",
    "That is a very happy person",
    "Today is a sunny day",
)
SUBSET = "subset.npz"
CARD = "model_card.npz"
SUBSET_MIX, SUBSET_SIZE = "code+wordnet", 50
MORE = "more.npz"
MORE_SOURCES, MORE_SIZE = (*texts.MIXES[SUBSET_MIX], "wordnet:time"), 200
_FORMAT = 1
_REINSTALL = "reinstall diversity_jax"


class EmbeddedTexts(texts.LabelledTexts):
    """Labelled texts with both their vectors (`encoder`): `words` and `sentences`, `[n, d]`.

    The sentence vectors have length one; the words vectors are as they come.
    """

    words: Float[np.ndarray, "n d"]
    sentences: Float[np.ndarray, "n d"]


def embedded(
    name: str | tuple[str, ...],
    *,
    per_domain: int,
    truncation: int = minilm.TRUNCATION,
    folders: Mapping[str, str | Path] | None = None,
    weights: str | Path | None = None,
) -> EmbeddedTexts:
    """A mix of texts (`texts.mix`) with both vectors of each, from disk if they are there.

    Else they are computed, some 100 to 200 texts a second on a laptop, and put there. `weights` is
    a folder with the model's files in place of the installed package.

    Errors: as `texts.mix`; DatasetMissing with the install line when there are no weights either;
    `ResultCorrupt` for a file of vectors that is damaged, with its name.
    """
    labelled = texts.mix(name, per_domain=per_domain, folders=folders)
    key = results.digest([_FORMAT, labelled.texts, minilm.CHECKSUMS, truncation])
    slug = "".join(letter if letter.isalnum() else "-" for letter in labelled.name)[:40]
    path = results.root() / "embeddings" / f"{slug}-{key[:16]}.npz"
    if path.exists():
        kept = unpack(path.read_bytes(), str(path), f"delete {path} and run again", key=key)
        # The labels are of this run: a source may have renamed a class.
        return EmbeddedTexts(**vars(labelled), words=kept.words, sentences=kept.sentences)
    tokens = minilm.tokenise(labelled.texts, truncation=truncation, folder=weights)
    vectors = encoder.embed(minilm.load(folder=weights), tokens)
    fresh = EmbeddedTexts(**vars(labelled), **vars(vectors))
    results.write_atomically(path, pack(fresh, key=key))
    return fresh


def embedded_subset() -> EmbeddedTexts:
    """The 250 texts that are shipped, with float32 vectors: "code+wordnet", 50 of each domain."""
    return _shipped(SUBSET)


def embedded_more() -> EmbeddedTexts:
    """1200 more texts that are shipped, none of them in `embedded_subset`, 200 of each domain.

    The domains are those of "code+wordnet", and the glosses of time.
    """
    return _shipped(MORE)


def model_card() -> EmbeddedTexts:
    """The four sentences of the model's own page, with the vectors that our encoder gave them."""
    return _shipped(CARD)


def notice() -> str:
    """The licences of the shipped texts, whole; they go with every copy of them."""
    return (resources.files("diversity_jax") / "data" / "NOTICE").read_text()


def write_subset(
    folder: Path,
    *,
    folders: Mapping[str, str | Path] | None = None,
    weights: str | Path | None = None,
) -> None:
    """Make the shipped files anew in `folder`, from the installed sources and weights."""
    card = texts.LabelledTexts(
        np.zeros(len(MODEL_CARD), np.int32),
        np.zeros(len(MODEL_CARD), np.int32),
        MODEL_CARD,
        "model card",
        ("sentences",),
        ("sentences: all",),
        "all-MiniLM-L6-v2's model card, Apache-2.0",
    )
    subset = texts.mix(SUBSET_MIX, per_domain=SUBSET_SIZE, folders=folders)
    whole = texts.mix(MORE_SOURCES, per_domain=SUBSET_SIZE + MORE_SIZE, folders=folders)
    more = _after(whole, SUBSET_SIZE)
    model = minilm.load(folder=weights)
    for file, labelled in ((SUBSET, subset), (MORE, more), (CARD, card)):
        vectors = encoder.embed(model, minilm.tokenise(labelled.texts, folder=weights))
        shipped = EmbeddedTexts(**vars(labelled), **vars(vectors))
        results.write_atomically(folder / file, pack(shipped, dtype=np.float16))


def _after(whole: texts.LabelledTexts, skipped: int) -> texts.LabelledTexts:
    """All but the first `skipped` texts of each domain."""
    ranks = np.concatenate([np.arange(size) for size in np.bincount(whole.domains)])
    places = np.flatnonzero(ranks >= skipped)
    kept = tuple(whole.texts[place] for place in places)
    parts = {"domains": whole.domains[places], "classes": whole.classes[places], "texts": kept}
    return texts.LabelledTexts(**{**vars(whole), **parts})


def pack(embedded: EmbeddedTexts, *, key: str = "", dtype: npt.DTypeLike = np.float32) -> bytes:
    """Embedded texts as the bytes of one .npz file, with a checksum over all of it."""
    about = {
        "texts": embedded.texts,
        "name": embedded.name,
        "domain_names": embedded.domain_names,
        "class_names": embedded.class_names,
        "licence": embedded.licence,
        "key": key,
    }
    arrays = {
        "about": np.frombuffer(json.dumps(about).encode(), np.uint8),
        "domains": np.asarray(embedded.domains, np.int32),
        "classes": np.asarray(embedded.classes, np.int32),
        "words": np.asarray(embedded.words, dtype),
        "sentences": np.asarray(embedded.sentences, dtype),
    }
    content = io.BytesIO()
    np.savez_compressed(content, **arrays, checksum=_checksum(arrays))
    return content.getvalue()


def unpack(content: bytes, what: str, fix: str, *, key: str = "") -> EmbeddedTexts:
    """What `pack` made, in float32; `ResultCorrupt` with `what` and `fix` for anything else."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        whole = np.array_equal(arrays.pop("checksum"), _checksum(arrays))
        about = json.loads(arrays["about"].tobytes())
        if not whole or about["key"] != key:
            raise ValueError("a checksum or a key of other content")
        words, sentences = (arrays[part].astype(np.float32) for part in ("words", "sentences"))
        if arrays["sentences"].dtype == np.float16:  # which changes lengths in the fourth digit
            sentences /= np.linalg.norm(sentences, axis=1, keepdims=True)
    except Exception as error:  # whatever the damage: the readers raise many kinds
        got = f"damaged content ({type(error).__name__})"
        raise results.ResultCorrupt(
            str(validate.fail(what, got, "a whole file of embedded texts", fix))
        ) from error
    return EmbeddedTexts(
        arrays["domains"],
        arrays["classes"],
        tuple(about["texts"]),
        about["name"],
        tuple(about["domain_names"]),
        tuple(about["class_names"]),
        about["licence"],
        words,
        sentences,
    )


def _shipped(file: str) -> EmbeddedTexts:
    content = (resources.files("diversity_jax") / "data" / file).read_bytes()
    return unpack(content, file, _REINSTALL)


def _checksum(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    total = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        total.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        total.update(np.ascontiguousarray(array).tobytes())
    return np.frombuffer(total.digest(), np.uint8)
