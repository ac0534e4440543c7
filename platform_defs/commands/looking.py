"""`adp catalog`, `adp doctor`."""

from __future__ import annotations

from typing import Annotated

import typer

from platform_defs.commands.printing import Json, emit, progress, tell


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(catalog)
    app.command()(doctor)


def catalog(
    refresh: Annotated[bool, typer.Option("--refresh", help="Look at the sources anew.")] = False, json: Json = False
) -> None:
    """Show what a goal can name: connections, their tables, the lake's tables.

    **Examples**

    adp catalog --refresh

    adp catalog --json | jq '.connections | keys'
    """
    from platform_defs.here import with_sources

    platform = with_sources()
    if refresh:
        platform.sources.catalog(refresh=True)
    found = platform.catalog()
    for name, problem in platform.sources.problems().items():
        progress(f"{name}: {problem}")
    if json:
        emit(found)
        return
    for connection in found.connections.values():
        tell(f"{connection.name} ({connection.kind}) {connection.description}")
        for table in connection.tables.values():
            rows = f"{table.rows:,} rows" if table.rows is not None else "rows unknown"
            tell(f"    {table.name}  {rows}, key {', '.join(table.key) or 'none'}, {len(table.columns)} columns")
    tell(f"lake: {', '.join(found.lake) or 'empty'}")


def doctor(json: Json = False) -> None:
    """Check what is configured, reachable and missing, with the fix.

    **Examples**

    adp doctor

    adp doctor --json
    """
    from platform_defs.doctor import examine

    findings = examine()
    if json:
        emit([finding.to_json() for finding in findings])
    else:
        for finding in findings:
            mark = "BAD " if not finding.ok else "warn" if finding.warning else "ok  "
            tell(f"{mark}  {finding.what}: {finding.state}")
            if finding.fix:
                tell(f"        fix: {finding.fix}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
