"""What must not land: rows of people who were erased, and rows that people let go because of their age.

Rows are dropped as the source gives them, before a rule, a repair or quarantine sees them: nothing keeps them. What a
text says of an erased person is blotted out. Where nobody was erased and nothing expired, nothing is read or hashed. A
legal hold keeps everything in its table, so there everything lands.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from agents.core.errors import ConfigError, WriteConflict
from agents.core.subject import PURPOSE, Hasher, Subject, parse_subject
from assets.kinds.spec_retention import Retention
from resources.lake_rewrite import engine

if TYPE_CHECKING:
    import pyarrow as pa

    from resources.erasures import Erased
    from resources.platform import Platform

# A mark of the table, set by the commit that deleted what was older: the day before which rows do not come back.
EXPIRED_MARK = "expired_before"
KEPT_OUT = ("rows of erased people", "rows past retention")  # as metadata names them
ERASED = "[erased]"
BLOTTED = "texts without erased people"
Expire = Callable[[Mapping[str, str]], "Away"]


@dataclass(slots=True)
class Away:
    """One load's view of it. `people` has by column, in lower case, the hashes to keep out under each key's hasher.

    `said` are the people themselves, as texts mention them. `lost` are columns with hashes of a key that nobody has any
    more; `column` says how old a row is, and `before` is the day. `unchanged` says whether the list is still the one
    that this view was made from.
    """

    people: Mapping[str, list[tuple[Hasher, frozenset[str]]]] = field(default_factory=dict[str, Any])
    said: Sequence[tuple[Hasher, frozenset[Subject]]] = ()
    lost: frozenset[str] = frozenset()
    column: str = ""
    before: str = ""
    unchanged: Callable[[], bool] = lambda: True
    erased: int = 0
    expired: int = 0
    blotted: int = 0

    def __len__(self) -> int:
        return self.erased + self.expired

    def without(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch without these rows; ConfigError where it cannot be told who is in it."""

        if self.people or self.lost:
            batch, self.erased = self._dropped(batch, self._people(batch), self.erased)
        if self.before and (place := _place(batch.schema.names, self.column)) is not None:
            old = _older(batch.column(place), self.before)
            batch, self.expired = self._dropped(batch, [old] if old is not None else [], self.expired)
        return self._quiet(batch) if self.said else batch

    def settled(self, where: str) -> None:
        """Called right before the commit: WriteConflict, after which the load begins anew, if somebody was erased."""
        if not self.unchanged():
            raise WriteConflict("somebody was erased meanwhile", where=where, fix="load again")

    @property
    def told(self) -> dict[str, int]:
        """For metadata: rows that were kept out, by why, where there are any."""
        return {name: count for name, count in zip(KEPT_OUT, (self.erased, self.expired), strict=True) if count}

    @property
    def changed(self) -> dict[str, int]:
        """For metadata: texts that landed without what they said of erased people, where there are any."""
        return {BLOTTED: self.blotted} if self.blotted else {}

    def _people(self, batch: pa.RecordBatch) -> list[Any]:
        found: list[Any] = []
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if (plain := name.casefold()) in self.lost:
                raise ConfigError(
                    f"people who were erased cannot be kept out: their hashes in {name!r} belong to a former key",
                    where="secret ENCRYPTION_KEY",
                    fix="put the former key behind the present one; without it: adp privacy subject allow --lost",
                )
            for hasher, wanted in self.people.get(plain, ()):
                if (mask := _among(column, hasher, wanted)) is not None:
                    found.append(mask)
            if is_text(column.type):  # a text that is the person, whatever the column: no blot takes the place of a key
                whole = ((hasher, frozenset(each.hash for each in people)) for hasher, people in self.said)
                found += [mask for one in whole if (mask := _among(column, *one)) is not None]
        return found

    def _quiet(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch, its texts without mentions of erased people."""
        import pyarrow as pa

        columns: list[Any] = []
        for column in batch.columns:
            quiet, count = _without_mentions(column, self.said)
            self.blotted += count
            columns.append(quiet)
        return pa.RecordBatch.from_arrays(columns, schema=batch.schema)

    def _dropped(self, batch: pa.RecordBatch, masks: Iterable[Any], count: int) -> tuple[pa.RecordBatch, int]:
        import pyarrow.compute as pc

        gone: Any = None
        for mask in masks:
            gone = mask if gone is None else pc.call_function("or", [gone, mask])
        if gone is None:
            return batch, count
        rest = batch.filter(pc.call_function("invert", [gone]))
        return rest, count + batch.num_rows - rest.num_rows


def nothing_away(marks: Mapping[str, str]) -> Away:
    """Everything lands."""
    return Away()


def away_of(
    platform: Platform, environment: str, rule: Retention | None, now: datetime, *, people: bool = True
) -> Expire:
    """What must not land in a table of an environment, as the store and the table's own marks say it now.

    Without `people` age alone counts: who was erased is in none of the tables that it is computed from.
    """

    def made(marks: Mapping[str, str]) -> Away:
        if rule is not None and rule.hold:
            return Away()
        away = Away()
        if people:
            known = platform.erasures.of(environment)
            away = _of_people(platform, known) if known else away
            away.unchanged = lambda: platform.erasures.of(environment) == known
        if rule is not None and (before := marks.get(EXPIRED_MARK)):
            kept_from = (
                now.astimezone(UTC).date() - timedelta(days=max(rule.keep_days, rule.minimum_days))
            ).isoformat()
            away.column, away.before = rule.column, min(before, kept_from)
        return away

    return made


def _of_people(platform: Platform, known: Iterable[Erased]) -> Away:
    hashers = {hasher.fingerprint: hasher for hasher in map(Hasher, platform.keys.all_derived(PURPOSE))}
    wanted: dict[str, dict[str, set[str]]] = {}
    lost: set[str] = set()
    for one in known:
        if one.key in hashers:
            wanted.setdefault(one.column.casefold(), {}).setdefault(one.key, set()).add(one.hash)
        else:
            lost.add(one.column.casefold())
    people = {
        column: [(hashers[key], frozenset(hashes)) for key, hashes in by_key.items()]
        for column, by_key in wanted.items()
    }
    said: dict[str, set[Subject]] = {}
    for one in known:  # without numbers that were followed: they name somebody in their own column alone
        if one.key in hashers and (subject := parse_subject(one.subject)).hash == one.hash:
            said.setdefault(one.key, set()).add(subject)
    return Away(people, [(hashers[key], frozenset(subjects)) for key, subjects in said.items()], frozenset(lost))


def _place(names: Collection[str], wanted: str) -> int | None:
    return next((n for n, name in enumerate(names) if name.casefold() == wanted.casefold()), None)


def _among(column: Any, hasher: Hasher, wanted: frozenset[str]) -> Any:
    """A mask: the cells that are one of the identifiers; None where no cell is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = as_texts(column)
    if texts is None:
        return None
    coded = pc.call_function("dictionary_encode", [texts])
    found = hasher.among(coded.dictionary.to_pylist(), wanted)
    if True not in found:
        return None
    return pc.call_function("coalesce", [pa.array(found, pa.bool_()).take(coded.indices), pa.scalar(False)])


def _without_mentions(column: Any, said: Sequence[tuple[Hasher, frozenset[Subject]]]) -> tuple[Any, int]:
    """A column of texts with every mention of these people blotted out, and in how many cells; others as they are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not is_text(column.type):
        return column, 0
    coded = pc.call_function("dictionary_encode", [column])
    texts: list[str | None] = coded.dictionary.to_pylist()
    quiet: dict[str, str] = {}
    for hasher, people in said:
        by_words: dict[int, set[str]] = {}
        for one in people:
            by_words.setdefault(one.words, set()).add(one.hash)
        for text in hasher.mentioned([text for text in texts if text], by_words):
            quiet[text] = blotted(quiet.get(text, text), hasher, people)
    if not quiet:
        return column, 0
    changed = pa.array([text in quiet for text in texts], pa.bool_())
    cells = pc.call_function("sum", [changed.take(coded.indices)]).as_py() or 0
    clean = pa.array([quiet.get(text, text) if text else text for text in texts], column.type)
    return clean.take(coded.indices), cells


def blotted(text: str, hasher: Hasher, people: Iterable[Subject]) -> str:
    """The text without its mentions of these people."""
    for one in people:
        for start, end in reversed(list(hasher.spans(text, one))):
            text = text[:start] + ERASED + text[end:]
    return text


def is_text(kind: Any) -> bool:
    """Whether the type holds texts."""
    import pyarrow.types as pat

    return pat.is_string(kind) or pat.is_large_string(kind)


def as_texts(column: Any) -> Any:
    """The cells as an identifier writes them; None for types that hold none: a float may be a whole number."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as pat

    kind = column.type
    if pat.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pat.is_string(kind) or pat.is_large_string(kind):
        return column
    if pat.is_integer(kind) or (pat.is_decimal(kind) and kind.scale == 0):
        return pc.call_function("cast", [column], pc.CastOptions(pa.string()))
    if pat.is_floating(kind):
        values = column.to_pylist()
        return pa.array(
            [str(int(v)) if v is not None and v.is_integer() else v and str(v) for v in values], pa.string()
        )
    return None


def _older(column: Any, before: str) -> Any:
    """A mask: the cells that lie before a day in UTC; None for a type that says no age."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as pat

    kind, day = column.type, datetime.fromisoformat(before)
    if pat.is_date(kind):
        early = pc.call_function("less", [column, pa.scalar(day.date(), kind)])
    elif pat.is_timestamp(kind):
        early = pc.call_function("less", [column, pa.scalar(day.replace(tzinfo=UTC) if kind.tz else day, kind)])
    elif pat.is_string(kind) or pat.is_large_string(kind):
        early = _early_texts(column, before)
    else:
        return None
    return pc.call_function("coalesce", [early, pa.scalar(False)])


def _early_texts(column: Any, before: str) -> Any:
    """Of texts that hold a date; read as the deletion itself reads them."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    coded = pc.call_function("dictionary_encode", [column])
    early = np.zeros(len(coded.dictionary), dtype=bool)
    with engine() as db:
        db.register("d", pa.table({"n": np.arange(len(early)), "v": coded.dictionary}))
        found = db.execute(f"SELECT n FROM d WHERE TRY_CAST(v AS TIMESTAMP) < TIMESTAMP '{before} 00:00:00'")
        early[found.fetchnumpy()["n"]] = True
    return pa.array(early).take(coded.indices)
