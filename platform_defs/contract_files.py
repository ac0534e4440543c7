"""Contracts as files of the Open Data Contract Standard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agents.core.catalog import TableId
from agents.core.errors import SpecError
from agents.tools.contracts import Standing, against, contract_from
from agents.tools.odcs import from_odcs, to_odcs
from agents.tools.replaying import declared
from agents.tools.specs import place_of
from assets.kinds.contract import PROMISED
from resources.platform import Platform


def exported(platform: Platform, table: TableId) -> dict[str, Any]:
    """The contract of a table, with its rules, as a document. Raises SpecError where it has none."""
    spec = declared(platform, table)
    if spec.contract is None:
        raise SpecError(f"{table.asset} has no contract", fix=f"adp quality contract propose {table.asset}")
    repo, found = place_of(platform, table.environment, table.asset)
    product = found[0] if found else ""
    owners = spec.owners or tuple(repo.read(product).get("owners") or ()) if product else spec.owners
    rules = [rule for rule in spec.rules if rule.meta.id != PROMISED]
    return to_odcs(
        spec.contract,
        table.asset,
        table.environment,
        product=product,
        description=spec.description,
        owners=owners,
        rules=rules,
    )


def imported(platform: Platform, table: TableId, file: Path) -> Standing:
    """What the contract in a file would change of the one in force. Raises SpecError for a file that holds none."""
    import yaml

    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SpecError("the file cannot be read as YAML", where=str(file), fix="check the file") from error
    contract, _ = from_odcs(document, table.asset)
    return against(platform, table, contract_from(contract.to_spec()))
