"""How commands answer: JSON or words on standard output, progress on standard error."""

from __future__ import annotations

import re
import sys
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def emit(value: Any) -> None:
    """Print a value as JSON."""
    import orjson

    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode() + "\n")


def tell(text: str) -> None:
    """Print words."""
    sys.stdout.write(text + "\n")


def progress(text: str) -> None:
    """Say what is happening."""
    over = "\r\x1b[K" if sys.stderr.isatty() else ""  # a line that says how far a command is
    sys.stderr.write(f"{over}  {text}\n")
    sys.stderr.flush()


def markdown(text: str) -> None:
    """Print markdown: rendered on a terminal, as it is elsewhere."""
    # A chart is known by its words; its bytes are for browsers.
    text = re.sub(r"!\[([^\]]*)\]\(data:[^)]*\)", r"\1", text)
    if not sys.stdout.isatty():
        tell(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))
