"""Frozen specs: the desired state of every asset, as `defs.yaml` says it. Pure: no Dagster, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Annotated, Any, Literal, cast

from pydantic import ConfigDict, Field

from agents.core.digest import digest
from assets.kinds.contract import Contract, promised
from assets.kinds.spec_retention import Retention
from assets.kinds.spec_rules import Action as Action
from assets.kinds.spec_rules import Rule
from assets.kinds.spec_rules import RuleMeta as RuleMeta

Environment = Literal["dev", "staging", "prod"]
Layer = Literal["bronze", "silver", "gold", "features", "models", "masked", "quarantine"]
Name = Annotated[str, Field(pattern=r"^[^\W\d]\w*$", max_length=200)]
Method = Literal["redact", "partial", "hash", "tokenise", "format", "generalise", "keep"]
NO_PII = "none"

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Source:
    """Where an ingested table comes from: `table` as the source names it; `watermark` says when a row last changed."""

    __pydantic_config__ = _STRICT

    connection: str
    table: str
    mode: Literal["full", "incremental"] = "full"
    watermark: str | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """How a failed step is tried again. `delay` is in seconds."""

    __pydantic_config__ = _STRICT

    max: Annotated[int, Field(ge=0, le=20)] = 3
    delay: Annotated[float, Field(ge=0)] = 10.0
    backoff: Literal["none", "linear", "exponential"] = "exponential"


@dataclass(frozen=True, slots=True)
class Notify:
    """Who hears of a failure: the log, a webhook (the name of a secret that holds its URL), or an e-mail address."""

    __pydantic_config__ = _STRICT

    kind: Literal["log", "webhook", "email"] = "log"
    to: str = ""


@dataclass(frozen=True, slots=True)
class Override:
    """A person's word over the agents': actions and tools they may not use on the asset, versions that stay in force.

    `forbid` names `agent.action` (`pipeline.optimize`) or a tool; `version` is the table's version by environment.
    Of the measures named in `quiet` (`rows`, `amount.mean`, `amount.*`) no anomaly is reported, and what was measured
    before `normal_since` (ISO 8601, UTC) is no longer what is usual: a change was confirmed.
    """

    __pydantic_config__ = _STRICT

    forbid: tuple[Annotated[str, Field(pattern=r"^[a-z_]\w*\.[a-z_]\w*$")], ...] = ()
    version: Mapping[Environment, Annotated[int, Field(ge=0)]] = field(default_factory=dict[Environment, int])
    quiet: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    normal_since: str = ""


NO_OVERRIDE = Override()


@dataclass(frozen=True, slots=True)
class Mask:
    """How the values of one column are hidden. `partial` shows the `first` and `last` characters and hides the others.

    `granularity` is for `generalise`: year, quarter, month or decade of a date; how many leading characters of a text
    stay; the width of a number's band. `key` names the secret of hash, tokenise and format. `inside` hides only the
    personal data within a text.
    """

    __pydantic_config__ = _STRICT

    method: Method
    first: Annotated[int, Field(ge=0, le=100)] = 0
    last: Annotated[int, Field(ge=0, le=100)] = 0
    granularity: str | Annotated[float, Field(gt=0)] | None = None
    key: Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9_.-]*)?$")] = ""
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """What is known of a column. `pii` is a type by Presidio's names; "none": a person says that it is no such data;
    empty: nobody said. `mask` is how a masked view hides it unless the view says otherwise.
    """

    __pydantic_config__ = _STRICT

    pii: Annotated[str, Field(pattern=r"^([A-Z][A-Z0-9_]*|none)?$")] = ""
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    mask: Mask | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class KAnonymity:
    """Every combination of values that `columns` show belongs to at least `k` rows."""

    __pydantic_config__ = _STRICT

    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    k: Annotated[int, Field(ge=2)] = 5


@dataclass(frozen=True, slots=True)
class Masked:
    """A masked view of `source` (`layer/table`). A column it does not name is shown only where it is known to be no
    personal data; else it is masked by its type.
    """

    __pydantic_config__ = _STRICT

    source: str
    columns: Mapping[str, Mask] = field(default_factory=dict[str, Mask])
    drop: tuple[str, ...] = ()
    k_anonymity: KAnonymity | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a product: ingested (`source`), computed (`sql`, DuckDB's dialect) or a masked view (`masked`)."""

    __pydantic_config__ = _STRICT

    name: Name
    layer: Layer
    description: str = ""
    source: Source | None = None
    sql: str | None = None
    masked: Masked | None = None
    columns: Mapping[str, Column] = field(default_factory=dict[str, Column])
    key: tuple[str, ...] = ()
    partition_by: tuple[str, ...] = ()
    schedule: str | None = None
    freshness_hours: Annotated[float, Field(gt=0)] | None = None
    environments: tuple[Environment, ...] = ("dev",)
    owners: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    retry: Retry = field(default_factory=Retry)
    notify: tuple[Notify, ...] = ()
    rules: tuple[Rule, ...] = ()
    contract: Contract | None = None
    retention: Retention | None = None
    override: Override = NO_OVERRIDE

    @property
    def asset(self) -> str:
        """`layer/table`."""
        return f"{self.layer}/{self.name}"


