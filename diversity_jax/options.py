"""Options by name, as scikit-learn's estimators have them, without scikit-learn."""

from __future__ import annotations

import inspect
from typing import Any

from diversity_jax import validate


class Options:
    """What every estimator does with the parameters of its `__init__`, which it keeps by name."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options by name (`deep` is for callers of scikit-learn's kind)."""
        return {name: getattr(self, name) for name in self._options()}

    def set_params(self, **options: Any) -> Any:
        """Change options, and return the estimator.

        Errors: ValueError for a name that is none, with all left as they were.
        """
        for name in options:
            validate.choice("option", name, self._options())
        for name, value in options.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({options})"

    @classmethod
    def _options(cls) -> tuple[str, ...]:
        names = inspect.signature(cls.__init__).parameters
        return tuple(name for name in names if name != "self")
