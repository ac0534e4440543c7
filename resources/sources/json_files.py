"""JSON: lines of objects, objects one after the other, or one array of them; streamed. Nested values are JSON text."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from agents.core.errors import SourceError
from resources.sources.file_format import Guess, Part

if TYPE_CHECKING:
    import pyarrow as pa

_PIECE = 1 << 20
_SAMPLE_ROWS = 2_000
_AT_ONCE = 20_000
_LARGEST = 256 << 20


class JsonPart(Part):
    """A JSON file."""

    def schema(self, *, whole: bool) -> pa.Schema:
        """Types that hold for every value read; a column of several kinds is text."""
        import pyarrow as pa

        kinds: dict[str, set[type]] = {}
        guesses: dict[str, Guess] = {}
        rows = self._rows() if whole else islice(self._rows(), _SAMPLE_ROWS)
        while chunk := list(islice(rows, _AT_ONCE)):
            texts: dict[str, list[str]] = {}
            for row in chunk:
                for name, value in row.items():
                    held = kinds.setdefault(name, set())
                    if value is not None:
                        held.add(float if isinstance(value, int) and abs(value) >= 1 << 63 else type(value))
                        if isinstance(value, str):
                            texts.setdefault(name, []).append(value)
            for name, values in texts.items():
                guesses.setdefault(name, Guess()).see(pa.array(values, pa.string()))
        return pa.schema([pa.field(name, _kind(held, guesses.get(name))) for name, held in kinds.items()])

    def batches(self, schema: pa.Schema, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """Every row."""
        import pyarrow as pa

        rows = self._rows()
        while chunk := list(islice(rows, min(batch_rows, _AT_ONCE))):
            arrays = [_array([row.get(field.name) for row in chunk], field.type) for field in schema]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _rows(self) -> Iterator[dict[str, Any]]:
        for value in self._values():
            if not isinstance(value, dict):
                what = f"it holds a {type(value).__name__} where a row, an object, was expected"
                raise SourceError(what, where=self.where, fix="give one object for each row")
            yield value

    def _values(self) -> Iterator[Any]:
        """Values one after the other, at the top or in one array; never more in memory than one value and a piece."""
        decoder, text, in_array, started = json.JSONDecoder(), "", False, False
        for piece in self._pieces():
            text += piece
            while True:
                text = text.lstrip(" \t\r\n," if in_array else " \t\r\n")
                if not started and text:
                    started = True
                    if text[0] == "[":
                        in_array, text = True, text[1:]
                        continue
                if in_array and text.startswith("]"):
                    text, in_array = text[1:], False
                    continue
                try:
                    value, end = decoder.raw_decode(text)
                except json.JSONDecodeError:
                    break
                if end == len(text) and not isinstance(value, dict | list | str):
                    break
                yield value
                text = text[end:]
            if len(text) > _LARGEST:
                raise self._broken()
        if text.strip() or in_array:
            raise self._broken()

    def _broken(self) -> SourceError:
        return SourceError("it is no sound JSON", where=self.where, fix="deliver it again; it may be cut off")

    def _pieces(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        try:
            with self.open() as file:
                while piece := file.read(_PIECE):
                    yield decoder.decode(piece)
                yield decoder.decode(b"", final=True)
        except (UnicodeDecodeError, EOFError):
            raise SourceError("it is not UTF-8, or it is cut off", where=self.where, fix="deliver it again") from None


def _kind(held: set[type], guess: Guess | None) -> pa.DataType:
    import pyarrow as pa

    if held == {bool}:
        return pa.bool_()
    if held == {int}:
        return pa.int64()
    if held and held <= {int, float}:
        return pa.float64()
    if held == {str} and guess is not None:
        moment = guess.arrow()
        return moment if pa.types.is_temporal(moment) else pa.string()
    return pa.string()


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if pa.types.is_string(kind) or pa.types.is_temporal(kind):
        texts = [v if v is None or isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values]
        return pa.array(texts, pa.string()).cast(kind)
    if pa.types.is_floating(kind):
        return pa.array([None if value is None else float(value) for value in values], kind)
    return pa.array(values, kind)
