"""Sentence encoders: the forward pass of a BERT, on texts packed into rows of one width.

Token, position and type embeddings, then in each layer ``x = norm(x + attention(x))`` and
``x = norm(x + down(gelu(up(x))))`` with the exact (erf) gelu and normalisation over the features
(1e-12 added to the variance). `minilm` has the weights of all-MiniLM-L6-v2: 6 layers, 12 heads,
384 features. A text gets two vectors:

- its *sentence* vector, the mean of the last layer over its tokens, scaled to length one, as that
  model was trained (the marks that open and close a text count as tokens);
- its *words* vector, the mean of the input embeddings of its tokens without those marks, not
  scaled: what arXiv 2502.04380, appendix B.2, takes from the input layer of a language model.

Texts of unlike length are packed end to end, and tokens attend within their own text only. So
there is next to no padding and one compiled program, where padding each text to the longest of
its batch costs either padding or a program per length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from diversity_jax import validate
from diversity_jax.records import Record

BATCH = 1024  # tokens in a batch: its widest array, 1536 numbers a token, takes 6 MB
WIDTHS = (64, 128, 256)  # of the rows into which texts are packed, in tokens
LONGEST = max(WIDTHS)
SLOTS = 16  # most texts in a row


class Norm(Record):
    """Normalisation over the features: ``scale * (x - mean) / deviation + offset``."""

    scale: Float[Array, "... d"]
    offset: Float[Array, "... d"]


class Linear(Record):
    """The map ``x @ weight + offset``."""

    weight: Float[Array, "... d e"]
    offset: Float[Array, "... e"]


class Layer(Record):
    """The weights of a layer; those of all layers are stacked along a leading axis."""

    queries_keys_values: Linear
    attended: Linear
    attended_norm: Norm
    up: Linear
    down: Linear
    down_norm: Norm


class Encoder(Record):
    """A BERT encoder: `v` words, `p` places, `d` features.

    `places` has the embedding of the first token type added, the only type of a single text.
    """

    words: Float[Array, "v d"]
    places: Float[Array, "p d"]
    norm: Norm
    layers: Layer
    heads: int = eqx.field(static=True)


class Vectors(Record):
    """The two vectors of each text (module docstring); float32 from the real weights."""

    words: Float[np.ndarray, "n d"]
    sentences: Float[np.ndarray, "n d"]


class Packed(Record):
    """Texts end to end in `r` rows of `t` tokens; text `i` is at ``(rows[i], slots[i])``.

    `places` counts the tokens of each text from 0, `owners` has the slot of the text that each
    token belongs to, and -1 where a row is not full.
    """

    tokens: Int[np.ndarray, "r t"]
    places: Int[np.ndarray, "r t"]
    owners: Int[np.ndarray, "r t"]
    rows: Int[np.ndarray, " n"]
    slots: Int[np.ndarray, " n"]


def from_state(state: Mapping[str, np.ndarray], *, heads: int) -> Encoder:
    """An encoder from the arrays of a BERT, by the names under which BERTs are published.

    Errors: ValueError when one is absent or `heads` does not divide the features.
    """
    words = _array(state, "embeddings.word_embeddings.weight")
    if not validate.whole(heads) or heads < 1 or words.shape[1] % heads:
        expected = f"a positive divisor of the {words.shape[1]} features"
        raise validate.fail("heads", repr(heads), expected, "pass the model's own number")
    places = _array(state, "embeddings.position_embeddings.weight")
    places = places + _array(state, "embeddings.token_type_embeddings.weight")[:1]
    number = len({name.split(".")[2] for name in state if name.startswith("encoder.layer.")})
    if not number:
        raise validate.fail("state", "no layer", "encoder.layer.0 and on", "check the file")
    layers = [_layer_from(state, f"encoder.layer.{layer}") for layer in range(number)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *layers)
    return Encoder(words, places, _norm_from(state, "embeddings"), stacked, heads)


def embed(encoder: Encoder, tokens: Sequence[np.ndarray]) -> Vectors:
    """Both vectors of each text, given its token numbers with opening and closing mark.

    In the precision of the encoder. About 21 million floating-point operations a token.
    """
    known, longest = encoder.words.shape[0], encoder.places.shape[0]
    for numbers in tokens:
        if np.ndim(numbers) != 1 or not 3 <= len(numbers) <= min(longest, max(WIDTHS)):
            expected = f"3 to {min(longest, max(WIDTHS))} numbers a text"
            raise validate.fail("tokens", f"shape {np.shape(numbers)}", expected, "use tokenise")
        if np.min(numbers) < 0 or np.max(numbers) >= known:
            got = f"numbers from {np.min(numbers)} to {np.max(numbers)}"
            raise validate.fail("tokens", got, f"0 to {known - 1}", "use this model's vocabulary")
    packed = pack(tokens)
    width = packed.tokens.shape[1]
    number = max(1, BATCH // width)
    vectors = []
    for start in range(0, len(packed.tokens), number):
        # The last batch is filled up, so that there is one program for all.
        rows = np.arange(start, start + number) % len(packed.tokens)
        parts = packed.tokens[rows], packed.places[rows], packed.owners[rows]
        vectors.append(np.asarray(_sentences(encoder, *parts)))
    sentences = np.concatenate(vectors)[packed.rows, packed.slots]
    table = np.asarray(encoder.words)
    words = np.stack([table[numbers[1:-1]].mean(axis=0) for numbers in tokens])
    return Vectors(words, sentences)


def pack(tokens: Sequence[np.ndarray]) -> Packed:
    """Put texts end to end into rows as wide as the longest asks, longest first, best fit."""
    lengths = np.array([len(numbers) for numbers in tokens])
    validate.shape("tokens", lengths, (None,), "pass one array of numbers a text")
    if not len(lengths) or lengths.max() > max(WIDTHS):
        got = f"{len(lengths)} texts of up to {max(lengths, default=0)} tokens"
        raise validate.fail("tokens", got, f"one or more, up to {max(WIDTHS)}", "truncate them")
    width = next(width for width in WIDTHS if width >= lengths.max())
    rows, slots, starts = np.zeros((3, len(lengths)), np.int64)
    taken: list[int] = []  # texts in each row
    free: list[list[int]] = [[] for _ in range(width + 1)]  # rows by their free places
    for text in np.argsort(-lengths, kind="stable"):
        length = lengths[text]
        space = next((space for space in range(length, width + 1) if free[space]), width)
        if not free[space]:
            free[space].append(len(taken))
            taken.append(0)
        row = free[space].pop()
        rows[text], slots[text], starts[text] = row, taken[row], width - space
        taken[row] += 1
        if taken[row] < SLOTS:
            free[space - length].append(row)
    shape = (len(taken), width)
    packed, places, owners = (
        np.zeros(shape, np.int32),
        np.zeros(shape, np.int32),
        np.full(shape, -1),
    )
    for text, numbers in enumerate(tokens):
        here = rows[text], slice(starts[text], starts[text] + len(numbers))
        packed[here], places[here], owners[here] = numbers, np.arange(len(numbers)), slots[text]
    return Packed(packed, places, owners.astype(np.int32), rows, slots)


def forward(
    encoder: Encoder,
    tokens: Int[ArrayLike, "r t"],
    places: Int[ArrayLike, "r t"],
    owners: Int[ArrayLike, "r t"],
) -> Float[Array, "r t d"]:
    """The last layer at each token; tokens attend to those of the same owner in their row."""
    tokens, places, owners = (jnp.asarray(part) for part in (tokens, places, owners))
    together = (owners[:, None, :, None] == owners[:, None, None, :]).astype(encoder.words.dtype)
    # A large finite penalty: two tokens that do not see each other get a weight of exactly zero.
    penalty = (1 - together) * jnp.finfo(encoder.words.dtype).min

    def advance(x, layer):
        attention = _attention(_linear(x, layer.queries_keys_values), penalty, encoder.heads)
        x = _norm(x + _linear(attention, layer.attended), layer.attended_norm)
        hidden = jax.nn.gelu(_linear(x, layer.up), approximate=False)
        return _norm(x + _linear(hidden, layer.down), layer.down_norm), None

    start = _norm(encoder.words[tokens] + encoder.places[places], encoder.norm)
    return jax.lax.scan(advance, start, encoder.layers)[0]


@jax.jit
def _sentences(encoder, tokens, places, owners):
    """Means of the last layer over each text, of length one; zero in slots without a text."""
    with jax.default_matmul_precision("float32"):
        last = forward(encoder, tokens, places, owners)
        owned = owners[:, None, :] == jnp.arange(SLOTS)[None, :, None]
        sums = owned.astype(last.dtype) @ last
        return sums / jnp.maximum(jnp.linalg.norm(sums, axis=-1, keepdims=True), 1e-12)


def _attention(joined, penalty, heads):
    # Transposed before the products, which is faster than products over inner axes.
    rows, width, features = joined.shape
    split = joined.reshape(rows, width, 3, heads, features // (3 * heads))
    queries, keys, values = split.transpose(2, 0, 3, 1, 4)
    scores = queries @ keys.mT / np.sqrt(queries.shape[-1]).astype(joined.dtype) + penalty
    attended = jax.nn.softmax(scores, axis=-1) @ values
    return attended.transpose(0, 2, 1, 3).reshape(rows, width, features // 3)


def _linear(x, linear):
    return x @ linear.weight + linear.offset[None, None, :]


def _norm(x, norm):
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = jnp.square(centred).mean(axis=-1, keepdims=True)
    scaled = centred * jax.lax.rsqrt(variance + 1e-12)
    return scaled * norm.scale[None, None, :] + norm.offset[None, None, :]


def _array(state, name):
    if name not in state:
        raise validate.fail("state", f"no array {name!r}", "all arrays of a BERT", "check the file")
    return jnp.asarray(state[name])


def _linear_from(state, name):
    return Linear(_array(state, f"{name}.weight").T, _array(state, f"{name}.bias"))


def _norm_from(state, name):
    name = f"{name}.LayerNorm"
    return Norm(_array(state, f"{name}.weight"), _array(state, f"{name}.bias"))


def _layer_from(state, name):
    inner = f"{name}.attention.self"
    parts = [_linear_from(state, f"{inner}.{part}") for part in ("query", "key", "value")]
    joined = Linear(
        jnp.concatenate([part.weight for part in parts], axis=1),
        jnp.concatenate([part.offset for part in parts]),
    )
    return Layer(
        joined,
        _linear_from(state, f"{name}.attention.output.dense"),
        _norm_from(state, f"{name}.attention.output"),
        _linear_from(state, f"{name}.intermediate.dense"),
        _linear_from(state, f"{name}.output.dense"),
        _norm_from(state, f"{name}.output"),
    )
