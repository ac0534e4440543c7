"""`type: platform_defs.DataProduct`: a product file as a Dagster component.

For `dg check yaml`, `dg list components` and Dagster's own component loader. The platform loads its products by a
faster way with the same builder, see `assets.kinds.loading`.
"""

from __future__ import annotations

from typing import Any, Self

import dagster as dg
from pydantic import BaseModel, GetJsonSchemaHandler, RootModel, TypeAdapter, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from agents.core.errors import SpecError
from assets.kinds.documents import Document, product_from, read_documents
from assets.kinds.loading import SPEC_FILE
from assets.kinds.spec import Product
from assets.kinds.tables import table_definitions
from assets.kinds.validation import check_products
from resources.settings import load_settings


class ProductAttributes(RootModel[dict[str, Any]]):
    """The attributes of a DataProduct; their schema is the spec's."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The spec's JSON schema; `name` may be left out, the folder's name stands in."""
        schema = TypeAdapter(Product).json_schema()
        schema["required"] = [name for name in schema.get("required", []) if name != "name"]
        return schema


class DataProduct(dg.Component):
    """A data product: ingested tables, SQL tables, and extensions of assets written in Python."""

    def __init__(self, document: Document) -> None:
        self.document = document

    @classmethod
    def get_model_cls(cls) -> type[BaseModel] | None:
        """The model of `attributes`."""
        return ProductAttributes

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """A product from validated attributes. Raises SpecError with file and line."""
        given: dict[str, Any] = attributes.root if isinstance(attributes, ProductAttributes) else {}
        try:
            product = product_from(given, context.path.name)
        except ValidationError as error:
            read_documents(context.path / SPEC_FILE)  # raises the same, with its line
            raise SpecError(str(error), where=str(context.path)) from error
        return cls(Document(context.path / SPEC_FILE, 0, product, ""))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The product's tables. Tables of other products that its SQL reads are taken on trust here."""
        elsewhere = SpecError("other products are not loaded here")
        checked = check_products([self.document], problems=[elsewhere])
        if len(checked.problems) > 1:
            raise checked.problems[1]
        built = table_definitions(checked.tables, load_settings().environments)
        if built.problems:
            raise built.problems[0]
        return dg.Definitions(assets=built.assets)
