"""Text from outside on a card: it is read as written, and does nothing."""

from __future__ import annotations

import re

import pytest

from agents.core.approval import ApprovalRequest, Effects, Facts, Requester
from agents.core.risk import Risk
from agents.tools.evidence import decided_card
from agents.tools.evidence.charts import Bars, bar_chart
from agents.tools.evidence.personal import suggests
from agents.tools.evidence.spec_lines import spec_diff
from resources.markdown import block, clean, duration, listed, money, person, plain, quoted, size, table
from tests.unit.evidence_world import charts, table_rows, tokens

HOSTILE = (
    "![x](http://evil.example/p.png)",
    "[approve](https://evil.example)",
    "<img src=x onerror=alert(1)>",
    "<b>low risk</b>",
    "` ``` </code><script>1</script>",
    "a | b | c",
    "a\\| b | `c`",
    "# heading\n\n- list\n\n> quote",
    "line\n| --- | --- |\n| forged | row |",
    "https://evil.example/x www.evil.example mail@evil.example",
    "<https://evil.example>",
    "**bold** _it_ ~~no~~ &lt;b&gt; &#60;b&#62;",
    "[ref]: http://evil.example\n[ref]",
    "\u202egro.elpmaxe\u202c \u200bprod",
    "$x$ \\",
)
# What GitHub's flavour of markdown, which Dagster's UI reads, makes links of.
LINKED = re.compile(r"https?://|www\.|[-.\w+]@[-\w]")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_makes_no_link_image_html_or_row(text: str) -> None:
    card = "\n".join(
        [
            f"## {quoted(text)} {plain(text)}",
            *table(("a", "b"), [(quoted(text), plain(text)), ("`c`", "d")]),
            plain(text),
        ]
    )
    found = tokens(card)
    kinds = {token.type for token in found}
    assert not kinds & {"link_open", "image", "html_inline", "html_block", "strong_open", "em_open", "s_open"}
    assert not kinds & {"bullet_list_open", "blockquote_open", "fence", "code_block"}
    assert sum(token.type == "heading_open" for token in found) == 1
    assert [len(row) for row in table_rows(card)] == [2, 2, 2]
    # Dagster's reader makes links of bare addresses after parsing, in text but not in code.
    words = [token.content for token in found if token.type == "text"]
    assert not any(LINKED.search(word) for word in words)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_line_of_a_spec_ends_its_block(text: str) -> None:
    card = "\n".join([*block(["+sql: |", *text.splitlines(), "```", "~~~", "````"], "diff"), "after"])
    (fence,) = [token for token in tokens(card) if token.type == "fence"]
    assert fence.info == "diff"
    assert "````" in fence.content
    assert card.endswith("after")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_picture_stays_one_and_its_words_are_text(text: str) -> None:
    image = bar_chart("Rows", ("now", text), [Bars(text, 1.0, None)], lambda value: f"{value:g}")
    (picture,) = [token for token in tokens(image) if token.type == "image"]
    assert str(picture.attrs["src"]).startswith("data:image/svg+xml;base64,")
    ((_, words),) = charts(image)
    assert "none" in words


def test_a_decided_card_quotes_what_people_wrote() -> None:
    effects = Effects("prod", ("write_data",), {"prod/bronze/<b>x</b>": ""}, unknown=("[a](http://x.example)",))
    request = ApprovalRequest(
        "AR-1", "cancelled", effects, effects.digest, Requester("<i>eve</i>", False, ("[ann](http://y.example)",)),
        Facts(), Risk("low"), (), 1, frozenset(), "", 0.0, 0.0, reason="![x](http://z.example)",
    )  # fmt: skip
    kinds = {token.type for token in tokens(decided_card(request))}
    assert not kinds & {"link_open", "image", "html_inline", "html_block"}


def test_secrets_never_show_and_people_stay_readable() -> None:
    assert "hunter2" not in quoted("mysql://root:hunter2@db/x")
    assert "hunter2" not in "".join(block(["+sql: SELECT * FROM f(password = 'hunter2')"], "diff"))
    assert quoted("write to ann@example.org") == "`write to [email]`"
    assert person("ann@example.org") == "`ann@example.org`"


