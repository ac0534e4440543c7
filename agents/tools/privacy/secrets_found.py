"""Keys, tokens, private keys and connection strings inside texts."""

from __future__ import annotations

from agents.tools.privacy.found import Span
from resources.secret_values import find_secrets


def secrets_in(text: str) -> list[Span]:
    """The secrets in a text: PRIVATE_KEY, CONNECTION_STRING, API_KEY, in order of place."""
    return [Span(secret.start, secret.end, secret.type, 1.0) for secret in find_secrets(text)]
