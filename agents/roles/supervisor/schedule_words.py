"""The words that say when: patterns for the pieces of a schedule."""

from __future__ import annotations

import re

DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
DAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:days?)?)"
ORDINALS = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "tenth": 10,
    "fifteenth": 15,
    "twentieth": 20,
}
ADVERBS = {
    "daily": (1, "day"), "nightly": (1, "day"), "everyday": (1, "day"), "overnight": (1, "day"), "hourly": (1, "hour"),
    "weekly": (1, "week"), "monthly": (1, "month"), "quarterly": (3, "month"), "yearly": (12, "month"),
    "annually": (12, "month"), "annual": (12, "month"), "biannually": (6, "month"), "semiannually": (6, "month"),
}  # fmt: skip
UNITS = {
    "m": "minute", "min": "minute", "mins": "minute", "minute": "minute", "minutes": "minute", "h": "hour",
    "hr": "hour",
    "hrs": "hour", "hour": "hour", "hours": "hour", "day": "day", "days": "day", "night": "day", "nights": "day",
    "week": "week", "weeks": "week", "month": "month", "months": "month", "quarter": "quarter", "quarters": "quarter",
    "year": "year", "years": "year",
}  # fmt: skip
UNIT = "|".join(sorted(UNITS, key=len, reverse=True))
_PAST = r"half past|quarter past|quarter to|(?:5|10|20|25)(?: minutes?)? (?:past|to)"
_CLOCK = (
    r"(?:(?P<half>" + _PAST + r") )?(?P<h>\d{1,2})(?:[:.](?P<m>\d{2})(?::\d{2})?|h(?P<hm>\d{2})?)?"
    r"(?: ?(?P<ap>am|pm))?(?: o ?'? ?clock)?(?: in the (?P<part>morning|afternoon|evening))?(?: at (?P<night>night))?"
)
_UTC = r"(?: ?\(? ?(?:utc|gmt|z)\b ?\)?)?"
_LATER = r"(?! ?(?:%|percent|" + UNIT + r"|rows|tables|k|usd|dollars|times)\b)(?![\d:.,]*\d)"

