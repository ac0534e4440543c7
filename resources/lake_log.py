"""The Delta log: snapshots of a table, and one commit for files, schema and marks.

Marks are the platform's own metadata of a table (watermark, run id). They stand in the commit that they belong to,
under `adp.<name>`, and every commit of ours carries all of them forward. Each commit also carries an application
transaction, so that of two writers who started from the same version only one can succeed.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agents.core.errors import LakeError, SchemaMismatch, TableNotFound, WriteConflict
from resources.lake_files import DataFile, now_millis, storage_failed
from resources.lake_scan import files_of

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as pads
    import pyarrow.fs as pafs
    from deltalake import CommitProperties, DeltaTable

PREFIX = "adp."
_CONFLICTS = ("already exists", "concurrent", "conflict", "failed to commit")


@contextmanager
def delta_errors(where: str) -> Generator[None]:
    """Turn what delta-rs raises into our errors; each says which table."""
    from deltalake.exceptions import (
        CommitFailedError,
        DeltaError,
        DeltaProtocolError,
        SchemaMismatchError,
        TableNotFoundError,
    )

    try:
        yield
    except TableNotFoundError as error:
        raise TableNotFound("no such table", where=where, fix="materialize it first, or correct its name") from error
    except SchemaMismatchError as error:
        raise SchemaMismatch(str(error), where=where, fix="compare the columns with the table's") from error
    except CommitFailedError as error:
        raise _refused(str(error), where) from error
    except DeltaProtocolError as error:
        raise LakeError(
            str(error), where=where, fix="the table was written with a Delta feature not read here"
        ) from error
    except (DeltaError, OSError) as error:
        raise _refused(str(error), where) from error


def _refused(text: str, where: str) -> LakeError:
    if any(word in text.lower() for word in _CONFLICTS):
        return WriteConflict(
            "somebody else committed to this table first", where=where, fix="run it again: it starts from the new state"
        )
    return storage_failed(text, where)


@dataclass(frozen=True)
class Snapshot:
    """One version of a table, and the file system it lives in (rooted at the table)."""

    where: str
    delta: DeltaTable
    files: pafs.FileSystem
    version: int  # as opened: delta-rs moves the table object on with each commit made through it

    @cached_property
    def schema(self) -> pa.Schema:
        """The table's columns, all nullable."""
        import pyarrow as pa

        return pa.schema([pa.field(field.name, field.type) for field in pa.schema(self.delta.schema().to_arrow())])

    @cached_property
    def partition_by(self) -> tuple[str, ...]:
        """The columns whose values lie in the log and not in the files."""
        return tuple(self.delta.metadata().partition_columns)

    @cached_property
    def marks(self) -> dict[str, str]:
        """The marks in force: those of the newest commit that carries any.

        Read from the commits themselves: delta-rs' history shows the newest ones, whatever version was opened.
        """
        for version in range(self.version, -1, -1):
            commit = self._commit(version)
            if commit is None:
                break
            if any(key.startswith(PREFIX) for key in commit):
                return marks_of(commit)
        return {}

    def _commit(self, version: int) -> dict[str, Any] | None:
        """What a commit says of itself; None when its file was cleaned up."""
        try:
            with self.files.open_input_stream(f"_delta_log/{version:020d}.json") as file:
                lines = file.read().splitlines()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise storage_failed(str(error), self.where) from error
        actions = (json.loads(line) for line in lines if b'"commitInfo"' in line)
        return next((action["commitInfo"] for action in actions if "commitInfo" in action), {})

    def dataset(self) -> pads.Dataset:
        """All rows as an Arrow dataset; filters and columns are pushed down."""
        with delta_errors(self.where):
            return files_of(self.delta, self.files, self.schema, self.where)

    def properties(self, marks: Mapping[str, str], operation: str) -> CommitProperties:
        """Commit properties with all marks in force, changed by `marks`, and the guard against a second writer."""
        return commit_properties({**self.marks, **marks}, operation, self.version + 1)


def marks_of(commit: Mapping[str, Any]) -> dict[str, str]:
    """The marks that a commit info carries; an empty one is none."""
    return {
        key[len(PREFIX) :]: str(value)
        for key, value in commit.items()
        if key.startswith(PREFIX) and key != f"{PREFIX}operation" and value != ""
    }


def commit_properties(marks: Mapping[str, str], operation: str, version: int) -> CommitProperties:
    """Marks and operation in the commit info; one application transaction for each version."""
    from deltalake import CommitProperties, Transaction

    return CommitProperties(
        custom_metadata={**{PREFIX + key: value for key, value in marks.items()}, f"{PREFIX}operation": operation},
        app_transactions=[Transaction("adp", version)],
        # A second creator must fail: tried again, its rows would be added to the first one's table.
        max_commit_retries=3 if version else 0,
    )


def create(
    uri: str,
    options: dict[str, str] | None,
    schema: pa.Schema,
    files: Sequence[DataFile],
    partition_by: Sequence[str],
    properties: CommitProperties,
) -> None:
    """The first commit of a table: schema, files and marks at once."""
    from deltalake import Schema
    from deltalake.transaction import create_table_with_add_actions

    with delta_errors(uri):
        create_table_with_add_actions(
            uri,
            Schema.from_arrow(schema),
            _adds(files),
            mode="error",
            partition_by=list(partition_by),
            storage_options=options,
            commit_properties=properties,
        )


def add_columns(base: Snapshot, schema: pa.Schema) -> None:
    """One commit that gives the table the columns it lacks; no row changes."""
    from deltalake import Schema

    known = set(base.schema.names)
    fields = [field for field in Schema.from_arrow(schema).fields if field.name not in known]
    with delta_errors(base.where):
        base.delta.alter.add_columns(fields, commit_properties=base.properties({}, "add columns"))


def add_naive_timestamps(base: Snapshot) -> None:
    """One commit that lets the table have timestamps without a zone; no row changes."""
    from deltalake import TableFeatures

    with delta_errors(base.where):
        base.delta.alter.add_feature(
            TableFeatures.TimestampWithoutTimezone,
            allow_protocol_versions_increase=True,
            commit_properties=base.properties({}, "add feature"),
        )


def replace_all(base: Snapshot, schema: pa.Schema, files: Sequence[DataFile], properties: CommitProperties) -> None:
    """One commit after which the table has `schema` and exactly `files`."""
    from deltalake import Schema

    with delta_errors(base.where):
        base.delta.create_write_transaction(
            _adds(files),
            "overwrite",
            Schema.from_arrow(schema),
            list(base.partition_by),
            commit_properties=properties,
        )


def exchange(base: Snapshot, remove: Sequence[str], files: Sequence[DataFile], properties: CommitProperties) -> None:
    """One commit that takes `remove` out of the table and puts `files` in."""
    from deltalake import Schema
    from deltalake.transaction import RemoveAction

    moment = now_millis()
    with delta_errors(base.where):
        base.delta.create_write_transaction(
            [*(RemoveAction(path, True, moment) for path in remove), *_adds(files)],
            "append",
            Schema.from_arrow(base.schema),
            list(base.partition_by),
            commit_properties=properties,
        )


def _adds(files: Sequence[DataFile]) -> list[Any]:
    from deltalake.transaction import AddAction

    moment = now_millis()
    return [AddAction(f.path, f.size, dict(f.partition), moment, True, f.stats) for f in files]
