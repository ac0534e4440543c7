"""What a file of any format gives, and the types that text in files stands for."""

from __future__ import annotations

import gzip
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLE_BYTES = 1 << 20
# What a text must look like to be read as a type: only what that type writes back as the same value.
_PATTERNS = {
    "integer": r"^-?(0|[1-9]\d{0,17})$",
    "number": r"^-?(0|[1-9]\d{0,14})(\.\d{1,15})?([eE][+-]?\d{1,2})?$",
    "date": r"^\d{4}-\d\d-\d\d$",
    "moment": r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?$",
    "zoned": r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)$",
    "boolean": r"^(true|false|True|False|TRUE|FALSE)$",
}


class Part(ABC):
    """One file."""

    def __init__(self, filesystem: Any, path: str, where: str) -> None:
        self.filesystem, self.path, self.where = filesystem, path, where
        self.warnings: list[str] = []

    def open(self) -> IO[bytes]:
        """The file's bytes, unzipped."""
        raw = self.filesystem.open(self.path, "rb")
        return gzip.GzipFile(fileobj=raw) if self.path.lower().endswith(".gz") else raw  # type: ignore[return-value]

    @abstractmethod
    def schema(self, *, whole: bool) -> pa.Schema:
        """Columns and types, from the whole file or from its beginning."""

    @abstractmethod
    def batches(self, schema: pa.Schema, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """The rows in a schema that holds this file's."""

    def estimate(self) -> int | None:
        """About how many rows, where that is cheap to say."""
        return None


class Guess:
    """The narrowest type that all texts of a column seen so far stand for."""

    def __init__(self) -> None:
        self._left = list(_PATTERNS)
        self._seen = False

    def see(self, texts: pa.Array) -> None:
        """Strike the types that do not fit these texts."""
        import pyarrow as pa

        if texts.null_count == len(texts):
            return
        self._seen = True
        for name in [*self._left]:
            if not _matches(texts, _PATTERNS[name]):
                self._left.remove(name)
                continue
            try:
                texts.cast(self._types()[name])
            except pa.ArrowInvalid:
                self._left.remove(name)

    def arrow(self) -> pa.DataType:
        """The type; a column without a value is text."""
        import pyarrow as pa

        return self._types()[self._left[0]] if self._seen and self._left else pa.string()

    @staticmethod
    def _types() -> dict[str, pa.DataType]:
        import pyarrow as pa

        moments = {"moment": pa.timestamp("us"), "zoned": pa.timestamp("us", "UTC"), "boolean": pa.bool_()}
        return {"integer": pa.int64(), "number": pa.float64(), "date": pa.date32(), **moments}


def _matches(texts: pa.Array, pattern: str) -> bool:
    import pyarrow.compute as pc

    found = pc.call_function("match_substring_regex", [texts], pc.MatchSubstringOptions(pattern))
    return pc.call_function("all", [found]).as_py() is not False


def wider(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """A type that holds both; text if no other does."""
    import pyarrow as pa

    if one == other:
        return one
    if pa.types.is_null(one) or pa.types.is_null(other):
        return other if pa.types.is_null(one) else one
    try:
        (field,) = pa.unify_schemas([pa.schema([("x", one)]), pa.schema([("x", other)])], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.string()
    return field.type


def type_name(kind: pa.DataType) -> str:
    """The catalog's word for a type."""
    import pyarrow.types as pat

    names = (
        (pat.is_boolean, "boolean"),
        (pat.is_integer, "bigint"),
        (pat.is_floating, "double"),
        (pat.is_decimal, "decimal"),
        (pat.is_date, "date"),
        (lambda one: pat.is_timestamp(one) and one.tz is not None, "timestamptz"),
        (pat.is_timestamp, "timestamp"),
        (pat.is_binary, "blob"),
    )
    return next((name for fits, name in names if fits(kind)), "text")
