"""`adp approvals`: who may approve, and their authenticators."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from platform_defs.commands.printing import Json, emit, tell

if TYPE_CHECKING:
    from resources.identity import Enrolment
    from resources.platform import Platform

approvals = typer.Typer(help="The people who may approve.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="As people know them, for example an e-mail address.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(approvals, name="approvals")


@approvals.command("add")
def add(
    name: Name,
    group: Annotated[list[str] | None, typer.Option("--group", help="A group that policy counts; repeatable.")] = None,
    role: Annotated[
        list[str] | None, typer.Option("--role", help="viewer, engineer, approver or admin; repeatable. [approver]")
    ] = None,
    alias: Annotated[
        list[str] | None, typer.Option("--alias", help="Another name of theirs, at the proxy for example; repeatable.")
    ] = None,
    json: Json = False,
) -> None:
    """Enrol a person: prints a QR code for their authenticator, and its secret. Both are shown this once.

    What somebody named in approvers.yaml may do stands there; give no groups or roles for them.

    **Examples**

    adp approvals add ada@example.com --group platform --alias ada

    adp approvals add grace --role admin --group platform --group governance
    """
    from resources.platform import open_platform
    from resources.settings import load_settings

    platform = open_platform(load_settings())  # people may be enrolled before the first start
    platform.keys.create()
    made = platform.people.add(
        name, groups=group or (), roles=role or (), aliases=alias or (), by=platform.settings.local_user
    )
    if json:
        emit({"name": made.person.name, "uri": made.uri, "secret": made.secret})
    else:
        _show(made)


@approvals.command("list")
def show(json: Json = False) -> None:
    """Show who may do what, who has an authenticator, and where their rights stand.

    **Example**

    adp approvals list --json
    """
    people = _platform().people.all()
    if json:
        emit(
            [
                {
                    "name": person.name,
                    "roles": sorted(person.roles),
                    "groups": sorted(person.groups),
                    "aliases": list(person.aliases),
                    "enrolled": person.enrolled,
                    "source": person.source,
                }
                for person in people
            ]
        )
        return
    for person in people:
        groups = f", groups {', '.join(sorted(person.groups))}" if person.groups else ""
        also = f", also {', '.join(person.aliases)}" if person.aliases else ""
        state = "authenticator enrolled" if person.enrolled else "no authenticator yet"
        tell(f"{person.name}: {', '.join(sorted(person.roles))}{groups}{also} ({person.source}; {state})")
    if not people:
        tell("nobody yet: adp approvals add NAME --group platform")


@approvals.command("revoke")
def revoke(name: Name) -> None:
    """Take all rights from a person at once; their codes count for nothing from now on.

    **Example**

    adp approvals revoke ada@example.com
    """
    platform = _platform()
    platform.people.revoke(name, by=platform.settings.local_user)
    tell(f"{name} has no rights any more")


def _show(made: Enrolment) -> None:
    import segno

    segno.make(made.uri).terminal(out=sys.stdout, compact=True)
    person = made.person
    groups = f" of {', '.join(sorted(person.groups))}" if person.groups else ""
    tell(f"{person.name} is enrolled: {', '.join(sorted(person.roles))}{groups}")
    tell(f"scan the code with an authenticator app, or type in the secret {made.secret}")
    tell(f"({made.uri})")
    tell("it is not shown again")


def _platform() -> Platform:
    from platform_defs.here import deployed

    return deployed()
