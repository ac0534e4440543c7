"""Phone numbers as networks and exports write them: all digits, the country's code first and no plus before it."""

from __future__ import annotations

from agents.tools.privacy.facts import Facts

_SOME = 200
_ENOUGH = 20
_LENGTHS = range(10, 16)


def dialled_in_full(facts: Facts) -> bool:
    """Whether nearly all values are valid numbers of one and the same country, once a plus is put before them."""
    if facts.digits < 0.95 or facts.variety < 0.2 or facts.distinct < _ENOUGH or facts.counts_up:
        return False
    some = [value for value in list(facts.values)[:_SOME] if value.isascii() and value.isdigit()]
    if not all(len(value) in _LENGTHS for value in some) or len({value[:1] for value in some}) != 1:
        return False
    import phonenumbers

    codes: list[int] = []
    for value in some:
        try:
            number = phonenumbers.parse(f"+{value}", None)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            codes.append(number.country_code or 0)
    return len(codes) >= 0.95 * len(some) and len(set(codes)) == 1
