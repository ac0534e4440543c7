"""Secrets are found by name, refused when others can read them, and masked in texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.core.errors import ConfigError
from resources.fakes import MemorySecrets
from resources.scrub import scrub, scrub_text
from resources.secret_values import find_secrets
from resources.secrets import LocalSecrets, redact


def test_where_a_secret_is_looked_for(tmp_path: Path) -> None:
    for name in ("both", "file"):
        (tmp_path / name).write_text(f"{name}-from-file\n")
        (tmp_path / name).chmod(0o600)
    secrets = LocalSecrets({"ADP_SECRET_BOTH": "explicit", "PLAIN": "plain", "file": "shadowed"}, tmp_path)
    assert secrets.get("both") == "explicit"
    assert secrets.get("file") == "file-from-file"
    assert secrets.get("PLAIN") == "plain"
    assert secrets.get("absent") is None


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("v")
    (tmp_path / "key").chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        LocalSecrets({}, tmp_path).get("key")


@pytest.mark.parametrize("name", ["../key", "/etc/passwd", "a/b", "", ".."])
def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        LocalSecrets({}, tmp_path).get(name)


def test_what_was_handed_out_is_masked() -> None:
    secrets = MemorySecrets({"DB": "tr0ub4dor", "OTHER": "never-asked"})
    secrets.get("DB")
    assert secrets.redact("login with tr0ub4dor failed; never-asked") == "login with [secret] failed; never-asked"


def test_a_secret_within_a_secret_leaves_nothing() -> None:
    assert redact("abcdefgh abcd", ["abcd", "abcdefgh"]) == "[secret] [secret]"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("DefaultEndpointsProtocol=https;AccountName=a;AccountKey=Zm9vYmFy+/==;EndpointSuffix=x", "Zm9vYmFy"),
        ("Server=s;User Id=u;Password=p@ss w0rd;Database=d", "p@ss"),
        ('Pwd="quoted value with spaces";x', "spaces"),
        ("Authorization: Bearer abcdef0123456789", "abcdef0123456789"),
        ("key sk-proj-abcDEF1234567890abcdef", "abcDEF1234567890"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.s1gn4tur3", "s1gn4tur3"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----", "MIIEabc"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEcut", "MIIEcut"),
        ("postgresql://user:hunter2@db.example/x", "hunter2"),
        ("postgresql://user:hun@ter2@db.example/x", "ter2"),
        ("mssql+pyodbc://:hunter2@h/x", "hunter2"),
        ("https://a.blob.core.windows.net/c?sv=1&sig=abc%2Fdef&se=2", "abc%2Fdef"),
        ('{"client_secret": "q8Q~x"}', "q8Q~x"),
        ("api_key: 12345-abc", "12345-abc"),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklmnop"),
        ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN"),
        ("mail anna.berg+x@mail.example.org now", "anna"),
    ],
)
def test_what_looks_like_a_secret_or_an_address_is_masked(text: str, hidden: str) -> None:
    assert hidden in text
    assert hidden not in scrub_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "ingested bronze/sales_orders in 12.3 s",
        "schedule 0 2 * * * for dev/bronze/orders",
        "https://localhost:3000/runs/abc",
        "abfss://lake@account.dfs.core.windows.net/bronze",
        "expect_column_values_to_not_be_null(order_id)",
        "tokens=",
        "sha256:0f1e2d",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert scrub_text(text) == text


def test_values_under_a_secrets_name_are_masked_at_any_depth() -> None:
    facts = {"a": [{"password": "x y", "rows": 3}], "SAS_TOKEN": "abc", "apiKey": "k", "key": ["id"]}
    assert scrub(facts) == {
        "a": [{"password": "[secret]", "rows": 3}],
        "SAS_TOKEN": "[secret]",
        "apiKey": "[secret]",
        "key": ["id"],
    }


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_scrubbing_twice_changes_nothing_more(text: str) -> None:
    once = scrub_text(text)
    assert scrub_text(once) == once


PIECES = [
    "password",
    "pass_word",
    "api_key",
    "accountKey",
    "sharedAccessKey",
    "token",
    "sig",
    "secret",
    "pwd",
    "passwd",
]
PIECES += [
    ":",
    "=",
    '"',
    "'",
    "@",
    "a.b",
    "sk-",
    "pk-",
    "ghp_",
    "github_pat_",
    "glpat-",
    "AKIA",
    "ASIA",
    "xoxb-",
    "dapi",
]
PIECES += ["Bearer", "Basic", "eyJ", "://", "postgres", "/", "x", "ſ", "ı", "K", "-", "_"]
LONG = [
    "0123456789abcdef" * 2,
    "ABCDEFGH12345678",
    "abcdefghijklmnopqrstuvwx",
    " ",
    "\n",
    "-----BEGIN RSA PRIVATE KEY-----",
]


@given(
    st.lists(st.sampled_from([*PIECES, *LONG]), min_size=1, max_size=6).map("".join),
    st.sampled_from([str, str.upper, str.lower]),
)
def test_the_quick_look_first_hides_nothing_from_the_patterns(text: str, spelled: Callable[[str], str]) -> None:
    from resources import scrub as module

    text = spelled(text)
    thorough = text
    for pattern, mask in module._PATTERNS:  # what scrubbing does once the quick look found something
        thorough = pattern.sub(mask, thorough)
    assert scrub_text(text) == thorough


@pytest.mark.parametrize(
    "secret",
    [
        "github" + "_pat_" + "a1B2c3D4e5" * 4,
        "GOC" + "SPX-" + "a1B2c3D" * 4,
        "wh" + "sec_" + "a1B2c3D4" * 4,
        "S" + "K" + "0a1b2c3d" * 4,
        "dc" + "kr_pat_" + "a1B2c3D4e" * 3,
        "123456789" + ":A" + "A" + "a1B2c3D4e5F" * 3,
        "sh" + "pat_" + "0a1b2c3d" * 4,
        "do" + "p_v1_" + "0a1b2c3d" * 8,
        "hv" + "s." + "a1B2c3D4" * 3,
        "gl" + "sa_" + "a1B2c3D4" * 4 + "_0a1b2c3d",
        "np" + "m_" + "a1B2c3D4e" * 4,
        "S" + "G." + "a1B2c3D4e5F" * 2 + "." + "a1B2c3D4e5F" * 4,
        "https://hooks.slack" + ".com/services/T0A1B2C3D/B0A1B2C3D/" + "a1B2c3D4" * 3,
    ],
)
def test_tokens_of_known_issuers_are_found_and_kept_out_of_texts(secret: str) -> None:
    assert [found.type for found in find_secrets(f"login with {secret} failed")] == ["API_KEY"]
    assert secret[-12:] not in scrub_text(f"login with {secret} failed")


@pytest.mark.parametrize(
    "text",
    ["?sv=1&sig=" + "a1B2c3D4e5" * 4, "DB_PASS" + "WORD=a1B2c3D4e5F6", "Bas" + "ic " + "a1B2c3D4e5" * 3],
)
def test_secrets_that_are_named_are_found_whatever_their_form(text: str) -> None:
    assert [found.type for found in find_secrets(text)] == ["API_KEY"]


@pytest.mark.parametrize("text", ["DB_PASS" + "WORD=${DB}", "Basic understanding", "ask about the key-value store"])
def test_names_of_secrets_are_none(text: str) -> None:
    assert find_secrets(text) == []
