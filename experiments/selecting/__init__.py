"""Rules of selection on embeddings of one's own, under the names that they had first.

They are in the library now: `diversity_jax.selection.tables.compare` in memory, for notebooks;
`python -m diversity_jax select` reads files and writes files.
"""

import sys

from diversity_jax.commands import select as command
from diversity_jax.selection import measures, offered, rules, tables
from diversity_jax.selection import pool as problem

__all__ = ["command", "measures", "offered", "problem", "rules", "tables"]

# Both names are one module, also for `import experiments.selecting.tables`.
sys.modules |= {f"{__name__}.{name}": globals()[name] for name in __all__}
