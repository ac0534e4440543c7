"""`adp privacy`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from platform_defs.commands import privacy_compliance, privacy_publish, privacy_subject
from platform_defs.commands.busy import busy
from platform_defs.commands.printing import Json, emit, progress, tell

privacy = typer.Typer(help="Find personal data and secrets.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(privacy, name="privacy")
    privacy_subject.register(privacy)
    privacy_compliance.register(privacy)
    privacy_publish.register(privacy)


@privacy.command("scan")
def scan(
    target: Annotated[
        str, typer.Argument(metavar="FILE_OR_ASSET", help="A CSV, JSON or Parquet file, or layer/table.")
    ],
    environment: Annotated[str, typer.Option("--environment", "-e")] = "dev",
    json: Json = False,
) -> None:
    """Say what personal data each column of a file or a lake table holds. Values are never shown.

    **Examples**

    adp privacy scan customers.csv --json

    adp privacy scan silver/crm_customers
    """
    from agents.tools.privacy import scan_table
    from platform_defs.scanning import Counted
    from platform_defs.targets import open_target

    opened = open_target(target, environment, Path.cwd())
    for note in opened.notes:
        progress(note)
    with busy(f"scanning {target}") as told:
        found = scan_table(Counted(opened.data, told.at))
    if json:
        emit({**found.to_json(), **opened.to_json()})
        return
    tell(f"{found.rows:,} rows, {len(found.personal)} of {len(found.columns)} columns hold personal data")
    for name, column in found.columns.items():
        what = f"{column.type} ({column.confidence:.0%})" if column.pii else "-"
        tell(f"    {name}: {what} {column.reason}")


@privacy.command("text")
def text(json: Json = False) -> None:
    """Find personal data in texts: standard input, one document a line.

    **Examples**

    adp privacy text --json < notes.txt

    echo "call 212-555-0123" | adp privacy text
    """
    from agents.tools.privacy import scan_text
    from resources.names import names_of
    from resources.secrets import LocalSecrets
    from resources.settings import environment, load_settings
    from resources.table_text import text_of

    read, note = text_of(sys.stdin.buffer.read())
    if note:
        progress(f"standard input: {note}")
    lines = read.split("\n")  # only a line feed ends a document
    settings = load_settings()
    names = names_of(settings, LocalSecrets(environment(), settings.secrets_dir))
    found = scan_text(lines[:-1] if not lines[-1] else lines, names=names)
    if json:
        emit([{"spans": [span._asdict() for span in spans]} for spans in found])
        return
    for number, spans in enumerate(found, 1):
        for span in spans:
            tell(f"{number}:{span.start + 1}-{span.end}: {span.type} ({span.score:.0%})")
