"""The sentence encoder against sentence-transformers on torch: texts a second, from text to vector.

Both run in one process, in alternation, on the same texts, weights and truncation, each with its
default number of threads; the peer sorts by length and pads each batch to its longest text. The
ratios are taken pair by pair. A product of two matrices of the encoder's widest shape, in the same
alternation, says what share of the machine's speed is reached. Without the peer (extra `bench`)
only that is said.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from diversity_jax import encoder, minilm, texts


def seconds(call: Callable[[], Any]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def spread(ratios: np.ndarray) -> str:
    """Median with smallest and largest."""
    return f"{np.median(ratios):.2f} ({ratios.min():.2f}..{ratios.max():.2f})"


def operations(model: encoder.Encoder, tokens: list[np.ndarray]) -> float:
    """Floating-point operations that the texts themselves need, padding apart."""
    features, layers = model.words.shape[1], model.layers.up.weight.shape[0]
    inner = model.layers.up.weight.shape[2]
    lengths = np.array([len(numbers) for numbers in tokens], float)
    a_token = 2 * features * (4 * features + 2 * inner)
    return layers * (a_token * lengths.sum() + 4 * features * np.square(lengths).sum())


def peer(truncation: int, batch: int) -> Callable[[tuple[str, ...]], np.ndarray] | None:
    """The peer's encoder, or None where it is not installed."""
    if not importlib.util.find_spec("sentence_transformers"):
        return None
    from sentence_transformers import (  # pyright: ignore[reportMissingImports]
        SentenceTransformer,
    )

    found = importlib.util.find_spec(minilm.PACKAGE)
    assert found and found.origin
    model = SentenceTransformer(str(Path(found.origin).parent / "model"), device="cpu")
    model.max_seq_length = truncation
    return lambda rows: model.encode(list(rows), batch_size=batch, show_progress_bar=False)


def compare(name: str, per_domain: int, truncation: int, batch: int, repetitions: int) -> None:
    """Measure one mix and print its lines."""
    rows = texts.mix(name, per_domain=per_domain).texts
    model = minilm.load()
    tokens = minilm.tokenise(rows, truncation=truncation)
    widest = model.layers.up.weight[0]
    left = jnp.ones((encoder.BATCH, widest.shape[0]), widest.dtype)
    product = jax.jit(lambda a, b: a @ b)
    calls = {
        "ours": lambda: encoder.embed(model, minilm.tokenise(rows, truncation=truncation)),
        "product": lambda: [product(left, widest).block_until_ready() for _ in range(100)],
    }
    other = peer(truncation, batch)
    if other:
        calls["sentence-transformers"] = lambda: other(rows)
    first = {name: seconds(call) for name, call in calls.items()}
    times = np.array([[seconds(call) for call in calls.values()] for _ in range(repetitions)]).T
    packed = encoder.pack(tokens)
    print(
        f"{name}: {len(rows)} texts of {np.mean([len(numbers) for numbers in tokens]):.1f} tokens, "
        f"{np.mean(packed.owners >= 0):.1%} of the packed rows filled"
    )
    for call, taken in zip(calls, times):
        if call != "product":
            speed = f"{len(rows) / np.median(taken):.0f} texts/s"
            print(f"  {call}: {np.median(taken):.2f} s, {speed}, first call {first[call]:.2f} s")
    reached = operations(model, tokens) / times[0]
    possible = 100 * 2 * encoder.BATCH * widest.size / times[1]
    print(f"  ours / product, in operations a second  {spread(reached / possible)}")
    if other:
        gap = np.abs(calls["ours"]().sentences - other(rows)).max()
        print(f"  sentence-transformers / ours, in time   {spread(times[2] / times[0])}")
        print(f"  largest difference of the vectors {gap:.1e}", flush=True)


def main() -> None:
    """Read the sizes from the command line and compare on one mix."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mix", default="code+wordnet", choices=texts.MIXES)
    parser.add_argument("--per-domain", type=int, default=100)
    parser.add_argument("--truncation", type=int, default=minilm.TRUNCATION)
    parser.add_argument("--batch", type=int, default=32, help="the peer's, its default")
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    if not minilm.available():
        print(f"No weights here, nothing measured; run: {minilm.INSTALL}")
        return
    print(f"{options}, float32, default threads")
    sizes = (options.per_domain, options.truncation, options.batch, options.repetitions)
    compare(options.mix, *sizes)


if __name__ == "__main__":
    main()
