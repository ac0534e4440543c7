"""What a rule found, in our form and in Great Expectations'."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from assets.kinds.spec import Rule


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule's verdict. `examples` are up to five unexpected values, text as its shape unless it is a category."""

    rule: Rule
    success: bool
    element_count: int = 0
    unexpected_count: int = 0
    missing_count: int = 0
    observed: Any = None
    examples: tuple[str, ...] = ()
    error: str | None = None

    def to_gx(self) -> dict[str, Any]:
        """Great Expectations' validation result for one expectation."""
        return {
            "success": self.success,
            "expectation_config": self.rule.to_gx(),
            "result": {} if self.error else self._result(),
            "meta": {},
            "exception_info": {
                "raised_exception": self.error is not None,
                "exception_message": self.error,
                "exception_traceback": None,
            },
        }

    def _result(self) -> dict[str, Any]:
        if self.observed is not None or self.element_count == 0:
            return {"observed_value": plain(self.observed)}
        counted = self.element_count - self.missing_count
        share = 100 * self.unexpected_count / counted if counted else None
        return {
            "element_count": self.element_count,
            "unexpected_count": self.unexpected_count,
            "unexpected_percent": share,
            "partial_unexpected_list": list(self.examples),
            "missing_count": self.missing_count,
            "missing_percent": 100 * self.missing_count / self.element_count,
            "unexpected_percent_total": 100 * self.unexpected_count / self.element_count,
            "unexpected_percent_nonmissing": share,
        }


def plain(value: Any) -> Any:
    """A value as JSON takes it."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
