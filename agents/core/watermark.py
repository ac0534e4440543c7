"""Which column of a source table says when a row last changed, or was made."""

from __future__ import annotations

import re

from agents.core.catalog import SourceTable
from agents.core.words import pieces, root, singular

_MOMENT = re.compile(r"datetime|timestamp|smalldatetime|time with|timestamptz|^time stamp")
_WHOLE = re.compile(r"big ?int|^int|integer|long|numeric|decimal|number")
_TEXT = re.compile(r"char|text|string|clob")
_CHANGED = re.compile(
    r"^(modif|updat|upd$|chang|chg|edit|revis|amend|mtime|lastmod|moddate|lastupd|touched|aktualis|geaendert|modified)"
)
_CREATED = re.compile(
    r"^(creat|insert|entered|added|ctime|record|log|ingest|load|captur|regist|inserted|crt$|erstellt|angelegt|erfasst)"
)
_MADE = re.compile(
    r"^(open|start|event|occur|order|post|plac|submit|book|happen|measur|receiv|sent|arriv|signup|joined|scan|"
    r"transact|txn|trx|admit|admission|observ|sampl|report|rais|request|issued|fired|trigger|visit|call|reading|"
    r"emitted|"
    r"pick|began|begin|checkin|ping|seen|collected|taken|filed|requested|reported|detected|time|timestamp|ts|datetime)"
)
_BUSINESS = re.compile(
    r"^(birth|dob|due|valid|expir|expiry|effective|end|ended|clos|finish|complet|deliver|schedul|plan|expect|deadline|"
    r"cancel|until|next|resolv|deleted|delet|discharg|promis|target|review|hire|hired|term|maturity|paid|estimated|"
    r"eta|"
    r"return|renew|retire|from|to|through|arrival|departure|appointment|contract|warranty|install|manufactur|"
    r"bezahlt|faellig|fällig|gueltig|gültig|geburt|geplant|storniert|geliefert|geschlossen|beendet|naissance|echeance|"
    r"fin$)"
)
_TAILS = frozenset({"history", "hist", "log", "archive", "arch", "data", "table", "tbl", "master", "mstr", "header"})
# Ranks from this one on say when a row was made, those before when it changed.
_MADE_FROM = 3
_AHEAD = frozenset({"schedul", "plan", "expect", "promis"})
_PARTS = frozenset(
    {"date", "dt", "time", "ts", "timestamp", "datetime", "at", "on", "utc", "last", "sys", "system", "row", "record"}
) | {"when", "tz", "day"}


def usable_watermark(table: SourceTable) -> str | None:
    """The column that says when a row last changed, else when it was made; None where no column can be trusted to."""
    ranked = sorted(
        (rank, at, name) for at, name in enumerate(table.columns) if (rank := _rank(table, name)) is not None
    )
    return ranked[0][2] if ranked else None


def age_column(table: SourceTable) -> str | None:
    """The column that says when a row was made, else when it last changed; None where no column can be trusted to."""
    dated = [name for name, kind in table.columns.items() if is_date(kind)]
    ranks = [(rank, at, name) for at, name in enumerate(dated) if (rank := _rank(table, name)) is not None]
    return min(ranks, key=lambda found: (found[0] < _MADE_FROM, found[:2]))[2] if ranks else None


def is_moment(column_type: str) -> bool:
    """Whether the type holds a date with a time of day."""
    return bool(_MOMENT.search(column_type.lower()))


def is_date(column_type: str) -> bool:
    """Whether the type holds a date or a moment."""
    return is_moment(column_type) or column_type.lower().startswith("date")


def _rank(table: SourceTable, column: str) -> int | None:
    """0 is the best; None means not usable."""
    kind = table.columns[column].lower()
    names = pieces(column)
    told = [name for name in names if name not in _PARTS] or list(names)
    changed = any(_CHANGED.match(name) for name in names)
    created = any(_CREATED.match(name) for name in told)
    if is_moment(kind):
        return _rank_moment(names, told, changed, created or _makes_its_row(table, names))
    if kind.startswith("date"):
        return (
            1
            if changed
            else 5
            if created
            else 6
            if _dates_its_row(table, names, told) or _makes_its_row(table, names)
            else None
        )
    timed = names[-1] in ("at", "ts", "time", "timestamp", "datetime", "on", "epoch") or "last" in names
    if changed and timed and (_WHOLE.search(kind) or _TEXT.search(kind)):
        return 2
    return None


def _rank_moment(names: tuple[str, ...], told: list[str], changed: bool, created: bool) -> int | None:
    if changed:
        return 0
    if created:
        return 3
    if any(_BUSINESS.match(name) for name in told):
        return None
    return (
        4
        if any(_MADE.match(name) for name in told) or names[-1] in ("at", "ts", "timestamp", "time", "utc", "am")
        else None
    )


def _dates_its_row(table: SourceTable, names: tuple[str, ...], told: list[str]) -> bool:
    """`order_date` in orders and `visit_date` in visits; not `birth_date` in patients."""
    own = {singular(piece) for piece in pieces(_bare(table.name))}
    return names[-1] in ("date", "dt", "on", "day") and len(names) > 1 and {singular(name) for name in told} <= own


def _makes_its_row(table: SourceTable, names: tuple[str, ...]) -> bool:
    """`paid_at` in payments, `shipped_on` in shipments: the table's own noun as participle says when a row was made.

    In invoices, `paid_at` is a later event of an older row.
    """
    own = [piece for piece in pieces(_bare(table.name)) if piece not in _TAILS]
    participle = any(name.endswith("ed") or name == "paid" for name in names[:1])
    if not own or not participle or len(names) > 2 or names[-1:] == ("for",):
        return False
    made, noun = root("".join(names[:1])), root(singular(own[-1]))
    return made not in _AHEAD and made.rstrip("l") == noun.rstrip("l")


def _bare(name: str) -> str:
    """A table's name without schema or file ending."""
    return re.sub(r"(?:\.(?:csv|tsv|jsonl?|ndjson|parquet|gz))+$", "", name, flags=re.IGNORECASE).rpartition(".")[2]
