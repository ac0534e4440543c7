"""Notices reach webhooks and mailboxes over real sockets; a channel that fails is said and stops nothing."""

from __future__ import annotations

import json
import logging
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from assets.kinds.spec import Notify
from resources.fakes import MemoryNotifier, MemorySecrets
from resources.notifier import ChannelNotifier, Notice, Notifier, Severity, slack_body
from resources.settings_groups import Smtp


class Hook(ThreadingHTTPServer):
    """Keeps what was posted; answers the given codes in turn, then 200."""

    def __init__(self, answers: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), _HookHandler)
        self.answers, self.posted = answers, list[dict[str, Any]]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook/t0ps3cret"


class _HookHandler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append(json.loads(body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class MailSink(socketserver.ThreadingTCPServer):
    """Takes every mail, but no recipient called `nobody`; speaks just enough SMTP."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _MailHandler)
        self.mails = list[str]()


class _MailHandler(socketserver.StreamRequestHandler):
    server: MailSink

    def handle(self) -> None:
        self.say("220 sink")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb == "DATA":
                self.say("354 go on")
                lines = list(iter(lambda: self.rfile.readline().decode(), ".\r\n"))
                self.server.mails.append("".join(lines))
            self.say("550 unknown" if "nobody" in line else "221 bye" if verb == "QUIT" else "250 ok")
            if verb == "QUIT":
                return

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def notifier(url: str = "", smtp: Smtp | None = None, webhook: str = "") -> ChannelNotifier:
    return ChannelNotifier(MemorySecrets({"HOOK": url}), smtp or Smtp(), webhook=webhook, timeout=5)


def notice(*targets: Notify, severity: Severity = "error") -> Notice:
    return Notice("orders failed", "dev/bronze/orders: source gone", "http://x/runs/1", severity, targets)


def test_a_webhook_gets_the_notice() -> None:
    hook = Hook([])
    with serving(hook):
        (delivery,) = notifier(hook.url).notify(notice(Notify("webhook", "HOOK")))
    assert (delivery.ok, delivery.detail) == (True, "")
    (body,) = hook.posted
    assert (body["title"], body["severity"], body["link"]) == ("orders failed", "error", "http://x/runs/1")
    card = body["attachments"][0]["content"]
    assert [block["text"] for block in card["body"]] == ["orders failed", "dev/bronze/orders: source gone"]
    assert card["actions"][0]["url"] == "http://x/runs/1"


def test_the_text_for_slack_holds_title_text_and_link() -> None:
    text = slack_body(notice())["text"]
    assert text == "*orders failed*\ndev/bronze/orders: source gone\n<http://x/runs/1|Open>"


@pytest.mark.parametrize(
    ("answers", "posts", "ok"), [([503], 2, True), ([429, 500], 3, True), ([500] * 5, 3, False), ([404], 1, False)]
)
def test_an_overload_is_tried_again_and_a_refusal_is_final(answers: list[int], posts: int, ok: bool) -> None:
    hook = Hook(list(answers))
    with serving(hook):
        (delivery,) = notifier(hook.url).notify(notice(Notify("webhook", "HOOK")))
    assert (len(hook.posted), delivery.ok) == (posts, ok)
    assert ok or str(answers[0]) in delivery.detail


def test_a_failing_channel_stops_no_other_and_shows_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/hook/t0ps3cret"
        with caplog.at_level(logging.DEBUG, logger="adp"):
            targets = (Notify("webhook", "HOOK"), Notify("webhook", "MISSING"), Notify("email", "a@b.c"), Notify("log"))
            found = notifier(url).notify(notice(*targets))
    assert [delivery.ok for delivery in found] == [False, False, False, True]
    assert "no answer" in found[0].detail
    assert "MISSING" in found[1].detail
    assert "ADP_SMTP_HOST" in found[2].detail
    assert "t0ps3cret" not in caplog.text + repr(found)
    assert "orders failed" in caplog.text


@pytest.mark.parametrize("url", ["not an address", "http://[::1", "ftp://x/y"])
def test_a_secret_that_holds_no_address(url: str) -> None:
    (delivery,) = notifier(url).notify(notice(Notify("webhook", "HOOK")))
    assert not delivery.ok
    assert url not in delivery.detail


def test_secrets_in_a_notice_are_masked() -> None:
    hook = Hook([])
    with serving(hook):
        text = f"cannot reach {hook.url}; AccountKey=Zm9vYmFy=="
        notifier(hook.url).notify(Notice("a", "b", targets=[Notify("webhook", "HOOK")]))
        channels = notifier(hook.url)
        channels.notify(Notice("first", "asks for the secret", targets=[Notify("webhook", "HOOK")]))
        channels.notify(Notice("second", text, targets=[Notify("webhook", "HOOK")]))
    assert hook.posted[-1]["text"] == "cannot reach [secret]; AccountKey=[secret]"


def test_without_targets_the_log_and_the_default_webhook_hear(caplog: pytest.LogCaptureFixture) -> None:
    hook = Hook([])
    with serving(hook), caplog.at_level(logging.INFO, logger="adp"):
        found = notifier(hook.url, webhook="HOOK").notify(notice())
    assert [(delivery.kind, delivery.ok) for delivery in found] == [("log", True), ("webhook", True)]
    assert "source gone" in caplog.text
    assert len(hook.posted) == 1


def test_a_mail_arrives() -> None:
    sink = MailSink()
    with serving(sink):
        smtp = Smtp("127.0.0.1", sink.server_address[1], "adp@example.org")
        (delivery,) = notifier(smtp=smtp).notify(notice(Notify("email", "anna@example.org")))
    assert delivery.ok
    (mail,) = sink.mails
    assert "Subject: [error] orders failed" in mail
    assert "To: anna@example.org" in mail
    assert "http://x/runs/1" in mail


@pytest.mark.parametrize(
    ("to", "title", "says"),
    [("nobody@example.org", "x", "SMTPRecipientsRefused"), ("a@b.c\nBcc: eve@example.org", "x", "not a mail address")],
)
def test_a_mail_that_cannot_be_sent_is_said(to: str, title: str, says: str) -> None:
    sink = MailSink()
    with serving(sink):
        smtp = Smtp("127.0.0.1", sink.server_address[1])
        (delivery,) = notifier(smtp=smtp).notify(Notice(title, "text", targets=[Notify("email", to)]))
    assert not delivery.ok
    assert says in delivery.detail
    assert sink.mails == []


def test_a_title_of_several_lines_adds_no_header() -> None:
    sink = MailSink()
    with serving(sink):
        smtp = Smtp("127.0.0.1", sink.server_address[1])
        title = "broken\r\nBcc: eve@example.org"
        (delivery,) = notifier(smtp=smtp).notify(Notice(title, "text", targets=[Notify("email", "anna@example.org")]))
    assert delivery.ok
    assert "\nBcc:" not in sink.mails[0]


def test_a_password_is_never_sent_in_the_clear() -> None:
    sink = MailSink()
    with serving(sink):
        smtp = Smtp("127.0.0.1", sink.server_address[1], user="adp")
        channels = ChannelNotifier(MemorySecrets({"SMTP_PASSWORD": "hunter2"}), smtp, timeout=5)
        (delivery,) = channels.notify(notice(Notify("email", "anna@example.org")))
    assert not delivery.ok
    assert "no encryption" in delivery.detail


def test_the_fake_behaves_like_a_notifier() -> None:
    fake = MemoryNotifier(frozenset({"down"}))
    assert isinstance(fake, Notifier)
    found = fake.notify(notice(Notify("webhook", "up"), Notify("webhook", "down")))
    assert [delivery.ok for delivery in found] == [True, False]
    assert [kept.title for kept in fake.notices] == ["orders failed"]
