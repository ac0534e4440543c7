"""What a goal asks for: agents and actions, found by the words that ask for them, with their negations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agents.roles.supervisor import vocabulary as v
from agents.roles.supervisor.reading import ENDS, Reading

_PRIVATE = (
    r"(?:pii|phi|personal(?:ly)?|personally identifiable|sensitive|private|confidential|identifiable|gdpr relevant|"
    r"e ?mails?|phone numbers?|names|ssns?|social security(?: numbers?)?|addresses|birth ?dates?|patient "
    r"identifiers?)"
)
_RESOURCE = "|".join(sorted((re.escape(name) for name in v.RESOURCES), key=len, reverse=True))
_SPEND = (
    r"(?:costs?|spend(?:ing)?|bills?|money|expenses?|expenditure|budget|what we (?:pay|spend)|pay(?:ing)? for "
    r"(?:azure|cloud|the cloud))"
)


def _any(words: frozenset[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


# Order matters: the first pattern to claim a word keeps it.
_PATTERNS: tuple[tuple[str, str, str], ...] = (
    ("quality", "undo", r"\b(?:undo|undoes|undoing|undone|revert\w*|revers(?:e|es|ed|ing)|(?:take|taking|roll|rolling) "
                        r"back)\b(?: [a-z]+){0,4}? repairs?\b|\btak(?:e|ing)\b(?: [a-z]+){0,4}? "
                        r"repairs?\b(?=[^.;!?]*\bback\b)"),
    ("governance", "mask", rf"\b(?:mask|anonymi[sz]|pseudonymi[sz]|redact|obfuscat|obscur|scrub|tokeni[sz]|"
                           rf"de ?identif)\w*|"
                           rf"\b(?:hide|hiding|encrypt|protect)\w*\b(?= (?:\w+ ){{0,3}}?{_PRIVATE}\b)"),
    ("governance", "scan_pii", rf"\b(?:scan|search|look|find|detect|identify|discover|check|classify|flag|spot|"
                               rf"locate|show|which|where|tell|"
                               rf"inspect|hunt|audit|sweep)\w*\b(?=[^.;!?]*\b{_PRIVATE}(?: data| info\w*| fields?| "
                               rf"columns?)?\b)|"
                               rf"\b(?:are|is) there\b(?=[^.;!?]*\b{_PRIVATE}\b)|\b(?:does|"
                               rf"do)\b(?=[^.;!?]*\b(?:contain|hold|have|include)"
                               rf"\b[^.;!?]*\b{_PRIVATE}\b)|"
                               r"\b(?:pii|phi|privacy|personal data) (?:scan|detection|check|discovery|search|audit|"
                               r"report)\w*"),
    ("cost", "optimize", rf"\bcosts? (?:optimi[sz]\w+|reductions?|savings?|cutting|efficien\w+)|\boptimi[sz]\w+ "
                         rf"(?:\w+ ){{0,3}}?{_SPEND}\b|"
                         rf"\boptimi[sz]\w+ for costs?\b|"
                         rf"\b(?:cut|reduc|lower|sav|shrink|trim|bring down|decreas|minimi[sz]|slash)\w*\b(?: "
                         rf"\w+){{0,5}}? {_SPEND}\b|"
                         r"\bcheap(?:er|ly|est|as possible)?\b|\bcost (?:effective|efficient|conscious)\w*|"
                         r"\brightsiz\w+|\b(?:idle|unused) resources?\b"),
    ("cost", "analyze", rf"\b(?:analy[sz]|break|explain|review|understand|what|where|how much|report|show|investigat|"
                        rf"attribut)\w*\b(?: \w+){{0,5}}? {_SPEND}\b|"
                        r"\bcosts? (?:analysis|report|breakdown|review)\b|\b(?:spend|spending) (?:analysis|report|"
                        r"breakdown|review)\b"),
    ("cost", "enforce_budget", r"\b(?:enforce|set|respect|apply|impose)\w* (?:\w+ ){0,3}?(?:budget|spending limit|"
                               r"cost limit|cap)\b|\bbudget (?:limit|cap|guard|enforcement)\b"),
    ("infrastructure", "destroy", rf"\b(?:{_any(v.DESTROY)})\b(?: down)?(?= (?:\w+ ){{0,4}}?(?:{_RESOURCE})\b)"),
    ("infrastructure", "provision", rf"\b(?:{_any(v.PROVISION)})\b(?: up)?(?= (?:\w+ ){{0,4}}?(?:{_RESOURCE})\b)|"
                                    rf"\bprovision\w*"),
    ("governance", "retain", r"\b(?:retention|retain\w*)\b|\b(?:keep|kept|keeping|hold|store|"
                             r"preserv)\w*\b(?=[^.;!?]*\b_sp)|"
                             r"\b(?:archiv|delet|purg|remov|drop|expir|clean|eras|discard|get "
                             r"rid)\w*\b(?=[^.;!?]*\b_sp)|\barchiv(?:e|es|ing)\b|(?<!the )(?<!our )(?<!all "
                             r")\barchived\b"),
    ("quality", "repair", r"\b(?:repair|cleans|fix|correct|dedup|impute)\w*\b(?= (?:\w+ ){0,4}?(?:data|rows|"
                          r"records|values|duplicates|nulls|errors|typos|quality|dates|table|entries)\b)|"
                          r"\b(?:repair|cleanse|deduplicat|clean up|clean)(?:e|s|ing|es|ed)?\b|\b(?:remove|delete|"
                          r"drop|eliminate)\w*(?= (?:\w+ ){0,2}?(?:duplicates?|dupes))"),
    ("governance", "delete", r"\b(?:delet(?:e|es|ed|ing|ion)|drop(?:s|ped|ping)?|remov(?:e|es|ed|ing)|purg(?:e|es|ed|"
                             r"ing)|eras(?:e|es|ed|ing)|wip(?:e|es|ed|ing)|truncat(?:e|es|ed|ing)|destroy(?:s|ed|"
                             r"ing)?|get rid of|trash)\b"),
    ("quality", "profile", r"\bprofil(?:e|es|ed|ing)\b"),
    ("deployment", "rollback", r"\b(?:roll(?:ed|ing)? back|rollback|revert\w*|undo|tak(?:e|ing) back)\b(?: (?:the|our|"
                               r"that|this|its|last|latest|newest|recent|failed|bad|broken)){0,3} (?:releases?|"
                               r"deployments?|promotions?)\b|\b(?:roll(?:ed|ing)? back|rollback|revert\w*|undo)\b"),
    ("deployment", "promote", r"\b(?:put|take|bring|push|make|set)\b(?= (?:[\w/]+ ){1,4}live\b)|"
                              r"\b(?:(?:re)?deploy\w*|promot(?:e|es|ed|ing|ion)|go(?:es|ing)? live|roll(?:ed|ing)? "
                              r"out|publish\w*)\b|"
                              r"\b(?:releas(?:e|es|ed|ing)|ship(?:s|ped|ping)?|push(?:es|ed|ing)?|put|mov(?:e|es|ed|"
                              r"ing)|tak(?:e|es|ing)|bring(?:s|ing)?)\b(?= (?:\w+ ){0,4}?(?:in|to|into) (?:the "
                              r")?(?:prod|production|live|staging)\b)|\breleas(?:e|es|ing)\b"),
    ("monitoring", "dashboard", r"\bdashboards?\b|\bscorecards?\b"),
    ("monitoring", "alert", r"\b(?:alert|notif|warn|inform|monitor)(?:s|ed|ing|y|ies|ied|ications?)?\b|\b(?:page|"
                            r"paging|e ?mail|ping|slack|message|text)(?:s|ing)?\b(?= (?:when|if)\b| (?:me|us|the|our|"
                            r"\w+ team)\b[^.;!?]*\b(?:when|if|whenever|once|as soon|in case|about|on|upon|"
                            r"fail\w*|late|alerts?)\b)|\b(?:tell|let) (?:me|us|the \w+|\w+) (?:know|if|when|"
                            r"whenever|about)\b|\braise "
                            r"an alarm\b|\bkeep an eye\b|\bobservability\b"),
    ("incident", "diagnose", r"\b(?:diagnos(?:e|es|ed|ing)|investigat\w+|troubleshoot\w*|root cause|debug\w*|find "
                             r"out why|figure out why)\b|\bwhy (?:did|is|does|are|was|has|do)\b(?=[^.;!?]*\b(?:fail|"
                             r"late|broke|empty|slow|down|missing|wrong|stuck)\w*)"),
    ("incident", "heal", r"\b(?:self ?)?heal(?:s|ed|ing)?\b|\b(?:fix|repair|recover|restart|rerun|retry|resume|"
                         r"unblock)\w*\b(?= (?:\w+ ){0,3}?(?:failed|failing|broken|stuck|pipeline|run|job|load|sync|"
                         r"incident)\b| (?:it|them|that|this)\b)"),
    ("quality", "validate", r"\b(?:ensure|make sure|assert)\b(?=[^.;!?]*\b(?:no (?:duplicates|nulls|gaps)|unique|"
                            r"not null|valid|complete|consistent)\b)|"
                            r"\b(?:data )?quality(?: (?:checks?|rules?|tests?|validations?|gates?|controls?|"
                            r"assurance|monitoring))?\b|\bvalidat\w+|\bverif\w+|\bdq\b|"
                            r"\b(?:sanity )?checks?\b(?! (?:in|out)\b)|\bchecked\b|\bchecking\b|\btest(?:s|ed|"
                            r"ing)?\b|"
                            r"\bquarantin\w+|\bbad (?:rows|records|data)\b|\bexpectations\b|\binspect\w*"),
    ("mlops", "train", rf"\b(?:which|who|what)\b(?=[^.;!?]*\b(?:will|likely to|about to|going to|at risk|prone "
                       rf"to)\b)|\b(?:fraud|churn|default|attrition) detection\b|\bdetect\w*(?= (?:fraud|churn|"
                       rf"default|attrition))|\b(?:create|build|make|develop|fit) (?:(?!data )\w+ ){{0,3}}models?\b|"
                       rf"\b(?:re)?train(?:s|ed|ing)?\b|\bpredict\w*|\bforecast\w*|\bclassif(?:y|"
                       rf"ies|ied|ier|iers|ication)\b|\bregression\b|\bmachine learning\b|\b(?:ml )?models? (?:that|"
                       rf"to|for|which|of)\b|\b(?:ml|ai) models?\b|\bestimat(?:e|es|ing)\b(?!(?: "
                       rf"\w+){{0,3}} {_SPEND})"),
    ("pipeline", "optimize", r"\b(?:optimi[sz]e|optimi[sz]es|optimi[sz]ed|optimi[sz]ing|optimi[sz]ation|speed up|"
                             r"speeding up|compact\w*|vacuum\w*|tun(?:e|ing)|z ?order\w*|repartition\w*|(?:too |so |"
                             r"very |got |getting |become |became |is )slow|slower|faster)\b"),
    ("governance", "comply", rf"\b(?:{'|'.join(v.REGULATIONS)}|soc 2)\b|\bcompl(?:y|iance|iant|ies)\b"),
    ("pipeline", "ingest", rf"\b(?:{_any(v.INGEST | v.INGEST_NOUNS)})\b"),
)  # fmt: skip
_COMPILED = tuple((agent, action, re.compile(pattern)) for agent, action, pattern in _PATTERNS)
_NEGATION = re.compile(
    r"\b(?:no need (?:for|to)|(?:stop|pause|halt|suspend|discontinue|cease|cancel)(?! (?:if|when)\b)|"
    r"not(?: (?:necessary|needed|required))?(?: to)?|don't|dont|doesn't|do not|without|never|"
    r"skip(?:ping)?|"
    r"avoid(?:ing)?|leav(?:e|ing) out|keep(?:ing)? out|forget(?: about)?|(?:don't|do not) bother(?: with)?|"
    r"omit(?:ting)?|no|minus|(?<=everything )but|(?<=tables )but|(?<=all )but|(?<=files )but|except(?: for)?|but "
    r"not|excluding|"
    r"exclude|instead of|"
    r"rather than|"
    r"other than|apart from|aside from|besides|isn't|won't|can't|save for|ignoring|ignore|bar)\b(?! (?:more|less|"
    r"later|longer|only|just|than)\b)"
)
_AFTERWARDS = re.compile(
    r"\b(?:is|are) (?:not|n't) (?:needed|necessary|required|wanted)|\b(?:isn't|aren't) (?:needed|necessary|required)|"
    r"\b(?:unnecessary|not needed|not required)\b"
)
_STRONG = v.INGEST | v.TRAIN | v.verbs(
    "mask anonymise anonymize scan detect validate verify check profile repair clean quarantine alert notify warn "
    "monitor deploy "
    "promote release delete drop remove purge erase archive retain optimise optimize compact provision diagnose "
    "investigate "
    "heal reduce cut save keep build create compute calculate aggregate tell let email schedule exclude skip run "
    "enforce "
    "stay spend"
) | {"run", "built"}  # fmt: skip
_FILLER = v.word_set(
    "please also then to i we you want would like should must it they make sure afterwards finally just "
    "kindly afterward do not don't dont never let's need can could will after that once done"
)  # fmt: skip


PRIVATE = re.compile(rf"\b{_PRIVATE}\b")


@dataclass(slots=True)
class Action:
    """An action asked for, at a token; `negated` when the goal says not to."""

    agent: str
    action: str
    at: int
    negated: bool = False


@dataclass(slots=True)
class Clause:
    """A stretch of tokens led by one verb; `sentence` counts the sentences before it."""

    start: int
    end: int
    sentence: int


def find_clauses(reading: Reading) -> list[Clause]:
    """Where the goal's parts begin: at a sentence's start, and where `and`, `then` or a comma leads to a new verb."""
    tokens, starts, sentence = reading.tokens, [(0, 0)], 0
    for at, token in enumerate(tokens):
        if token.word in ENDS and token.kind == "mark":
            sentence += 1
            starts.append((at + 1, sentence))
        elif token.word in (",", "and", "then", "&", "also", "plus", "but", "or") and _leads_to_verb(reading, at + 1):
            starts.append((at + 1, sentence))
    bounds = [*(start for start, _ in starts[1:]), len(tokens)]
    return [Clause(start, end, n) for (start, n), end in zip(starts, bounds, strict=True) if start < end]


def _leads_to_verb(reading: Reading, at: int) -> bool:
    for token in reading.tokens[at : at + 6]:
        if token.claim in ("table", "column"):
            return False
        if token.word in _STRONG:
            follows = reading.tokens[at + 1].word if at + 1 < len(reading.tokens) else ""
            noun = follows in ("", ".", ",", ";", "for", "on", "in", "to", "with", "and")
            return not (token.word.endswith(("s", "ing")) and noun)
        if token.word not in _FILLER:
            return False
        at += 1
    return False


def find_actions(reading: Reading, custom: Mapping[str, Mapping[str, tuple[str, ...]]]) -> list[Action]:
    """Actions in the order they are said; their words are claimed."""
    found: list[Action] = []
    patterns = (*_custom(custom), *_COMPILED)
    text = reading.hidden("table", "column", "connection", "resource")
    for token in reading.tokens:
        if token.claim == "span":
            text = (
                text[: token.start]
                + "_sp"[: token.end - token.start].ljust(token.end - token.start, "_")
                + text[token.end :]
            )
    for agent, action, pattern in patterns:
        for match in pattern.finditer(text):
            where = reading.covered(*match.span())
            if where and all(not reading.tokens[at].claim for at in where):
                reading.claim(where, "verb")
                found.append(Action(agent, action, where[0]))
    return sorted(found, key=lambda action: action.at)


def _custom(custom: Mapping[str, Mapping[str, tuple[str, ...]]]) -> list[tuple[str, str, re.Pattern[str]]]:
    return [
        (
            agent,
            action,
            re.compile(
                "|".join(
                    rf"(?:\b\w+ (?:an?|the|some|its|their|our) )?\b{re.escape(' '.join(phrase.lower().split()))}\b"
                    for phrase in phrases
                )
            ),
        )
        for agent, actions in custom.items()
        for action, phrases in actions.items()
        if phrases
    ]


def find_negations(reading: Reading, clauses: list[Clause]) -> list[range]:
    """Stretches of tokens that a negation covers: from its word to the next comma, `but` or clause."""
    found: list[range] = []
    for match in _NEGATION.finditer(reading.flat):
        where = reading.covered(*match.span())
        if any(reading.tokens[at].claim == "table" for at in where):
            continue
        end = next(clause.end for clause in clauses if clause.start <= where[0] < clause.end or clause.end > where[0])
        stop = next(
            (
                at
                for at in range(where[-1] + 1, end)
                if reading.tokens[at].word in (",", "but", ";", ")", ":") and not _listing(reading, at)
            ),
            end,
        )
        found.append(range(where[0], stop))
    for match in _AFTERWARDS.finditer(reading.flat):
        where = reading.covered(*match.span())
        start = next((c.start for c in clauses if c.start <= where[0] < c.end), where[0])
        found.append(range(start, where[-1] + 1))
    return found


def _listing(reading: Reading, comma: int) -> bool:
    """A comma inside a list (`a, b and c`) does not end a negation; one before a new thought does."""
    rest = [token.word for token in reading.tokens[comma + 1 : comma + 7]]
    return reading.tokens[comma].word == "," and any(word in ("and", "or") for word in rest[1:4])
