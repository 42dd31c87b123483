"""What every command line sets before numpy and jax are imported: that of the library."""

from diversity_jax.commands.entry import (
    THREADS_PER_DEVICE,
    Parser,
    alone,
    answered,
    compile_for,
    cores,
    folder,
    named,
    prepare,
)

__all__ = [
    "THREADS_PER_DEVICE", "Parser", "alone", "answered", "compile_for", "cores", "folder", "named",
    "prepare",
]  # fmt: skip
