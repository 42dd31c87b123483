"""Commands for a user's own data, one module or package each: it has `main(words) -> int`.

`python -m diversity_jax` lists them from this folder, with the first line of each docstring.
"""
