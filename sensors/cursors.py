"""What sensors share: a cursor that is JSON, and who does the work of a deployment."""

import json
from dataclasses import asdict, dataclass
from typing import Self

from dagster import SensorEvaluationContext, SkipReason

from resources.orchestrator import at_home
from resources.platform import Platform


@dataclass(slots=True)
class JsonCursor:
    """A sensor's cursor as the fields of a dataclass; each field has a default."""

    @classmethod
    def of(cls, cursor: str | None) -> Self:
        """What a cursor holds; one that cannot be read counts as none."""
        try:
            return cls(**json.loads(cursor or "{}"))
        except (ValueError, TypeError):
            return cls()

    def to_json(self) -> str:
        """As the cursor keeps it."""
        return json.dumps(asdict(self))


def left_to_another(platform: Platform, context: SensorEvaluationContext) -> SkipReason | None:
    """Why this instance leaves the work alone; None where it is its own."""
    if at_home(context.instance, platform.settings.state_dir):
        return None
    return SkipReason("the deployment of this state folder has an instance of its own, which does this")
