"""What sensors share: a cursor that is JSON, and who does the work of a deployment."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Self

from dagster import SensorEvaluationContext, SkipReason

from resources.orchestrator import at_home
from resources.platform import Platform


@dataclass(slots=True)
class JsonCursor:
    """A sensor's cursor as the fields of a dataclass; each field has a default."""

    @classmethod
    def of(cls, cursor: str | None) -> Self:
        """What a cursor holds; one that cannot be read counts as none: anybody with the UI may write it."""
        try:
            found = json.loads(cursor or "{}")
            made, usual = cls(**found), cls()
        except (ValueError, TypeError):
            return cls()
        alike = all(_alike(getattr(made, each.name), getattr(usual, each.name)) for each in fields(cls))
        return made if alike else usual

    def to_json(self) -> str:
        """As the cursor keeps it."""
        return json.dumps(asdict(self))


def _alike(value: object, usual: object) -> bool:
    """Whether a value is of the kind that its field has; what lists and mappings hold is text."""
    inside = [*value.items()] if isinstance(value, dict) else value if isinstance(value, list) else []
    texts = (text for each in inside for text in (each if isinstance(each, tuple) else (each,)))
    return type(value) is type(usual) and all(isinstance(text, str) for text in texts)


def left_to_another(platform: Platform, context: SensorEvaluationContext) -> SkipReason | None:
    """Why this instance leaves the work alone; None where it is its own."""
    if at_home(context.instance, platform.settings.state_dir):
        return None
    return SkipReason("the deployment of this state folder has an instance of its own, which does this")
