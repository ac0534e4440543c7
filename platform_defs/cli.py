"""`adp`: the platform on the command line. JSON goes to standard output, everything else to standard error."""

from __future__ import annotations

import sys

import typer

from agents.core.errors import PlatformError
from platform_defs.commands import (
    approvals,
    audit,
    demo,
    deployment,
    goals,
    looking,
    policy,
    privacy,
    quality,
    reading,
    releases,
    requests,
)

app = typer.Typer(
    name="adp",
    help="Goals in plain words become checked, governed data products on Dagster.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
deployment.register(app)
demo.register(app)
goals.register(app)
requests.register(app)
releases.register(app)
approvals.register(app)
policy.register(app)
looking.register(app)
quality.register(app)
privacy.register(app)
reading.register(app)
audit.register(app)


def main() -> None:
    """Run a command: exit 0 when the answer is complete, 1 when the work failed, 2 for wrong use."""
    try:
        app()
    except PlatformError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.exit(130)
