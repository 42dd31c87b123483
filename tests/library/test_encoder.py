"""The sentence encoder, with random weights, against a plain numpy BERT on one text at a time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import erf

from diversity_jax import encoder
from tests.library.fake_minilm import (
    FEATURES,
    HEADS,
    PARTS,
    WORDS,
    random_state,
    some_tokens,
)


def plain_bert(state, numbers, heads=HEADS):
    """The last layer of one text in float64 numpy, by the definition, head by head."""
    state = {name: array.astype(np.float64) for name, array in state.items()}

    def linear(x, name):
        return x @ state[f"{name}.weight"].T + state[f"{name}.bias"][None, :]

    def norm(x, name):
        deviation = np.sqrt(x.var(axis=1, keepdims=True) + 1e-12)
        x = (x - x.mean(axis=1, keepdims=True)) / deviation
        scale, offset = state[f"{name}.LayerNorm.weight"], state[f"{name}.LayerNorm.bias"]
        return x * scale[None, :] + offset[None, :]

    x = state["embeddings.word_embeddings.weight"][numbers]
    x = x + state["embeddings.position_embeddings.weight"][: len(numbers)]
    x = norm(x + state["embeddings.token_type_embeddings.weight"][:1], "embeddings")
    size = FEATURES // heads
    for layer in range(sum(name.endswith("self.query.bias") for name in state)):
        name = f"encoder.layer.{layer}"
        query, key, value = (linear(x, f"{name}.attention.self.{part}") for part in PARTS)
        heard = np.empty_like(x)
        for head in range(heads):
            mine = slice(head * size, (head + 1) * size)
            weights = np.exp(query[:, mine] @ key[:, mine].T / np.sqrt(size))
            weights /= weights.sum(axis=1, keepdims=True)
            heard[:, mine] = weights @ value[:, mine]
        x = norm(x + linear(heard, f"{name}.attention.output.dense"), f"{name}.attention.output")
        hidden = linear(x, f"{name}.intermediate.dense")
        hidden = hidden * 0.5 * (1 + erf(hidden / np.sqrt(2)))
        x = norm(x + linear(hidden, f"{name}.output.dense"), f"{name}.output")
    return x


# the forward pass


@pytest.mark.parametrize("dtype, error", [(np.float64, 1e-11), (np.float32, 1e-4)])
def test_vectors_are_those_of_a_plain_bert_on_each_text_alone(dtype, error):
    # Rounding: some 200 operations in a row, a condition of order 10 in each normalisation.
    state = random_state(dtype)
    tokens = some_tokens("texts of unlike length", 60, 64)
    vectors = encoder.embed(encoder.from_state(state, heads=HEADS), tokens)
    assert vectors.sentences.dtype == vectors.words.dtype == dtype
    for numbers, sentence, words in zip(tokens, vectors.sentences, vectors.words):
        mean = plain_bert(state, numbers).mean(axis=0)
        np.testing.assert_allclose(sentence, mean / np.linalg.norm(mean), rtol=0, atol=error)
        inner = state["embeddings.word_embeddings.weight"][numbers[1:-1]].astype(np.float64)
        np.testing.assert_allclose(words, inner.mean(axis=0), rtol=0, atol=error)


def test_every_layer_and_head_counts():
    tokens = some_tokens("three texts", 3, 12)
    values = [
        encoder.embed(encoder.from_state(random_state(layers=layers), heads=heads), tokens)
        for layers, heads in ((2, HEADS), (1, HEADS), (2, 2))
    ]
    for other in values[1:]:
        assert np.abs(values[0].sentences - other.sentences).max() > 0.01


@pytest.mark.parametrize("longest", [65, 256])
def test_long_texts_have_wider_rows_and_the_same_vectors(longest):
    state = random_state()
    tokens = some_tokens(f"texts of up to {longest}", 6, longest)
    vectors = encoder.embed(encoder.from_state(state, heads=HEADS), tokens)
    for numbers, sentence in zip(tokens, vectors.sentences):
        mean = plain_bert(state, numbers).mean(axis=0)
        np.testing.assert_allclose(sentence, mean / np.linalg.norm(mean), rtol=0, atol=1e-11)


def test_one_program_serves_every_batch():
    model = encoder.from_state(random_state(), heads=HEADS)
    encoder._sentences.clear_cache()
    for count in (1, 40, 700):
        assert len(encoder.embed(model, some_tokens(f"{count}", count, 64)).words) == count
    assert encoder._sentences._cache_size() == 1


def test_gradients_reach_every_layer():
    model = encoder.from_state(random_state(), heads=HEADS)
    packed = encoder.pack(some_tokens("for gradients", 4, 10))

    def loss(layers):
        changed = encoder.Encoder(model.words, model.places, model.norm, layers, HEADS)
        last = encoder.forward(changed, packed.tokens, packed.places, packed.owners)
        return jnp.sum(last[..., 0] ** 2)

    for leaf in jax.tree.leaves(jax.grad(loss)(model.layers)):
        assert jnp.isfinite(leaf).all() and (jnp.abs(leaf).max(axis=-1) > 0).all()


# packing


@pytest.mark.parametrize("longest", [5, 20, 64, 200])
def test_packed_texts_are_whole_and_apart(longest):
    tokens = some_tokens(f"packed up to {longest}", 300, longest)
    packed = encoder.pack(tokens)
    assert packed.tokens.shape[1] == (64 if longest <= 64 else 256)
    for text, numbers in enumerate(tokens):
        row = packed.rows[text]
        mine = packed.owners[row] == packed.slots[text]
        assert np.array_equal(packed.tokens[row][mine], numbers)
        assert np.array_equal(packed.places[row][mine], np.arange(len(numbers)))
    assert (packed.owners >= 0).sum() == sum(map(len, tokens))
    assert packed.owners.max() < encoder.SLOTS
    assert len(set(zip(packed.rows.tolist(), packed.slots.tolist()))) == len(tokens)


def test_little_of_a_row_is_padding():
    tokens = some_tokens("as long as glosses", 1000, 64)
    rows, width = encoder.pack(tokens).tokens.shape
    assert sum(map(len, tokens)) > 0.95 * rows * width


# bad input


@pytest.mark.parametrize(
    "tokens, message",
    [
        ([], "got 0 texts"),
        ([np.array([1, 2])], "3 to 256 numbers a text"),
        ([np.ones(257, int)], "3 to 256 numbers a text"),
        ([np.ones((2, 3), int)], "3 to 256 numbers a text"),
        ([np.array([1, 2, WORDS])], f"numbers from 1 to {WORDS}, expected 0 to {WORDS - 1}"),
        ([np.array([1, -1, 2])], "numbers from -1"),
    ],
)
def test_tokens_that_no_text_has_are_refused(tokens, message):
    model = encoder.from_state(random_state(), heads=HEADS)
    with pytest.raises(ValueError, match=message) as error:
        encoder.embed(model, tokens)
    assert "\n" not in str(error.value)


def test_states_that_are_no_bert_are_refused():
    state = random_state()
    with pytest.raises(ValueError, match="heads: got 5, expected a positive divisor of the 24"):
        encoder.from_state(state, heads=5)
    less = {
        name: array for name, array in state.items() if not name.endswith("1.output.dense.bias")
    }
    with pytest.raises(ValueError, match=r"no array 'encoder.layer.1.output.dense.bias'"):
        encoder.from_state(less, heads=HEADS)
    flat = {name: array for name, array in state.items() if "layer" not in name}
    with pytest.raises(ValueError, match="no layer"):
        encoder.from_state(flat, heads=HEADS)
