"""Errors of libraries: their words may quote a value of a row, so neither they nor what led to ours are shown.

Dagster stores an error with everything that led to it. What stays is which error it was and where in the code.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from agents.core.errors import PlatformError, StateError

_LIBRARIES = (
    ("pyarrow", "ArrowException"),
    ("duckdb", "Error"),
    ("deltalake.exceptions", "DeltaError"),
    ("sqlite3", "Error"),
    ("polars.exceptions", "PolarsError"),
)
_OURS = Path(__file__).parents[1]


def data_errors() -> tuple[type[BaseException], ...]:
    """What working with rows may raise; of libraries, those that are loaded: others can have raised nothing."""
    found = (getattr(sys.modules.get(module), name, None) for module, name in _LIBRARIES)
    known = (kind for kind in found if isinstance(kind, type) and issubclass(kind, BaseException))
    return (ArithmeticError, LookupError, TypeError, ValueError, RuntimeError, AssertionError, *known)


def alone(error: PlatformError) -> PlatformError:
    """The error without what led to it, named as its field `cause`."""
    first: BaseException = error
    while led := first.__cause__ or (None if first.__suppress_context__ else first.__context__):
        first = led
    if first is not error:
        error.fields.setdefault("cause", _named(first))
    error.__cause__, error.__suppress_context__ = None, True
    return error


def wordless(error: BaseException, where: str) -> StateError:
    """Ours for an error that nobody foresaw: its kind and its place, none of its words."""
    return StateError(
        f"unexpected {_named(error)}",
        where=where,
        fix="its words are left out, since they may quote a row: look at the place in the code, and at the latest rows",
    )


def _named(error: BaseException) -> str:
    """The kind of an error, and the last place in this code base that it came through."""
    kind = f"{type(error).__module__}.{type(error).__name__}".removeprefix("builtins.")
    places = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    ours = [(path, line) for path, line in places if path.is_relative_to(_OURS)] or places
    if not ours:
        return kind
    path, line = ours[-1]
    shown = path.relative_to(_OURS) if path.is_relative_to(_OURS) else Path(path.name)
    return f"{kind} at {shown}:{line}"
