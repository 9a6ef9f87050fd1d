"""rendering: the documented syntax renders as documented, and data stays data."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from retour import limits
from retour.model import EmailContent, Rendered, SmsContent
from retour.rendering import (
    Compiled,
    RenderTrouble,
    compile_email,
    compile_sms,
    missing,
)
from retour.rendering.tokens import TOKENS

ANN = {"profile": {"person": {"name": {"firstName": "Ann"}}}, "context": {"order": {"id": "4711"}}}

printable = st.characters(codec="utf-8", exclude_categories=["Cc"])
any_text = st.text(alphabet=printable | st.sampled_from("\t\r\n"))
signs = ["{{", "}}", "{%", "%}", "{#", "#}", "{{{", "}}}", '"', "'", "<b>", "&", "\\", "\x02%", "\x02{"]
tricky = st.lists(st.sampled_from([*signs, "profile", "__class__"]) | st.text(max_size=4)).map("".join)
conditions = st.sampled_from(
    ["profile.a", "not context.b.c", "context.b.c = 1 or profile.a < 'x'", "(context.b.c >= -2) and true"]
)
tags = st.sampled_from(
    [
        *(
            "{{profile.a}}",
            "{{{context.b.c}}}",
            '{%= profile.a ?: "x" %}',
            "{{profile.a ?: context.b.c ?: 1}}",
        ),
        *("{{! c }}", "<p>", "\r\n", "{ {%= 1 %}", "{{profile.a.b}}"),
    ]
)
templates = st.recursive(
    st.lists(tags, max_size=4).map("".join),
    lambda inner: st.tuples(conditions, inner, conditions, inner, inner).map(
        lambda parts: "{{%#if {}%}}{}{{{{else if {}}}}}{}{{%else%}}{}{{{{/if}}}}".format(*parts)
    ),
    max_leaves=12,
)
values = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
json_values = st.recursive(
    values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


def compiled(**content: str) -> Compiled:
    made = compile_email(EmailContent(**{"subject": "s", **content}))
    assert isinstance(made, Compiled), made
    return made


def in_html(template: str, data: dict[str, Any]) -> str:
    return compiled(html=template).render(data).html or ""


def in_text(template: str, data: dict[str, Any]) -> str:
    return compiled(text=template).render(data).text or ""


# --- rendering ---


def test_a_message_is_rendered_part_by_part() -> None:
    content = EmailContent(
        subject="Order {{context.order.id}}", html="<p>{{profile.person.name.firstName}}</p>", text="Hi"
    )
    made = compile_email(content)
    assert isinstance(made, Compiled)
    assert made.render(ANN) == Rendered(subject="Order 4711", html="<p>Ann</p>", text="Hi")


def test_parts_that_are_not_there_are_not_rendered() -> None:
    sms = compile_sms(SmsContent(text="Order {{context.order.id}} <on its way>"))
    assert isinstance(sms, Compiled)
    assert sms.render(ANN) == Rendered(text="Order 4711 <on its way>")
    assert compiled(text="x").render(ANN).html is None


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (None, ""),
        ("", ""),
        ([], ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (12.5, "12.5"),
        (2**53, "9007199254740992"),
        (2**200, str(2**200)),
        ({}, "{}"),
        ({"a": [1, None]}, '{"a":[1,null]}'),
        ("é😀", "é😀"),
    ],
)
def test_a_value_is_written_as_documented(value: object, printed: str) -> None:
    assert in_text("{{context.v}}", {"context": {"v": value}}) == printed


@pytest.mark.parametrize("value", [None, "", [], False, 0, 0.0])
def test_what_is_empty_is_false(value: object) -> None:
    template = "{{#if context.v}}yes{{else}}no{{/if}}{{#unless context.v}}unless{{/unless}}"
    assert in_text(template, {"context": {"v": value}}) == "nounless"
    assert in_text(template, {}) == "nounless"


@pytest.mark.parametrize("value", [True, 1, -0.5, "0", "false", " ", [0], [[]], {}, {"a": 1}])
def test_everything_else_is_true(value: object) -> None:
    assert in_text("{{#if context.v}}yes{{else}}no{{/if}}", {"context": {"v": value}}) == "yes"


@pytest.mark.parametrize(
    ("condition", "value", "truth"),
    [
        ('v = "nl"', "nl", True),
        ("v == 'nl'", "NL", False),
        ("v != 'nl'", None, True),
        ("v = ''", None, True),
        ("v = 3", "3", True),
        ("v = 3", 3.0, True),
        ("v = 3", "three", False),
        ("v = 1", True, False),
        ("v = true", "true", True),
        ("v = true", True, True),
        ("v = true", "yes", False),
        ("v != false", None, True),
        ("v > 9", "12", True),
        ("v > 9", 9, False),
        ("v >= 9", 9, True),
        ("v < 9", None, False),
        ("v >= 9", None, False),
        ("v <= -0.5", -1, True),
        ("9 < v", 10, True),
        ("v < 'b'", "a", True),
        ("v > 'b'", 3, False),
        ("not v = 3 and v = 4", 4, True),
        ("v = 1 or v = 2 and v = 3", 1, True),
        ("(v = 1 or v = 2) and v = 3", 1, False),
        ("not (v = 1 or v = 2)", 3, True),
        ("not not v", 1, True),
        ("v = '\\'' or v = \"a\\\"b\"", 'a"b', True),
        ("v = profile.w", "same", True),
    ],
)
def test_conditions_compare_as_documented(condition: str, value: object, truth: bool) -> None:
    named = re.sub(r"\bv\b", "context.v", condition)
    data = {"context": {"v": value}, "profile": {"w": "same"}}
    assert in_text(f"{{%#if {named}%}}yes{{%/if%}}", data) == ("yes" if truth else "")
    assert in_text(f"{{{{#unless {named}}}}}no{{{{/unless}}}}", data) == ("" if truth else "no")


def test_blocks_stand_inside_each_other_in_either_style() -> None:
    template = "{%#if context.a%}a{{#unless context.b}}b{{else if context.c}}c{%else%}d{%/unless%}{{/if}}e"
    assert in_text(template, {}) == "e"
    assert in_text(template, {"context": {"a": 1}}) == "abe"
    assert in_text(template, {"context": {"a": 1, "b": 1, "c": 1}}) == "ace"
    assert in_text(template, {"context": {"a": 1, "b": 1}}) == "ade"


@given(any_text)
@example("{# no comment #} {{ \r\n")
@example("a\r\nb\n")
def test_text_without_tags_stays_what_it_is(text: str) -> None:
    plain = text.replace("{{", "{ {").replace("{%", "{ %")
    assert in_html(plain, {}) == plain
    assert in_text(plain, {}) == plain


@pytest.mark.parametrize("breaks", ["\r\n", "\n", "\r", "\n\r\n\n", "\x0b", "\x85", "\u2028", "\0"])
def test_a_subject_stays_one_line(breaks: str) -> None:
    made = compiled(subject="Hi {{context.name}}", text="")
    assert made.render({"context": {"name": f"Ann{breaks}Bcc: x"}}).subject == "Hi Ann Bcc: x"


# --- data stays data ---


@given(tricky)
def test_data_is_never_a_template_and_always_escaped_in_html(data: str) -> None:
    told = {"context": {"v": data}, "profile": {}}
    written = in_html("<i title='{{context.v}}'>{%= context.v %}{{context.v ?: ''}}</i>", told)
    [title, *others] = re.fullmatch(r"<i title='([^<>\"']*)'>([^<>\"']*)</i>", written, re.DOTALL).groups()  # type: ignore[union-attr]
    assert html.unescape(title) == data
    assert html.unescape(others[0]) == data * 2
    assert in_text("{{context.v}}", told) == data
    assert in_html("{{{context.v}}}", told) == data


@given(tricky)
def test_a_literal_is_never_a_template_either(text: str) -> None:
    literal = re.sub(r"[\x00-\x1f\x7f]", "", text).replace("\\", "\\\\").replace('"', '\\"')
    template = '{%= context.v ?: "' + literal + '" %}'
    wanted = re.sub(r"[\x00-\x1f\x7f]", "", text)
    assert in_text(template, {}) == wanted
    assert html.unescape(in_html(template, {})) == wanted


@pytest.mark.parametrize(
    "name", ["__class__", "keys", "items", "__init__.__globals__", "get", "copy", "__dict__"]
)
def test_nothing_of_python_can_be_reached(name: str) -> None:
    kinds: list[dict[str, Any]] = [{"profile": {}}, {"profile": "text"}, {"profile": []}, {"profile": 3}, {}]
    for data in kinds:
        assert in_text(f"[{{{{profile.{name}}}}}{{{{profile.a.{name}}}}}]", data) == "[]"


@pytest.mark.parametrize(
    "value", [object(), b"bytes", {1, 2}, (1,), type("Markup", (str,), {"__html__": str})("<b>")]
)
def test_what_is_not_plain_json_data_is_a_bug_that_is_seen(value: object) -> None:
    with pytest.raises(TypeError, match=r"context\.v is a .+; templates take plain JSON data only"):
        in_html("{{context.v}}", {"context": {"v": value}})


@given(templates, json_values, json_values)
@settings(max_examples=300)
def test_what_compiles_renders_with_any_data(template: str, first: object, second: object) -> None:
    made = compile_email(EmailContent(subject=template, html=template, text=template))
    assert isinstance(made, Compiled)
    full: dict[str, Any] = {"profile": {"a": first}, "context": {"b": {"c": second}}}
    odd: dict[str, Any] = {"profile": first, "context": second}
    for data in ({}, full, odd):
        rendered = made.render(data)
        assert len((rendered.subject or "").splitlines()) <= 1


# --- variables and problems ---


def test_variables_are_told_in_order_of_appearance() -> None:
    made = compiled(
        subject="{{context.order.id}}",
        html="{%#if profile.vip = context.level%}{{profile.name}}{%/if%}{{context.order.id}}",
        text='{%= context.note ?: "x" %}{{! context.never }}',
    )
    assert made.variables == (
        "context.order.id",
        "profile.vip",
        "context.level",
        "profile.name",
        "context.note",
    )
    assert made.required == ("context.order.id",)


def test_absent_and_null_are_missing_and_empty_is_not() -> None:
    required = ("profile.a", "context.b.c", "context.d", "context.e")
    assert missing(required, {}) == required
    data = {"profile": {"a": ""}, "context": {"b": "text", "d": None, "e": 0}}
    assert missing(required, data) == ("context.b.c", "context.d")
    assert missing((), {}) == ()


def test_the_parts_of_a_message_share_what_all_tags_may_have() -> None:
    tags = "{{1}}" * (TOKENS // 4)  # half of it: a tag is a word and its end
    assert isinstance(compile_email(EmailContent(subject="Hi", html=tags, text=tags)), Compiled)
    made = compile_email(EmailContent(subject="{{1}}", html=tags, text=tags + "{{"))
    assert not isinstance(made, Compiled)
    assert [(one.part, one.message) for one in made] == [
        ("text", f"All tags together can have {TOKENS:,} words and signs at most.")
    ]


def test_each_part_tells_its_first_problem() -> None:
    made = compile_email(EmailContent(subject="{{a}}", html="fine", text="{{b}}\n{{c}}"))
    assert isinstance(made, tuple)
    assert [(found.part, found.line) for found in made] == [("subject", 1), ("text", 1)]


# --- limits ---


@pytest.mark.parametrize(
    "template",
    [
        ("{{#if profile.a}}" + "{{else if profile.b}}" * 99) * 32 + "x" + "{{/if}}" * 32,
        "{{#if " + "(" * 8 + " or ".join(["not profile.a = 1"] * 50) + ")" * 8 + "}}x{{/if}}",
        "{{#unless " + "(not " * 8 + "profile.a" + ")" * 8 + "}}x{{/unless}}",
        "{{{" + " ?: ".join(["profile.a"] * 16) + "}}}",
        "{{profile.a}}x" * 20_000,
        "{%=profile.a ?: 1%}x" * 8_000,
        "{{#if profile.a = 1}}x{{else}}y{{/if}}" * 3_333,
    ],
)
def test_what_is_within_the_bounds_renders_within_the_fuel(template: str) -> None:
    for value in ("", 1, "text"):
        in_html(template, {"profile": {"a": value, "b": value}})


def test_fuel_that_runs_out_is_told_as_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RENDER_FUEL", 10)
    made = compiled(text="{{profile.a}}" * 10)
    with pytest.raises(RenderTrouble, match="The text takes more than 10 steps to render"):
        made.render({})


def test_fuel_is_given_anew_to_each_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RENDER_FUEL", 10)
    made = compiled(text="{{profile.a}}", subject="{{profile.a}}")
    for _ in range(20):
        assert made.render({"profile": {"a": "x"}}).text == "x"


def test_a_message_over_two_megabytes_is_trouble() -> None:
    template = "{{context.v}}" * 10
    assert len(in_text(template, {"context": {"v": "v" * 200_000}})) == 2_000_000
    with pytest.raises(RenderTrouble, match="The rendered message has more than 2,097,152 bytes"):
        in_text(template, {"context": {"v": "v" * 210_000}})
    with pytest.raises(RenderTrouble, match="The rendered message has more than"):
        compiled(html=template, text="{{context.v}}").render({"context": {"v": "é" * 100_000}})


def test_a_message_that_would_fill_the_memory_is_not_begun() -> None:
    made = compiled(html="{{context.v}}" * 20_000)
    with pytest.raises(RenderTrouble, match="The rendered html has more than"):
        made.render({"context": {"v": "v" * 200_000}})


def test_branches_that_are_not_taken_do_not_count() -> None:
    branches = "".join(f"{{%#if context.n = {number}%}}{{{{context.v}}}}{{%/if%}}" for number in range(20))
    assert len(in_html(branches, {"context": {"n": 7, "v": "v" * 150_000}})) == 150_000


def test_a_text_message_has_a_bound_in_characters() -> None:
    sms = compile_sms(SmsContent(text="{{context.v}}"))
    assert isinstance(sms, Compiled)
    assert sms.render({"context": {"v": "é" * 1_600}}).text == "é" * 1_600
    with pytest.raises(
        RenderTrouble, match="The text message has 1,601 characters; at most 1,600 are allowed"
    ):
        sms.render({"context": {"v": "v" * 1_601}})
