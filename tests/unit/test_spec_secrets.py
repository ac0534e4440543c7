"""A spec that holds a secret is refused before anything reads it, and the error does not repeat the value."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.core.errors import SpecError
from assets.kinds.documents import parse_documents

SPEC = """type: platform_defs.DataProduct
attributes:
  tables:
    - name: orders
      layer: silver
      description: {description}
      sql: select 1 as a
"""
SECRETS = {
    "CONNECTION_STRING": "postgresql://app:Hx7qqPw@db.example.com:5432/shop",
    "API_KEY": "uses ghp_" + "Ab3dEf6h" * 5,
    "PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----MIIEvAIBADANBg",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_in_a_spec_is_refused_by_its_line_alone(kind: str) -> None:
    value = SECRETS[kind]
    with pytest.raises(SpecError) as refused:
        parse_documents(SPEC.format(description=f'"{value}"'), Path("shop/defs.yaml"))
    assert kind in str(refused.value)
    assert "shop/defs.yaml:6" in str(refused.value)
    assert value.split()[-1][-8:] not in repr(refused.value) + str(refused.value.fields)


def test_names_of_secrets_and_plain_addresses_are_no_secrets() -> None:
    words = '"the key api_key of orders@example.com, see https://example.com/docs?token=a, password_hash = 1"'
    documents, _ = parse_documents(SPEC.format(description=words), Path("shop/defs.yaml"))
    assert documents[0].product.tables[0].name == "orders"
