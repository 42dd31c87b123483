"""Vectors of texts: what is shipped, what is kept on disk, and damage to either."""

import ast

import numpy as np
import pytest

from diversity_jax import embeddings, encoder, results
from diversity_jax.datasets import DatasetMissing
from tests.library import fake_minilm

MIX = ("fortunes:people", "fortunes:science")


@pytest.fixture
def weights(tmp_path, monkeypatch):
    monkeypatch.setenv("DIVERSITY_JAX_RESULTS", str(tmp_path / "results"))
    return fake_minilm.install(tmp_path / "weights", monkeypatch)


@pytest.fixture
def run(weights, tmp_path):
    """`embedded` on two forged sources of quotations and a forged model."""
    folder = tmp_path / "fortunes"
    folder.mkdir()
    for name, word in (("people", "person"), ("science", "dog")):
        quotations = [f"{word} {'a happy ' * number}{word}" for number in range(6)]
        (folder / name).write_text("".join(f"{text}\n%\n" for text in quotations))

    def call(per_domain=5, name=MIX, **settings):
        folders = {"fortunes": folder}
        settings = {"folders": folders, "weights": weights, **settings}
        return embeddings.embedded(name, per_domain=per_domain, **settings)

    return call


def kept(tmp_path):
    return sorted((tmp_path / "results" / "embeddings").glob("*"))


# what is shipped


def test_the_shipped_encoder_output_has_the_similarities_of_the_model_card():
    card = embeddings.model_card()
    assert card.texts == embeddings.MODEL_CARD
    similarities = card.sentences[1:] @ card.sentences[0]
    np.testing.assert_allclose(similarities, [0.6946, 0.9429, 0.2569], rtol=0, atol=1e-3)


def test_the_subset_is_small_balanced_and_free():
    subset = embeddings.embedded_subset()
    number = len(subset.texts)
    assert number + len(embeddings.MODEL_CARD) <= 256 and len(set(subset.texts)) == number
    assert subset.domain_names == ("code", "animal", "plant", "food", "body")
    assert np.bincount(subset.domains).tolist() == [50] * 5
    assert set(subset.classes.tolist()) == set(range(len(subset.class_names)))
    for domain, own in zip(subset.domains, subset.classes):
        assert subset.class_names[own].startswith(f"{subset.domain_names[domain]}: ")
    for text in subset.texts[:50]:
        assert len(ast.parse(text).body) == 1
    # Quotations of mixed origin must not be passed on.
    assert "fortunes" not in subset.licence
    notice = embeddings.notice()
    for words in (
        "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2",
        "Python Software Foundation;\nAll Rights Reserved",
        "WordNet 3.0 Copyright 2006 by Princeton University.  All rights reserved.",
        'THIS SOFTWARE AND DATABASE IS PROVIDED "AS IS"',
    ):
        assert words in notice


def test_more_texts_are_balanced_and_none_of_the_subset():
    more, subset = embeddings.embedded_more(), embeddings.embedded_subset()
    assert more.domain_names == (*subset.domain_names, "time")
    assert np.bincount(more.domains).tolist() == [200] * 6
    assert len({*more.texts, *subset.texts}) == 1200 + len(subset.texts)
    assert "fortunes" not in more.licence


@pytest.mark.parametrize("shipped", [embeddings.embedded_subset, embeddings.embedded_more])
def test_the_vectors_of_shipped_texts_belong_to_them(shipped):
    subset = shipped()
    number = len(subset.texts)
    for vectors in (subset.words, subset.sentences):
        assert vectors.shape == (number, 384) and vectors.dtype == np.float32
        assert np.isfinite(vectors).all() and len(np.unique(vectors, axis=0)) == number
        # The nearest other text is mostly of the same domain, and by chance in one of five.
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        nearest = np.argmax(unit @ unit.T - 2 * np.eye(number), axis=1)
        assert np.mean(subset.domains[nearest] == subset.domains) > 0.6
    lengths = np.linalg.norm(subset.sentences, axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=0, atol=1e-6)
    # Two kinds of vector: means of words share a large offset, sentences do not.
    offsets = []
    for vectors in (subset.words, subset.sentences):
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        offsets.append(np.linalg.norm(unit.mean(axis=0)))
    assert offsets[0] > 1.3 * offsets[1]


