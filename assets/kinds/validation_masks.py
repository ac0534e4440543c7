"""What is wrong in how an entry says where its rows come from, what its columns hold, and how they are masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.core.catalog import LAYERS
from assets.kinds.documents import Document
from assets.kinds.spec import Column, Mask, Masked, Table
from assets.kinds.validation_entries import At

ORIGINS = ("source", "sql", "masked")
PERIODS = ("year", "quarter", "month", "decade")
_KEYED = ("hash", "tokenise", "format")


def check_origin(document: Document, at: At, table: Table) -> None:
    """Exactly one of source, sql and masked; a masked view and the layer `masked` belong together."""
    given = [name for name in ORIGINS if getattr(table, name) is not None]
    if len(given) != 1:
        have = f"has both {' and '.join(given)}" if given else "has neither source nor sql nor masked"
        raise document.error(f"{table.asset} {have}", at, "give exactly one of source, sql and masked")
    if table.masked is None and table.layer == "masked":
        what = "a table of the layer masked is a masked view: anything else could show what it should hide"
        raise document.error(what, (*at, "layer"), "give it masked: {source: layer/table}, or another layer")
    if table.masked is not None:
        _check_view(document, at, table, table.masked)


def check_columns(document: Document, at: At, columns: Mapping[str, Column]) -> None:
    """The masks of columns fit together in themselves."""
    for name, column in columns.items():
        if column.mask is not None:
            _check_mask(document, (*at, "columns", name, "mask"), column.mask)


def _check_view(document: Document, at: At, table: Table, view: Masked) -> None:
    inside = (*at, "masked")
    if table.layer != "masked":
        fix = "write layer: masked"
        raise document.error(f"a masked view belongs to the layer masked, not {table.layer}", (*at, "layer"), fix)
    layer, _, name = view.source.partition("/")
    if layer not in LAYERS or not name or "/" in name or layer == "quarantine":
        what = f"{view.source!r} is not a table that a masked view can read"
        raise document.error(what, (*inside, "source"), "write layer/table, such as silver/customers")
    for column, mask in view.columns.items():
        _check_mask(document, (*inside, "columns", column), mask)
    _check_names(document, (*inside, "drop"), view.drop, "drop")
    if both := sorted(set(view.drop) & view.columns.keys()):
        raise document.error(f"{both[0]} is masked and dropped", (*inside, "drop"), "keep one of the two")
    if view.k_anonymity is None:
        return
    known = view.k_anonymity.columns
    _check_names(document, (*inside, "k_anonymity"), known, "k_anonymity")
    if gone := sorted(set(view.drop) & set(known)):
        what = f"k_anonymity counts {gone[0]}, which the view drops"
        raise document.error(what, (*inside, "k_anonymity"), "name columns that the view shows")


def _check_names(document: Document, at: At, names: Sequence[str], what: str) -> None:
    if len(set(names)) != len(names):
        raise document.error(f"{what} names a column twice", at)


def _check_mask(document: Document, at: At, mask: Mask) -> None:
    """An option that the method does not read would be a promise nobody keeps."""
    problem = _problem(mask)
    if problem:
        raise document.error(problem[0], at, problem[1])


def _problem(mask: Mask) -> tuple[str, str] | None:
    method = mask.method
    if method == "partial" and not (mask.first or mask.last) and not mask.inside:
        return "partial shows nothing", "give first or last, or use method: redact"
    if method not in ("partial",) and (mask.first or mask.last):
        return f"{method} has no first and last", "use method: partial, or remove them"
    if method not in _KEYED and mask.key:
        return f"{method} has no key", f"keys are for {', '.join(_KEYED)}"
    if method == "generalise" and mask.granularity is None:
        return (
            "generalise needs a granularity",
            f"give {', '.join(PERIODS)}, or a number: leading characters or a width",
        )
    if method != "generalise" and mask.granularity is not None:
        return f"{method} has no granularity", "use method: generalise, or remove it"
    if isinstance(mask.granularity, str) and mask.granularity not in PERIODS:
        return f"{mask.granularity!r} is not a granularity", f"give {', '.join(PERIODS)}, or a number"
    if mask.inside and method in ("keep", "generalise"):
        return f"{method} cannot work inside a text", "use redact, partial, hash, tokenise or format"
    return None
