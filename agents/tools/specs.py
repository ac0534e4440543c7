"""Tools that read and write the desired state: entries of the products' `defs.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.core.errors import SpecError
from agents.core.registry import tool
from agents.tools.session import Session

EXTENSIONS = "extensions"


@tool("specs.read", effect="read")
def read(session: Session, asset: str) -> dict[str, Any]:
    """The entry of `layer/table` as it stands; empty where no product has one."""
    return entry_of(session, asset)


@tool("specs.product_for", effect="read")
def product_for(session: Session, sql: str) -> str | None:
    """The product that holds the first table which `sql` reads: what is computed from it belongs beside it."""
    from assets.kinds.lineage import reads

    for asset in reads(sql):
        if found := session.platform.specs.find(asset):
            return found[0]
    return None


@tool("specs.write", effect="write_spec")
def write(session: Session, asset: str, product: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Make the entry of `layer/table` say what `entry` says; what a person wrote stays as it is.

    An asset that no product holds and that has neither source nor SQL is a person's Python asset: it is extended.
    Validated before it is written; the outputs say what was set and kept, and the commit.
    """
    repo = session.platform.specs
    found = repo.find(asset)
    name = found[0] if found else product or EXTENSIONS
    desired = dict(entry)
    if found:
        desired = _merged_environments(found[1], desired)
    if (found and "asset" in found[1]) or not (found or {"source", "sql"} & desired.keys()):
        desired["asset"] = asset
    change = repo.plan_change(name, asset, desired, session.agent)
    commit = repo.apply(change, session.goal, session.agent, f"{asset}: {_words(desired)}", _validator(session, name))
    return {
        "product": name,
        "changed": [edit.path for edit in (*change.set, *change.removed)] if commit else [],
        "kept": [edit.path for edit in change.kept],
        "commit": commit.id if commit else "",
        "schedule": entry_of(session, asset).get("schedule"),
    }


def entry_of(session: Session, asset: str) -> dict[str, Any]:
    """What `specs.read` gives, for other tools."""
    found = session.platform.specs.find(asset)
    return found[1] if found else {}


def _merged_environments(current: Mapping[str, Any], desired: dict[str, Any]) -> dict[str, Any]:
    """A table that lives in staging goes on to live there when dev is asked for."""
    if "environments" in desired:
        desired["environments"] = list(dict.fromkeys([*current.get("environments", []), *desired["environments"]]))
    return desired


def _validator(session: Session, product: str):
    from ruamel.yaml import YAML

    from assets.kinds.loading import check_text

    def validate(attributes: Mapping[str, Any]) -> None:
        from io import StringIO

        text = StringIO()
        YAML(typ="safe").dump({"type": "platform_defs.DataProduct", "attributes": dict(attributes)}, text)
        path = session.platform.specs.path(product)
        try:
            check_text(text.getvalue(), path, session.platform.settings.specs_dir)
        except SpecError as error:
            # The line numbers are of a text nobody will see.
            raise SpecError(error.what, where=str(path), fix=error.fix) from error

    return validate


def _words(desired: Mapping[str, Any]) -> str:
    named = [key for key in desired if key not in ("name", "layer", "asset", "environments")]
    return f"set {', '.join(named)}"
