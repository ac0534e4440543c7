"""`adp quality contract`: what a table promises its readers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platform_defs.commands.printing import Json, emit, progress, tell
from platform_defs.commands.quality_rows import Asset, Environment, table_of

if TYPE_CHECKING:
    from agents.core.catalog import TableId
    from agents.tools.contracts import Standing
    from platform_defs.contract_files import FromFile
    from resources.platform import Platform

contract = typer.Typer(help="What a table promises its readers: columns, types, key, freshness.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to `adp quality`."""
    contract.command()(show)
    contract.command()(check)
    contract.command()(propose)
    contract.command()(export)
    contract.command("import")(import_)
    app.add_typer(contract, name="contract")


def show(asset: Asset, environment: Environment = "dev", json: Json = False) -> None:
    """Show the contract of a table as its spec has it.

    **Examples**

    adp quality contract show bronze/sales_orders
    """
    from agents.core.errors import SpecError
    from agents.tools.replaying import declared

    platform, table = _platform(), table_of(asset, environment)
    found = declared(platform, table).contract
    if found is None:
        raise SpecError(f"{asset} has no contract", fix=f"adp quality contract propose {asset}")
    if json:
        emit(found.to_spec())
        return
    fresh = f", at most {found.freshness_hours:g} hours old" if found.freshness_hours else ""
    tell(f"{asset}: contract {found.version}, key {', '.join(found.key) or 'none'}{fresh}")
    for promise in found.columns:
        more = [word for word in ("required", "unique") if getattr(promise, word)]
        tell(f"  {promise.name}: {', '.join([promise.type, *more])}")


def check(asset: Asset, environment: Environment = "dev", json: Json = False) -> None:
    """Compare a table as it stands with its contract; fails where a promise is not kept.

    **Examples**

    adp quality contract check bronze/sales_orders --json
    """
    from agents.tools.contracts import standing_of

    found = standing_of(_platform(), table_of(asset, environment))
    if json:
        emit(found.to_json())
    else:
        tell(_words(asset, found))
    if found.breaking:
        raise typer.Exit(1)


def propose(asset: Asset, environment: Environment = "dev", json: Json = False) -> None:
    """Promise what the table holds now. More than before comes into force; what takes something back asks people.

    **Examples**

    adp quality contract propose bronze/sales_orders
    """
    from agents.tools.contracts import standing_of

    table = table_of(asset, environment)
    found = standing_of(_platform(), table)
    if found.contract is not None and not found.found:
        emit(found.to_json()) if json else tell(_words(asset, found))
        return
    _launch(table, found, json=json)


def export(
    asset: Asset,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write it there, not to the terminal.")] = None,
    environment: Environment = "dev",
) -> None:
    """Write the contract and its rules as YAML of the Open Data Contract Standard (v3.1).

    **Examples**

    adp quality contract export bronze/sales_orders --output orders.odcs.yaml
    """
    import yaml

    from platform_defs.contract_files import exported

    text = yaml.safe_dump(exported(_platform(), table_of(asset, environment)), sort_keys=False, allow_unicode=True)
    if output is None:
        tell(text.rstrip())
        return
    output.write_text(text, encoding="utf-8")


def import_(
    asset: Asset,
    file: Annotated[Path, typer.Argument(help="A data contract in YAML, Open Data Contract Standard v3.")],
    environment: Environment = "dev",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would change; change nothing.")] = False,
    json: Json = False,
) -> None:
    """Take a table's contract and rules from a file, and say what is not taken. What takes a promise back asks people.

    **Examples**

    adp quality contract import bronze/sales_orders orders.odcs.yaml --dry-run
    """
    from platform_defs.contract_files import imported

    table = table_of(asset, environment)
    found = imported(_platform(), table, file)
    for missing in found.not_taken:
        progress(f"not taken: {missing}")
    if dry_run or not found.changes:
        emit(found.to_json()) if json else tell(_imported(asset, found))
        return
    _launch(table, found.standing, found.rules, json=json)


def _imported(asset: str, found: FromFile) -> str:
    kinds = [f"  rule: {rule['type']} {rule['kwargs'].get('column', '')}".rstrip() for rule in found.rules]
    return "\n".join([_words(asset, found.standing), *kinds])


def _launch(table: TableId, found: Standing, rules: Sequence[dict[str, Any]] = (), *, json: bool) -> None:
    """Put the proposed contract in force by an agent's run, which people decide on where it takes something back."""
    from agents.tools.contracts import proposal, readers_declared
    from platform_defs.commands.launched import launch_step

    if not found.breaking:
        inputs: dict[str, Any] = {"asset": table.asset, "contract": found.proposed.to_spec()}
        inputs |= {"rules": list(rules)} if rules else {}
        launch_step("quality", "contract", inputs, table.environment, json=json)
        return
    readers = readers_declared(_platform(), table)
    inputs = proposal(table.asset, found.proposed, [str(one) for one in found.found], readers, rules)
    launch_step("quality", "amend", inputs, table.environment, json=json)


def _words(asset: str, found: Standing) -> str:
    if found.contract is None:
        return f"{asset} has no contract; contract {found.proposed.version} would be its first"
    if not found.found:
        return f"{asset}: contract {found.contract.version} is kept"
    kind = "takes promises back" if found.breaking else "promises more"
    changes = "\n".join(f"  {'breaks: ' if one.breaking else ''}{one}" for one in found.found)
    return f"{asset}: contract {found.contract.version} -> {found.proposed.version} {kind}\n{changes}"


def _platform() -> Platform:
    from resources.platform import Platform
    from resources.settings import load_settings

    return Platform.of(load_settings())
