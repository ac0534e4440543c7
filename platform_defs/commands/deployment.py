"""`adp up`, `adp web`."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from platform_defs.commands.printing import progress, tell

Scale = Annotated[float, typer.Option(min=0.001, max=10, help="Size of the sample system; 1 is 500,000 orders.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(up)
    app.command()(web)


def up(scale: Scale = 1.0) -> None:
    """Start a deployment and keep it running until you stop it with Ctrl-C.

    What dies is started again. State lives in `.adp/`; delete it to start anew.

    **Examples**

    adp up

    ADP_PORT=4000 ADP_STATE=/var/lib/adp adp up
    """
    from platform_defs.deployment import Deployment
    from platform_defs.instance import prepare_sample, prepare_specs
    from resources.settings import load_settings

    signal.signal(signal.SIGTERM, interrupt)
    prepare_specs(load_settings())
    prepare_sample(load_settings(), progress, scale)
    with Deployment(load_settings(), progress) as running:
        tell(f"The platform is up at {running.url} (Ctrl-C stops it)")
        tell(f"Say a goal: {running.url}/locations/agentic-data-platform/jobs/goal/playground")
        running.wait()


def web(
    host: Annotated[str, typer.Option(help="Address to listen on; without a proxy, this computer only.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port; else the setting `port`.")] = None,
    workspace: Annotated[Path | None, typer.Option("--workspace", "-w", help="Else the state folder's.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain, PEM; with its key it serves HTTPS.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Private key of the certificate, PEM.")] = None,
) -> None:
    """Serve the Dagster UI with names and roles. `adp up` does this too; this is for a process of its own.

    Who asks comes from your authenticating proxy: see docs/identity.md.

    **Examples**

    adp web

    ADP_USER_HEADER=X-Auth-Request-Email ADP_BASE_URL=https://data.example.com adp web --host 0.0.0.0
    """
    from platform_defs.instance import Home
    from platform_defs.web import serve
    from resources.platform import Platform
    from resources.settings import environment, load_settings

    settings = load_settings()
    if bool(tls_cert) != bool(tls_key):
        raise typer.BadParameter("a certificate and its key go together")
    home = Home(settings.state_dir)
    serve(
        Platform.of(settings),
        Path(environment().get("DAGSTER_HOME") or home.dagster),
        workspace or home.workspace,
        host,
        port or settings.port,
        tls=(tls_cert, tls_key) if tls_cert and tls_key else None,
    )


def interrupt(*_: object) -> None:
    """End as Ctrl-C does: what was started is stopped."""
    raise KeyboardInterrupt
