"""Progress over chunks of seeds on the host: that of the library's commands."""

from diversity_jax.commands.progress import bar

__all__ = ["bar"]
