"""Names of people and places in texts, by a model, where the deployment has one: Azure AI Language, or spaCy's.

Without one nothing is asked and nothing leaves the machine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from agents.core.errors import AccessRefused, ConfigError, SourceError, Unreachable
from resources.secrets import Secrets
from resources.settings import Settings

KEY = "LANGUAGE_KEY"
_VERSION = "2023-04-01"
_AT_ONCE, _LONGEST = 5, 5_000  # documents of a request, characters of a document: the service takes no more
_AZURE = {"Person": "PERSON", "Address": "LOCATION"}
_SPACY = {"PERSON": "PERSON", "PER": "PERSON", "GPE": "LOCATION", "LOC": "LOCATION", "FAC": "LOCATION"}


class Name(NamedTuple):
    """`text[start:end]` is a PERSON or a LOCATION, as sure as score says."""

    start: int
    end: int
    type: str
    score: float


class Names(ABC):
    """Finds names in texts."""

    @abstractmethod
    def find(self, texts: Sequence[str]) -> list[list[Name]]:
        """The names in each text."""


class AzureLanguage(Names):
    """The PII recognition of Azure AI Language. Raises Unreachable, AccessRefused or SourceError, never with a text."""

    def __init__(self, endpoint: str, key: str, *, timeout: float = 30.0) -> None:
        self._url = f"{endpoint.rstrip('/')}/language/:analyze-text"
        self._key, self._timeout = key, timeout

    def find(self, texts: Sequence[str]) -> list[list[Name]]:
        found: list[list[Name]] = [[] for _ in texts]
        pieces = [
            (place, start, text[start : start + _LONGEST])
            for place, text in enumerate(texts)
            for start in range(0, len(text), _LONGEST)
            if text[start : start + _LONGEST].strip()
        ]
        for first in range(0, len(pieces), _AT_ONCE):
            part = pieces[first : first + _AT_ONCE]
            for number, names in self._ask([text for _, _, text in part]).items():
                place, start, _ = part[number]
                found[place] += [n._replace(start=n.start + start, end=n.end + start) for n in names]
        return found

    def _ask(self, texts: Sequence[str]) -> dict[int, list[Name]]:
        import httpx

        documents = [{"id": str(number), "language": "en", "text": text} for number, text in enumerate(texts)]
        body = {
            "kind": "PiiEntityRecognition",
            "parameters": {"modelVersion": "latest", "stringIndexType": "UnicodeCodePoint"},
            "analysisInput": {"documents": documents},
        }
        try:
            answer = httpx.post(
                self._url,
                params={"api-version": _VERSION},
                json=body,
                headers={"Ocp-Apim-Subscription-Key": self._key},
                timeout=self._timeout,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(
                f"no answer ({type(error).__name__})", where="Azure AI Language", fix="check ADP_LANGUAGE_ENDPOINT"
            ) from None  # the cause may hold the texts
        if answer.status_code in (401, 403):
            raise AccessRefused("the key is refused", where="Azure AI Language", fix=f"renew the secret {KEY}")
        if answer.status_code != 200:
            raise SourceError(f"answered {answer.status_code}", where="Azure AI Language", fix="try again later")
        return _entities(answer, [len(text) for text in texts])


def _entities(answer: Any, lengths: Sequence[int]) -> dict[int, list[Name]]:
    """The names of an answer, checked: it comes from outside."""
    found: dict[int, list[Name]] = {}
    try:
        for document in cast("list[Mapping[str, Any]]", answer.json()["results"]["documents"]):
            number = int(document["id"])
            for entity in cast("list[Mapping[str, Any]]", document["entities"]):
                kind = _AZURE.get(str(entity["category"]))
                start, size = int(entity["offset"]), int(entity["length"])
                if kind and 0 <= start < start + size <= lengths[number]:
                    score = min(1.0, max(0.0, float(entity["confidenceScore"])))
                    found.setdefault(number, []).append(Name(start, start + size, kind, score))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        raise SourceError(
            "the answer is not of the form expected", where="Azure AI Language", fix="check ADP_LANGUAGE_ENDPOINT"
        ) from None
    return found


class SpacyNames(Names):
    """A spaCy model that is installed on this machine."""

    def __init__(self, model: str) -> None:
        import spacy

        try:
            self._model: Any = spacy.load(model)
        except OSError:
            raise ConfigError(
                f"the spaCy model {model!r} is not installed", where="ADP_NAMES", fix="install its package, or unset it"
            ) from None

    def find(self, texts: Sequence[str]) -> list[list[Name]]:
        return [
            [Name(e.start_char, e.end_char, _SPACY[e.label_], 0.85) for e in done.ents if e.label_ in _SPACY]
            for done in self._model.pipe(texts)
        ]


def names_of(settings: Settings, secrets: Secrets) -> Names | None:
    """What the deployment asks for names: `azure`, `spacy:<model>`, or nothing."""
    chosen, _, model = settings.names.partition(":")
    if not chosen:
        return None
    if chosen == "spacy" and model:
        return SpacyNames(model)
    if chosen != "azure":
        raise ConfigError("unknown model for names", where="ADP_NAMES", fix="give azure or spacy:<model>")
    key = secrets.get(KEY)
    if not key or not settings.language_endpoint.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise ConfigError(
            "Azure AI Language needs an https address and a key",
            where="ADP_LANGUAGE_ENDPOINT",
            fix=f"give the resource's address, and its key as the secret {KEY}",
        )
    return AzureLanguage(settings.language_endpoint, key)