def test_the_subset_can_be_made_anew(weights, tmp_path, monkeypatch):
    monkeypatch.setattr(embeddings, "SUBSET_MIX", MIX)
    monkeypatch.setattr(embeddings, "SUBSET_SIZE", 2)
    monkeypatch.setattr(embeddings, "MORE_SOURCES", MIX)
    monkeypatch.setattr(embeddings, "MORE_SIZE", 1)
    for name in ("people", "science"):
        quotations = "".join(f"a {word} of {name}\n%\n" for word in ("dog", "person", "day"))
        (tmp_path / name).write_text(quotations)
    monkeypatch.setattr(embeddings.minilm, "HEADS", fake_minilm.HEADS)
    embeddings.write_subset(tmp_path, folders={"fortunes": tmp_path}, weights=weights)
    made = {}
    for file, number in ((embeddings.SUBSET, 4), (embeddings.MORE, 2), (embeddings.CARD, 4)):
        made[file] = embeddings.unpack((tmp_path / file).read_bytes(), file, "")
        assert made[file].sentences.shape == (number, fake_minilm.FEATURES)
        assert made[file].words.shape == (number, fake_minilm.FEATURES)
    assert not set(made[embeddings.SUBSET].texts) & set(made[embeddings.MORE].texts)
    assert made[embeddings.MORE].domains.tolist() == [0, 1]


# what is kept


def test_vectors_are_computed_once(run, tmp_path, monkeypatch):
    first = run()
    assert first.sentences.shape == (10, fake_minilm.FEATURES)
    assert first.domain_names == ("people", "science") and len(kept(tmp_path)) == 1
    direct = encoder.embed(
        embeddings.minilm.load(folder=tmp_path / "weights"),
        embeddings.minilm.tokenise(first.texts, folder=tmp_path / "weights"),
    )
    assert np.array_equal(first.sentences, direct.sentences)
    assert np.array_equal(first.words, direct.words)
    # Neither the encoder nor its files are needed again.
    monkeypatch.setattr(encoder, "embed", None)
    second = run(weights=tmp_path / "nowhere")
    assert np.array_equal(first.sentences, second.sentences)
    assert np.array_equal(first.words, second.words)
    assert second.texts == first.texts and np.array_equal(first.classes, second.classes)


@pytest.mark.parametrize(
    "change", [{"per_domain": 4}, {"truncation": 8}, {"name": MIX[::-1]}, {"name": MIX[:1]}]
)
def test_other_texts_and_settings_have_files_of_their_own(run, tmp_path, change):
    run()
    with pytest.raises(DatasetMissing):
        run(**change, weights=tmp_path / "nowhere")
    run(**change)
    assert len(kept(tmp_path)) == 2


def test_other_weights_have_a_file_of_their_own(run, tmp_path, monkeypatch):
    run()
    other = dict.fromkeys(embeddings.minilm.CHECKSUMS, "0" * 64)
    monkeypatch.setattr(embeddings.minilm, "CHECKSUMS", other)
    with pytest.raises(ValueError, match="got sha256"):
        run()


def test_nothing_is_written_for_bad_input(run, tmp_path):
    for bad in ({"per_domain": 7}, {"truncation": 300}, {"weights": tmp_path}):
        with pytest.raises((ValueError, DatasetMissing)) as error:
            run(**bad)
        assert "\n" not in str(error.value)
    assert not kept(tmp_path)


def test_no_damage_goes_unseen(run, tmp_path):
    whole = run()
    (path,) = kept(tmp_path)
    content = path.read_bytes()
    places = np.linspace(0, len(content) - 1, 150).astype(int)
    refused = 0
    for place in places:
        spoiled = bytearray(content)
        spoiled[place] ^= 255
        path.write_bytes(spoiled)
        try:
            read = run()
        except results.ResultCorrupt as error:
            assert str(path) in str(error) and "\n" not in str(error)
            refused += 1
            continue
        # Some bytes of a zip file say nothing, such as the date.
        assert np.array_equal(read.sentences, whole.sentences)
        assert np.array_equal(read.words, whole.words)
    assert refused > 100
    for short in (content[:-1], content[: len(content) // 2], b"", b"text"):
        path.write_bytes(short)
        with pytest.raises(results.ResultCorrupt, match="delete"):
            run()


def test_the_file_of_other_texts_is_refused(run, tmp_path):
    run()
    (first,) = kept(tmp_path)
    run(per_domain=3)
    (second,) = set(kept(tmp_path)) - {first}
    first.write_bytes(second.read_bytes())
    with pytest.raises(results.ResultCorrupt):
        run()
