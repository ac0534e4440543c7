"""The code location: definitions, component types, and the pieces that attribute, hold and show runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from platform_defs.components.data_product import DataProduct

__all__ = ["DataProduct"]


def __getattr__(name: str) -> object:
    """`platform_defs.DataProduct`, imported when it is asked for: `adp` starts without Dagster."""
    if name != "DataProduct":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from platform_defs.components.data_product import DataProduct

    return DataProduct


def __dir__() -> list[str]:
    """The names of the module with those that are imported when asked for: `dg` finds component types by it."""
    return sorted({*globals(), *__all__})
