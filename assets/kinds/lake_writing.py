"""A stream of batches as a table's new version, with the rows that break quarantining rules put aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agents.core.catalog import TableId
from assets.kinds.away import Expire, nothing_away
from assets.kinds.judging import Sieve, quarantining, rules_digest
from assets.kinds.metadata import table_metadata
from assets.kinds.moves import settle_moves
from assets.kinds.promises import column_types, keep
from assets.kinds.quarantine import ALL, Rejects
from assets.kinds.repeating import repeats
from assets.kinds.spec import Extension
from resources.lake_types import delta_schema
from resources.production import claim

if TYPE_CHECKING:
    import pyarrow as pa

    from resources.lake import Lake

RULES_MARK = "rules"
SPEC_MARK = "spec"  # digest of the spec by which the rows were made
MASKS_MARK = "masks"  # digest of the methods and key versions by which a masked view was made
KEYS_MARK = "mask_keys"  # JSON: the version of each key by which a masked view was made, by the secret's name
NO_MARKS: Mapping[str, str] = {}


def write_stream(
    lake: Lake,
    table: TableId,
    rows: pa.RecordBatchReader,
    sieve: Sieve,
    run_id: str,
    digest: str = "",
    partition_by: Sequence[str] = (),
    marks: Mapping[str, str] = NO_MARKS,
    away: Expire = nothing_away,
) -> dict[str, Any]:
    """Replace the table in one commit; rows read, landed and quarantined. Nothing changes when it fails.

    `away` says by the table's marks which rows must not land: they are counted, and kept nowhere.
    """
    read, kept_out = 0, away(lake.marks(table))
    settle_moves(lake, table)
    with (
        Rejects(run_id, sieve.now) as rejects,
        lake.write(table, rows.schema, "replace", partition_by=partition_by, whole=True) as write,
    ):
        repaired = repeats(lake, table, rows.schema)
        for batch in rows:
            read += batch.num_rows
            good, bad = sieve.split(repaired.again(kept_out.without(batch)))
            if bad is not None:
                rejects.add(bad, "replace")
            write.put(good)
        kept_out.settled(str(table))
        rejects.write(lake, table, ALL)
        write.overwrite({"run_id": run_id, RULES_MARK: rules_digest(sieve.rules), SPEC_MARK: digest, **marks})
        landed = read - len(rejects) - len(kept_out)
        numbers = {"rows read": read, "rows landed": landed, "rows quarantined": len(rejects), **kept_out.told}
        return {**numbers, **kept_out.changed, **repaired.told(whole=True)}


def replace_table(
    lake: Lake,
    table: TableId,
    rows: pa.RecordBatchReader,
    extensions: Sequence[Extension],
    run_id: str,
    digest: str = "",
    away: Expire = nothing_away,
) -> dict[str, Any]:
    """Replace the table of a person's asset, made as `digest` says; what Dagster shows of it.

    `extensions` are what YAML adds to it: rules whose rows go to quarantine, and what is promised of its columns.
    """
    for extension in extensions:
        keep(extension, column_types(delta_schema(rows.schema, str(table))), str(table))
    rules = [rule for extension in extensions for rule in extension.rules]
    sieve = Sieve(quarantining(rules), str(table), datetime.now(UTC))
    with claim(table, digest):
        numbers = write_stream(lake, table, rows, sieve, run_id, digest, away=away)
    return {**table_metadata(lake, table), **numbers}