_PATTERNS: tuple[tuple[str, str], ...] = (
    ("cron", r"(?<!\S)cron:(?P<cron>\S+(?: \S+){4})(?!\S)"),
    ("zone", r"\b(?:[ecmpw]e?[sd]?t|cet|cest|[ecmp][sd]t|bst|ist|jst|aest|aedt|msk|sgt|hkt)\b(?! columns?)"
             r"|\b(?:local|eastern|pacific|central|mountain|european|european central)(?: standard| daylight)? time\b"
             r"|\b(?!utc |of |on |by |in |any |all |this |that |first |run |event |one |real |same |due |start |end )"
             r"[a-z]+ time(?:zone)?\b(?= *(?:$|[.,;)]| every| each| daily| and| please))|\b(?:utc|gmt) ?[+-] ?\d+"),
    ("never", r"\b(?:every|each) (?:\d+ ?(?:s|secs?|seconds)\b|second\b(?! (?:day|week|hour|month|minute|night)))"),
    ("never", r"\b(?:near )?real time\b|\brealtime\b|\bcontinuous(?:ly)?\b|\bstreaming\b"),
    ("never", r"\b(?:biweekly|bi weekly|fortnightly|bimonthly|every fortnight|semi monthly)\b"),
    ("never", r"\b(?:first|second|third|fourth|last|1st|2nd|3rd|4th) "
              r"(?:business day|working day|weekday|" + DAY + r")\b"),
    ("never", r"\b(?:last day|end|close)(?: of)?(?: (?:the|each|every))? (?:business )?(?:day|week|month|quarter|"
              r"year)\b|\bmonth end\b"),
    ("never", r"\b(?:tomorrow|tonight|next (?:week|month|" + DAY + r"))\b(?! s\b)"),
    ("never", r"\b(?:twice|thrice|[2-9] times) (?:a|per|each|every) (?:week|month|quarter|year)\b"),
    ("never", r"\b(?:on|at) (?:the )?(?:\d{4}-\d{2}-\d{2}|\d{1,2}(?:st|nd|rd|th)? (?:of )?(?:january|february|march|"
              r"april|may|"
              r"june|"
              r"july|august|september|october|november|december)|(?:january|february|march|april|may|june|july|"
              r"august|"
              r"september|october|november|december) \d{1,2}(?:st|nd|rd|th)?)\b"),
    ("times", r"\b(?:(?P<n>\d+) ?(?:times|x)|(?P<twice>twice)|(?P<once>once)) (?:an?|per|every|each|/) (?P<unit>day|"
              r"hour|week|"
              r"month"
              r"|quarter|year|night)\b|\b(?P<twice2>twice) (?:daily|hourly)\b|\bonce (?:daily|nightly)\b"
              r"|\b(?P<n3>\d+) ?(?:times|x) daily\b"),
    ("window", r"\b(?:between|from) (?P<h1>\d{1,2})(?::00)? ?(?P<a1>am|pm)? (?:and|to|until|till) "
               r"(?P<h2>\d{1,2})(?::00)? ?"
               r"(?P<a2>am|pm)?\b(?! (?:%|rows))|\bduring (?:business|office|working) hours\b"),
    ("past", r"\b(?P<past>\d{1,2}|quarter|half)(?: minutes?)? past (?:the|each|every) hour\b"
             r"|\bminute (?P<past2>\d{1,2})(?: of)? (?:the|each|every) hour\b|\bat : ?(?P<past3>\d{2})\b"),
    ("dom", r"\b(?:on )?(?:the )?(?P<dom>(?:\d{1,2}(?:st|nd|rd|th)|first|second|third|fifth|tenth|fifteenth|"
            r"twentieth)"
            r"(?:(?: ?,| and| &)+ (?:the )?\d{1,2}(?:st|nd|rd|th))*)(?: (?:calendar )?day)?(?: of)?(?: (?:the|each|"
            r"every|a))?"
            r" (?P<of>month|quarter|year)\b"
            r"|\b(?:on|by) (?:the )?(?P<dom2>\d{1,2}(?:st|nd|rd|th)(?:(?: ?,| and| &)+ (?:the )?\d{1,2}(?:st|nd|rd|"
            r"th))*)\b"
            r"|\b(?:on )?day (?P<dom3>\d{1,2}) of (?:the|each|every) month\b"
            r"|\b(?:start|beginning) of (?:the|each|every) (?P<of2>month|quarter|year)\b"),
    ("every", r"\b(?:every|each) (?P<half0>half|quarter)(?: of)?(?: an?)? ?-?hour\b|\b(?:every|each) (?P<other>other "
              r"|second )?(?P<nth>third |fourth |fifth |sixth |tenth )?(?P<n>\d+)?(?:st|nd|rd|th)? ?-?"
              r"(?P<unit>" + UNIT + r")\b"
              r"|\b(?P<n2>\d+) (?P<unit2>minutely|hourly|minute|min|hour)(?: intervals?| basis| refresh| "
              r"cadence)?\b(?= ?"
              r"(?:intervals?|basis|refresh|cadence|$))"
              r"|\b(?:every|each)? ?(?P<half>half|quarter)(?: of)?(?: an?)? ?-?(?:hour|hourly)\b"
              r"|\bon (?:an? )?(?P<unit3>hourly|daily|nightly|weekly|monthly|quarterly|yearly) basis\b"
              r"|\b(?:on|at|top of|on top of|at the top of) (?:the|each|every) hour\b"),
    ("adverb", r"\b(?P<word>" + "|".join(ADVERBS) + r")\b"),
    ("clock", r"\b(?:(?:at|by|around|@|about) )" + _CLOCK + r"\b" + _LATER + _UTC
              + r"|\b(?P<h_>\d{1,2})(?:[:.](?P<m_>\d{2}))? ?(?P<ap_>am|pm)\b" + _UTC
              + r"|\b(?P<h__>\d{1,2}):(?P<m__>\d{2})\b" + _UTC
              + r"|\b(?:at )(?P<h4>[01]\d|2[0-3])(?P<m4>[0-5]\d)(?: hours)?\b" + _UTC
              + r"|\b(?P<half5>" + _PAST + r") (?P<h5>\d{1,2})(?: ?(?P<ap5>am|pm))?\b" + _UTC),
    ("part", r"\b(?:(?:every|each|all|in the|at) )?(?P<part>mornings?|noon|midday|lunchtime|afternoons?|evenings?|"
             r"midnight)\b"),
    ("days", r"\b(?P<range>" + DAY + r" ?(?:to|through|thru|till|until|-|–) ?" + DAY + r")\b"
             r"|\b(?P<week>weekdays?|week ?days|working ?days?|business ?days?|workdays?)\b|\b(?P<end>weekends?)\b"
             r"|\b(?P<list>" + DAY + r"(?:(?: ?,| and| or| &)+ ?(?:on |every )?" + DAY + r")*)(?: nights?\b)?\b"),
)  # fmt: skip
_COMPILED = tuple((kind, re.compile(pattern)) for kind, pattern in _PATTERNS)
MORE = re.compile(r"(?: ?,| and| &)+ (?:at )?(?P<h>\d{1,2})(?::(?P<m>\d{2}))?(?: ?(?P<ap>am|pm))?\b" + _LATER)
NTH = {"third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "tenth": 10}
INSTEAD = re.compile(r"\b(?:instead of|rather than|no longer|not)(?: (?:on|at|a|an|the))* $")
EXCEPT = re.compile(r"\b(?:except|excluding|but not|not|other than|apart from)(?: for| on| at| the| during)* $")
PARTS = {"morning": 6, "noon": 12, "midday": 12, "lunchtime": 12, "afternoon": 14, "evening": 18, "midnight": 0}


def matches(text: str) -> list[tuple[str, re.Match[str]]]:
    """The pieces in a lower-case text, in order; what an earlier kind of piece took, a later one leaves."""
    taken: list[tuple[int, int]] = []
    kept: list[tuple[str, re.Match[str]]] = []
    for kind, pattern in _COMPILED:
        for match in pattern.finditer(text):
            if not any(match.start() < end and start < match.end() for start, end in taken):
                taken.append(match.span())
                kept.append((kind, match))
    return sorted(kept, key=lambda entry: entry[1].start())