def test_long_text_says_how_much_is_left_out() -> None:
    assert clean("x" * 170) == "x" * 170, "saying that something is left out would be longer"
    assert clean("x" * 200) == "x" * 160 + "… (40 characters left out)"
    assert listed([f"t{n}" for n in range(9)], 2) == "`t0`, `t1` and 7 more"


def test_a_long_line_of_a_diff_is_read_to_its_end() -> None:
    columns = ", ".join(f"column_{n}" for n in range(40))
    shown = block([f"+sql: SELECT {columns} FROM t WHERE 1 = 1", "unchanged"], "diff")[2:-2]
    assert len(shown) > 2
    assert all(line.startswith("+") and len(line) <= 160 for line in shown[:-1])
    assert "".join(line.removeprefix("+    ") for line in shown[:-1]).endswith("column_39 FROM t WHERE 1 = 1")
    assert block(["x" * 5000], "diff")[-3].endswith("(1000 characters left out)")


def test_figures_read_as_people_write_them() -> None:
    assert [size(n) for n in (0, 999, 1500, 2_340_000, 5e12)] == ["0 bytes", "999 bytes", "1.5 kB", "2.34 MB", "5 TB"]
    assert [money(n) for n in (0, 0.0083, 2, 1234.5)] == ["0.00", "0.0083", "2.00", "1,234.50"]
    assert [duration(n) for n in (3, 90, 7200)] == ["3 s", "1.5 min", "2.0 h"]


def test_a_diff_shows_what_has_an_effect_and_nothing_else() -> None:
    before = {"name": "t", "layer": "gold", "sql": "SELECT 1 AS a", "description": "old", "owners": ["a"]}
    after = {**before, "sql": "SELECT 2 AS a", "description": "new", "owners": ["b"], "environments": ["prod"]}
    assert spec_diff(before, after).lines == ("-sql: SELECT 1 AS a", "+sql: SELECT 2 AS a")
    assert spec_diff(before, {**before, "description": "new"}).kind == "unchanged"
    assert spec_diff(before, None).kind == "removed"


def test_classes_of_columns_take_a_line_where_they_are_personal_data_and_one_for_all_others() -> None:
    columns = {
        "order_no": {"pii": "none", "confidence": 0.8},
        "email": {"pii": "EMAIL_ADDRESS", "confidence": 0.9, "mask": {"method": "hash"}},
        "total": {"pii": "none"},
        "said": {"description": "what was said"},
    }
    found = spec_diff({"sql": "SELECT 1"}, {"sql": "SELECT 1", "columns": columns})
    added = [line for line in found.lines if line.startswith("+")]
    assert added == [
        '+columns.email: EMAIL_ADDRESS, masked: {"method": "hash"}',
        "+columns without personal data: order_no, total",
    ]
    surer = {**columns, "email": {**columns["email"], "confidence": 1.0}}
    assert spec_diff({"columns": columns}, {"columns": surer}).kind == "unchanged"


def test_other_values_in_a_rule_show_as_a_change_without_the_values() -> None:
    def entry(values: list[str]) -> dict[str, object]:
        kwargs = {"column": "status", "value_set": values}
        return {"rules": [{"type": "expect_column_values_to_be_in_set", "kwargs": kwargs, "meta": {"action": "block"}}]}

    found = spec_diff(entry(["paid", "open"]), entry(["paid", "void"]))
    assert (found.kind, found.added, found.removed) == ("changed", 1, 1)
    assert "void" not in "".join(found.lines)


@pytest.mark.parametrize("name", ["email", "customer_email", "EMail", "phone2", "firstName", "birth_date", "zip_code"])
def test_columns_whose_names_suggest_personal_data(name: str) -> None:
    assert suggests(name)


@pytest.mark.parametrize(
    "name", ["order_id", "amount", "product_name", "updated_at", "cardinality", "zipped", "status"]
)
def test_columns_whose_names_suggest_none(name: str) -> None:
    assert not suggests(name)
