"""A deployment with dev built by real runs and prod beside it, and requests as people would find them in the inbox."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pydantic import TypeAdapter

from agents.core.approval import ApprovalRequest, Effects, Facts, Requester, RunFacts
from agents.core.catalog import TableId
from agents.tools.evidence import Known, card_of, known_of
from assets.kinds.spec import Table, spec_digest
from resources.identity import Person
from resources.lake import Lake
from resources.platform import Platform
from tests.unit.product_runs import Deployment

ORDERS = """
- name: orders
  layer: bronze
  source: {connection: shop, table: orders, mode: incremental, watermark: updated_at}
  key: [order_id]
  schedule: '0 2 * * *'
  tags: {pii: none}
  rules:
    - {type: expect_column_values_to_not_be_null, kwargs: {column: order_id}, meta: {action: block}}
    - {type: expect_column_values_to_be_between, kwargs: {column: amount, min_value: 0, max_value: 50}}
"""
BY_DAY = """
- name: orders_by_day
  layer: gold
  sql: |
    SELECT updated_at AS day, sum(amount) AS total, 'x' AS customer_email
    FROM bronze.orders
    GROUP BY updated_at
"""
ANNA = Person("anna@example.org", frozenset({"approver"}), frozenset({"platform", "governance"}))
NO_STEPS: tuple[Mapping[str, Any], ...] = ()


@dataclass
class World:
    """The deployment in `folder`; its dev tables come from runs, its prod tables straight into the lake."""

    folder: Path
    instance: dg.DagsterInstance = field(default_factory=dg.DagsterInstance.ephemeral)

    @cached_property
    def dev(self) -> Deployment:
        """Source, specs and dev runs."""
        made = Deployment(self.folder, instance=self.instance)
        made.orders([(n, float(n), f"2026-01-{n % 28 + 1:02d}") for n in range(1, 101)])
        return made

    @cached_property
    def platform(self) -> Platform:
        """The platform with every environment."""
        platform = Platform.of(replace(self.dev.settings, environments=("dev", "staging", "prod")), {})
        platform.keys.create()
        return platform

    def priced(self, compute: float = 3.6, storage: float = 10.0) -> Platform:
        """The same platform for an owner who set prices."""
        settings = replace(self.platform.settings, price_compute_hour=compute, price_storage_gb_month=storage)
        return Platform.of(settings, {})

    @property
    def open_lake(self) -> Lake:
        """The lake without a guard: how prod came to be is no matter here."""
        return Lake(self.platform.settings.lake_roots)

    def known(self, *assets: str) -> Known:
        """What Dagster knows of the assets."""
        graph = self.dev.definitions().get_repository_def().asset_graph
        return known_of(self.dev.instance, graph, assets)

    def digest(self, asset: str, environment: str = "prod") -> str:
        """The digest of a table's spec, as `defs.yaml` says it now."""
        found = self.platform.specs.find(asset)
        assert found
        return spec_digest(TypeAdapter(Table).validate_python(found[1]), environment)

    def promotion(self, *assets: str, goal: str = "", **more: Any) -> RunFacts:
        """A run that releases tables as `defs.yaml` says."""
        inputs = {"assets": list(assets), "to": "prod"}
        steps = ({"id": "s1", "agent": "deployment", "action": "promote", "inputs": inputs},)
        effects = Effects("prod", ("write_data", "write_spec"), {f"prod/{a}": self.digest(a) for a in assets}, steps)
        return RunFacts("run-1", "workflow", effects, Requester("dora", True), Facts(**more), goal)

    def held(self, run: RunFacts) -> ApprovalRequest:
        """The request that policy makes of a run."""
        approvals = self.platform.approvals
        return approvals.request(approvals.submit(run).request)

    def card(self, run: RunFacts, platform: Platform | None = None) -> str:
        """The card of a run that is held."""
        request = self.held(run)
        return card_of(platform or self.platform, request, known=self.known(*request.effects.assets))


def refresh(assets: Mapping[str, str], run_id: str = "run-1") -> RunFacts:
    """A run that loads tables as their specs say."""
    return RunFacts(run_id, "__ASSET_JOB", Effects("prod", ("write_data",), assets), Requester("dora", True), Facts())


def rows(count: int) -> pa.RecordBatchReader:
    """Orders for a table that no source fills."""
    return pa.table({"order_id": list(range(count)), "customer_email": ["ann@x.org"] * count}).to_reader()


def add_prod(world: World, asset: str, count: int) -> None:
    """Put rows into a prod table."""
    world.open_lake.append(TableId("prod", *asset.split("/")), rows(count))


def tokens(card: str) -> list[Token]:
    """Every piece of the card as a markdown reader takes it, with raw HTML allowed so that it would show."""
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    reader.validateLink = lambda _: True  # as Dagster's, which takes SVG as an image
    parsed = reader.parse(card)
    return [piece for token in parsed for piece in (token, *(token.children or ()))]


def table_rows(card: str) -> list[list[str]]:
    """The cells of each row of the card's tables, as text."""
    parsed = MarkdownIt("commonmark").enable("table").parse(card)
    found: list[list[str]] = []
    for at, token in enumerate(parsed):
        if token.type == "tr_open":
            found.append([])
        elif token.type in ("td_open", "th_open"):
            found[-1].append("".join(piece.content for piece in parsed[at + 1].children or ()))
    return found


def row(card: str, name: str) -> str:
    """The row whose first cell is `name`, as text."""
    return next(" | ".join(cells) for cells in table_rows(card) if cells[0] == name)


def charts(card: str) -> Iterator[tuple[str, str]]:
    """The title and all words of each picture, which must be readable SVG."""
    for alt, data in re.findall(r"!\[([^\]]*)\]\(data:image/svg\+xml;base64,([^)]*)\)", card):
        yield alt, " ".join(ET.fromstring(base64.b64decode(data)).itertext())
