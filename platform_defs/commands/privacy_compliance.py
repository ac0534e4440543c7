"""`adp privacy compliance`: regulations held against this deployment, as a report for an auditor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from platform_defs.commands.printing import Json, emit, tell
from platform_defs.commands.printing import markdown as show


def register(app: typer.Typer) -> None:
    """Add the command to `adp privacy`."""
    app.command("compliance")(compliance)


def compliance(
    regulation: Annotated[list[str] | None, typer.Option(help="Such as gdpr, hipaa, soc2. Again for more.")] = None,
    environment: Annotated[list[str] | None, typer.Option("--environment", "-e", help="Again for more.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A .md or .html file.")] = None,
    json: Json = False,
) -> None:
    """Evaluate every control of GDPR, HIPAA and SOC 2: what holds, for which table, by what evidence, and the fix.

    Controls are data: your own packs lie in `compliance/` beside your policies.

    **Examples**

    adp privacy compliance --regulation gdpr

    adp privacy compliance -e prod --output audit.html
    """
    from agents.tools.governing.compliance import assess, load_packs, pack_named
    from agents.tools.governing.compliance.reports import html, markdown
    from platform_defs.here import deployed

    if output is not None and output.suffix not in (".md", ".html"):
        raise typer.BadParameter("--output is a .md or an .html file")
    platform = deployed()
    packs = load_packs(platform.settings.policies)
    chosen = [pack_named(packs, name) for name in regulation] if regulation else list(packs.values())
    found = assess(platform, chosen, environment or ())
    if output is not None:
        output.write_text(html(found) if output.suffix == ".html" else markdown(found, 1_000_000), encoding="utf-8")
    if json:
        emit([one.to_json() for one in found])
    elif output is not None:
        tell(f"{output}: {sum(len(one.gaps) for one in found)} gaps in {len(found)} regulations")
    else:
        show(markdown(found))
