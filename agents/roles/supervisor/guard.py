"""Texts that are no goals: empty, endless, hostile, or asking for rights and approvals."""

from __future__ import annotations

import re

from agents.core.plan import Question

LONGEST = 4000
EXAMPLES = (
    "Sync the orders table to the lake every night",
    "Scan the customers table for personal data",
    "Build a gold table with total sales per day",
)
_HOSTILE = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b[^.]{0,40}\b(?:instructions?|prompts?|rules?|polic(?:y|ies)|"
    r"guardrails?|"
    r"safety|approvals?|checks and)\b|\bjailbreak|\bsystem prompt|\byou are now\b|\bpretend (?:to|you)\b|\bact as "
    r"(?:an? )?(?:admin|root)"
    r"|;\s*(?:drop|delete|truncate|alter|update|insert|grant|exec)\s+(?:table|from|database|schema|user|into|all)\b"
    r"|['\"]\s*;\s*\w+|['\"]?\s*\bor\s+['\"]?1['\"]?\s*=\s*['\"]?1|\bunion\s+(?:all\s+)?select\b|\bxp_cmdshell\b|"
    r"--\s*$|--\s*;|/\*|\*/"
    r"|\b(?:drop|truncate|alter)\s+(?:table|view|database|schema|index|user)\s+(?:if\s+exists\s+)?"
    r"(?!(?:the|our|called|named|that|with|for|of)\b)[\w.\"\[\]]+\s*(?:;|$|cascade\b|(?:add|drop|rename|alter)\s)"
    r"|\b(?:delete\s+from|insert\s+into|merge\s+into)\s+[\w.\"/\[\]]+\s*(?:;|$|where\b|values\b|using\b|select\b|\()"
    r"|\bupdate\s+[\w.\"\[\]]+\s+set\s+[\w.]+\s*=|\bcreate\s+(?:table|view)\s+[\w.\"\[\]]+\s*(?:\(|as\s+select\b)"
    r"|^\s*(?:select|with\s+\w+\s+as\s*\(\s*select)\s+(?:distinct\s+|top\s+\d+\s+)?(?:\*|[\w.\"()*]+(?:\s*,\s*[\w.\"()*]+)*)\s+from\s"
    r"|^\s*(?:ls|cat|chmod|chown|mv|cp|kill|python3?|psql|kubectl|exec)\s+[-/.~]\S|^\s*exec\s+\w+|>\s*/dev/\w+"
    r"|\brm\s+-\w|\$\(|\$\{|&&|\|\||`[^`]*\s[^`]*`|\|\s*(?:sh|bash|nc)\b|\b(?:curl|wget)\s+\S*(?:http|\.)|<\s*script|"
    r"\{\{|__\w+__"
    r"|/etc/\w+|\bsudo\b|\bos\.system\b|\beval\(|\bimport os\b|\.\./",
    re.IGNORECASE,
)
_RIGHTS = re.compile(
    r"\b(?:approv(?:e|es|ed|ing)|self ?-?approve|auto ?-?approv\w+|rubber ?-?stamp)\b(?! (?:loans?|claims?|orders?|"
    r"invoices?|requests? table))"
    r"|\b(?:skip|without|bypass|avoid|disable|turn off|no|remove|circumvent)\b[^.;]{0,25}\b(?:approvals?|"
    r"sign ?-?offs?|polic(?:y|ies)|gates?|"
    r"guard|guardrails?|ledger|audit(?:ing)? logs?|authori[sz]ation)\b"
    r"|\b(?:grant|give|raise|elevate|escalate|widen|assign)\b[^.;]{0,40}\b(?:admin\w*|owner(?:ship)?|rights?|"
    r"privileges?|permissions?|access|"
    r"superuser|root|roles?|write access)\b|\bmake me (?:an? )?(?:admin\w*|owner|approver)|\b(?:become|as) (?:root|"
    r"admin(?:istrator)?)\b"
    r"|\b(?:disable|turn off|switch off|deactivate|weaken|change|edit)\b[^.;]{0,25}\b(?:polic(?:y|ies)|approvals?|"
    r"ledger|security|the gate)\b"
    r"|\bAR-\d{3,}\b|\b(?:show|print|send|reveal|leak|email|export|dump|read)\b[^.;]{0,30}\b(?:passwords?|secrets?|"
    r"credentials?|api keys?|tokens? and)\b",
    re.IGNORECASE,
)


def refuse(text: str) -> Question | None:
    """The question for a text that cannot be a goal, before it is read any further."""
    bare = text.strip()
    if not any(character.isalnum() for character in bare):
        return Question("The goal is empty. What should be built or done?", EXAMPLES)
    if len(bare) > LONGEST:
        return Question(f"The goal has {len(bare)} characters. Can it be said in at most {LONGEST}?")
    if _HOSTILE.search(bare):
        return Question(
            "This reads like an instruction to the platform itself or like code, which a goal cannot hold. What data "
            "should be worked on?",
            EXAMPLES,
        )
    if _RIGHTS.search(bare):
        return Question(
            "Approvals, rights, policies and secrets are decided by people, never by a goal. What data should be "
            "worked on?",
            EXAMPLES,
        )
    return None
