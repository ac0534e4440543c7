"""Contracts as files of the Open Data Contract Standard."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.core.catalog import TableId
from agents.core.errors import SpecError
from agents.tools.contracts import Standing, against, contract_from
from agents.tools.odcs import from_odcs, to_odcs
from agents.tools.odcs_fit import columns_of, fitting
from agents.tools.replaying import declared
from agents.tools.specs import place_of
from assets.kinds.contract import PROMISED
from assets.kinds.spec_rules import Rule
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


@dataclass(frozen=True, slots=True)
class FromFile:
    """What the contract in a file would change of the one in force, the rules it brings, what of it is not taken."""

    standing: Standing
    rules: list[dict[str, Any]]
    not_taken: list[str]

    @property
    def changes(self) -> bool:
        """Whether anything of it is not in force already."""
        return self.standing.contract is None or bool(self.standing.found) or bool(self.rules)

    def to_json(self) -> dict[str, Any]:
        """For people and programs."""
        return {**self.standing.to_json(), "rules": self.rules, "not_taken": self.not_taken}


def imported(platform: Platform, table: TableId, file: Path) -> FromFile:
    """What a file would bring. Raises SpecError for one that holds no contract of the table, or one that is not sound.

    Rules that the table has already, as they are, are no news; one that its columns cannot answer is not taken.
    """
    import yaml

    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SpecError("the file cannot be read as YAML", where=str(file), fix="check the file") from error
    found = from_odcs(document, table.asset)
    standing = against(platform, table, contract_from(found.contract.to_spec()))
    schema = platform.lake.schema(table) if platform.lake.exists(table) else None
    fit, left = fitting(found.rules, columns_of(found.contract, schema))
    there = {rule.identity: comparable(rule) for rule in declared(platform, table).rules}
    rules = [rule.to_spec() for rule in fit if there.get(rule.identity) != comparable(rule)]
    return FromFile(standing, rules, [*found.not_taken, *left])


def comparable(rule: Rule) -> dict[str, Any]:
    """A rule without its evidence, which no document carries."""
    said = rule.to_spec()
    said["meta"].pop("evidence", None)
    return said
