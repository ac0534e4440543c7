"""Notices to people: the log, webhooks (Teams, Slack, anything that takes JSON) and e-mail.

A channel that fails is said in the result and never stops the run that had something to say.
"""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from agents.core.errors import PlatformError
from resources.scrub import scrub_text
from resources.secrets import Secrets
from resources.settings_groups import Smtp

Severity = Literal["info", "warning", "error"]
TIMEOUT_SECONDS = 10.0
PAUSES = (0.5, 2.0)  # seconds before the second and the third try
_LEVELS: Mapping[str, int] = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_COLORS: Mapping[str, str] = {"info": "accent", "warning": "warning", "error": "attention"}
_log = logging.getLogger("adp.notices")


class Target(Protocol):
    """Who hears: kind `log`, `webhook` (`to`: name of the secret with its URL) or `email` (`to`: address)."""

    @property
    def kind(self) -> str: ...
    @property
    def to(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Notice:
    """What people should know; `link` leads to where they can act. Without targets the default channels get it."""

    title: str
    text: str
    link: str = ""
    severity: Severity = "info"
    targets: Sequence[Target] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one channel took a notice; `detail` says why it failed, without secrets."""

    kind: str
    to: str
    ok: bool
    detail: str = ""


class Notifier(ABC):
    """Something that tells people."""

    @abstractmethod
    def notify(self, notice: Notice) -> list[Delivery]:
        """Give the notice to each target; never raises for a channel that fails."""


@dataclass(frozen=True, slots=True)
class _Default:
    kind: str
    to: str = ""


class ChannelNotifier(Notifier):
    """Sends to the real channels. Without targets: the log, and the default webhook when one is set."""

    def __init__(self, secrets: Secrets, smtp: Smtp, *, webhook: str = "", timeout: float = TIMEOUT_SECONDS) -> None:
        self._secrets, self._smtp, self._webhook, self._timeout = secrets, smtp, webhook, timeout
        self._channels: Mapping[str, Callable[[Notice, str], str]] = {
            "log": self._to_log,
            "webhook": self._to_webhook,
            "email": self._to_mail,
        }

    def notify(self, notice: Notice) -> list[Delivery]:
        """Give the notice to each target; what looks like a secret is masked."""
        clean = Notice(
            " ".join(self._secrets.redact(notice.title).split()),
            self._secrets.redact(notice.text),
            notice.link,
            notice.severity,
        )
        return [self._deliver(clean, target) for target in notice.targets or self._defaults()]

    def _defaults(self) -> list[_Default]:
        return [_Default("log"), *([_Default("webhook", self._webhook)] if self._webhook else [])]

    def _deliver(self, notice: Notice, target: Target) -> Delivery:
        channel = self._channels.get(target.kind)
        try:
            problem = channel(notice, target.to) if channel else f"unknown channel {target.kind!r}"
        except PlatformError as error:
            problem = error.what
        if problem:
            _log.warning("notice not delivered: %s: %s", target.kind, problem)
        return Delivery(target.kind, target.to, not problem, problem)

    def _to_log(self, notice: Notice, _to: str) -> str:
        _log.log(_LEVELS[notice.severity], "%s: %s %s", notice.title, scrub_text(notice.text), notice.link)
        return ""

    def _to_webhook(self, notice: Notice, to: str) -> str:
        url = self._secrets.get(to)
        if not url:
            return f"no secret named {to!r} holds a webhook's address"
        body = slack_body(notice) if url.startswith("https://hooks.slack.com/") else teams_body(notice)
        return _post(url, body, self._timeout)

    def _to_mail(self, notice: Notice, to: str) -> str:
        if not self._smtp.host:
            return "no mail server is set (ADP_SMTP_HOST)"
        password = self._secrets.get("SMTP_PASSWORD") if self._smtp.user else None
        return _send_mail(self._smtp, password, notice, to, self._timeout)


def slack_body(notice: Notice) -> dict[str, Any]:
    """The notice as an incoming webhook of Slack takes it."""
    link = f"\n<{notice.link}|Open>" if notice.link else ""
    return {"text": f"*{notice.title}*\n{notice.text}{link}"}


def teams_body(notice: Notice) -> dict[str, Any]:
    """The notice as an adaptive card for Teams, with plain fields beside it for any other receiver."""
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {"type": "TextBlock", "text": notice.title, "weight": "bolder", "color": _COLORS[notice.severity]},
            {"type": "TextBlock", "text": notice.text, "wrap": True},
        ],
    }
    if notice.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open", "url": notice.link}]
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
        "title": notice.title,
        "text": notice.text,
        "severity": notice.severity,
        "link": notice.link,
    }


def _post(url: str, body: Mapping[str, Any], timeout: float) -> str:
    """Send JSON; a refusal is final, an overload or a lost connection is tried again. Gives the problem or nothing."""
    import httpx

    problem = ""
    for pause in (0.0, *PAUSES):
        time.sleep(pause)
        try:
            status = httpx.post(url, json=body, timeout=timeout).status_code
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            return "the secret does not hold a web address"
        except httpx.HTTPError as error:
            problem = f"no answer ({type(error).__name__})"  # its text may hold the address, which is a secret
            continue
        if status < 300:
            return ""
        problem = f"answered {status}"
        if status not in (408, 429) and status < 500:
            break
    return problem


def _send_mail(smtp: Smtp, password: str | None, notice: Notice, to: str, timeout: float) -> str:
    import smtplib
    from email.message import EmailMessage

    try:
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = f"[{notice.severity}] {notice.title}", smtp.sender, to
        message.set_content(f"{notice.text}\n\n{notice.link}\n")
        with smtplib.SMTP(smtp.host, smtp.port, timeout=timeout) as server:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=_tls())
                server.ehlo()
            elif password:
                return "the mail server offers no encryption: the password was not sent"
            if password:
                server.login(smtp.user, password)
            server.send_message(message)
    except ValueError:
        return "not a mail address"
    except smtplib.SMTPResponseException as error:
        return f"the mail server answered {error.smtp_code}"
    except OSError as error:  # smtplib's own errors among them
        return f"mail not sent ({type(error).__name__})"
    return ""


def _tls():  # the inferred type is ssl's; the library loads late
    import ssl

    return ssl.create_default_context()
