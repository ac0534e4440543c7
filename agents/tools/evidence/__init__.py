"""The evidence card: what an approver needs to see of a held request, on one page."""

from agents.tools.evidence.card import card_of, decided_card
from agents.tools.evidence.known import Check, Known, known_of

__all__ = ["Check", "Known", "card_of", "decided_card", "known_of"]
