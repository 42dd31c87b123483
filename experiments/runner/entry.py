"""What every command line sets before numpy and jax are imported: that of the library."""

from diversity_jax.commands.entry import THREADS_PER_DEVICE, answered, compile_for, cores, prepare

__all__ = ["THREADS_PER_DEVICE", "answered", "compile_for", "cores", "prepare"]
