"""`type: platform_defs.DataProduct`: a product file as a Dagster component.

For `dg check yaml`, `dg list components` and Dagster's own component loader. The platform loads its products by a
faster way with the same builder, see `assets.kinds.loading`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import dagster as dg
from pydantic import BaseModel, RootModel, TypeAdapter, ValidationError

from agents.core.errors import SpecError
from assets.kinds.documents import Document, product_from
from assets.kinds.loading import pins_beside
from assets.kinds.pins import SPEC_FILE, overlaid
from assets.kinds.spec import Product
from assets.kinds.spec_errors import invalid
from assets.kinds.tables import table_definitions
from assets.kinds.validation import check_products
from resources.settings import load_settings


class ProductAttributes(RootModel[dict[str, Any]]):
    """The attributes of a DataProduct; their schema is the spec's."""

    @classmethod
    def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
        """The spec's JSON schema; `name` may be left out, the folder's name stands in."""
        schema = TypeAdapter(Product).json_schema()
        return {**schema, "required": [name for name in schema["required"] if name != "name"]}


class DataProduct(dg.Component):
    """A data product: ingested tables, SQL tables, and extensions of assets written in Python."""

    def __init__(self, document: Document, pins: Mapping[str, Sequence[Document] | None] | None = None) -> None:
        self.document, self.pins = document, pins or {}

    @classmethod
    def get_model_cls(cls) -> type[BaseModel] | None:
        """The model of `attributes`."""
        return ProductAttributes

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """A product from validated attributes. Raises SpecError with file and line."""
        given: dict[str, Any] = attributes.root if isinstance(attributes, ProductAttributes) else {}
        path = context.path / SPEC_FILE
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        pins, problems = pins_beside(context.path, [file.name for file in context.path.iterdir()])
        if problems:
            raise problems[0]
        try:
            return cls(Document(path, 0, product_from(given, context.path.name), text), pins)
        except ValidationError as error:
            raise invalid(error, text, path, 0) from error

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The product's tables and what is pinned of them. Tables of other products that its SQL reads are trusted."""
        elsewhere = SpecError("other products are not loaded here")
        checked = check_products(overlaid([self.document], self.pins), problems=[elsewhere])
        if len(checked.problems) > 1:
            raise checked.problems[1]
        built = table_definitions(checked.tables, load_settings().environments, checked.extensions)
        if built.problems:
            raise built.problems[0]
        return dg.Definitions(assets=built.assets)