@dataclass(frozen=True, slots=True)
class Extension:
    """What YAML adds to an asset a person wrote in Python: `asset` is `layer/table`."""

    __pydantic_config__ = _STRICT

    asset: str
    description: str = ""
    owners: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    freshness_hours: Annotated[float, Field(gt=0)] | None = None
    environments: tuple[Environment, ...] = ("dev",)
    columns: Mapping[str, Column] = field(default_factory=dict[str, Column])
    rules: tuple[Rule, ...] = ()
    contract: Contract | None = None
    retention: Retention | None = None
    override: Override = NO_OVERRIDE


@dataclass(frozen=True, slots=True)
class Product:
    """One `defs.yaml`: a data product's tables and extensions; its owners and tags hold for each of them."""

    __pydantic_config__ = _STRICT

    name: Name
    description: str = ""
    owners: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    tables: tuple[Table, ...] = ()
    extensions: tuple[Extension, ...] = ()

    def effective(self, table: Table) -> Table:
        """The table with the product's owners and tags where it has none of its own, and the rules it promises."""
        rules = promised(table.contract, table.rules)
        return replace(table, owners=table.owners or self.owners, tags={**self.tags, **table.tags}, rules=rules)

    def extension(self, extension: Extension) -> Extension:
        """The extension with the product's owners and tags where it has none of its own, and the rules it promises."""
        own = replace(extension, owners=extension.owners or self.owners, tags={**self.tags, **extension.tags})
        return replace(own, rules=promised(own.contract, own.rules))


def content_digest(of: Table | Extension) -> str:
    """Digest of all that decides what the table will hold."""
    rules = [rule.to_gx() for rule in of.rules]
    contract = {"contract": _said(of.contract)} if of.contract else {}
    if isinstance(of, Extension):
        return digest({"rules": rules, **contract})
    source = of.source
    content: dict[str, Any] = {
        "source": source and [source.connection, source.table, source.mode, source.watermark],
        "sql": of.sql,
        "key": of.key,
        "partition_by": of.partition_by,
        "rules": rules,
        **contract,
    }
    if of.masked is not None:
        content["masked"] = _said(of.masked)
    return digest(content)


def _said(of: Any) -> Any:
    """A spec as plain values, without what stands at its default: a new option changes no digest."""
    if isinstance(of, Mapping):
        return {key: _said(value) for key, value in cast(Mapping[str, Any], of).items()}
    if isinstance(of, tuple):
        return [_said(one) for one in cast(tuple[Any, ...], of)]
    if not is_dataclass(of):
        return of
    return {each.name: _said(value) for each in fields(of) if (value := getattr(of, each.name))}


def code_version(content: str) -> str:
    """What Dagster compares, from the content's digest: a change asks for a new materialization."""
    return content[7:23]


def spec_digest(of: Table | Extension, environment: str, content: str = "") -> str:
    """Digest of what is approved: content, refreshing, data class, a pinned version. Who owns or hears of it is not.

    `of` carries its product's tags; `content` is its content digest, where it is known already. A column's class and
    mask count: masked views of the table go by them.
    """
    approved: dict[str, Any] = {
        "asset": of.asset,
        "content": content or content_digest(of),
        "muted": [rule.identity for rule in of.rules if rule.meta.muted],
        "schedule": of.schedule if isinstance(of, Table) else None,
        "tags": of.tags,
        "version": of.override.version.get(cast(Environment, environment)),
    }
    if classed := {name: [c.pii, _said(c.mask)] for name, c in of.columns.items() if c.pii or c.mask}:
        approved["columns"] = classed
    if of.retention is not None:
        approved["retention"] = _said(of.retention)
    return digest(approved)
