"""rendering: whatever the template and the data are, it ends soon, and in a message, a problem or named trouble."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retour import limits
from retour.model import EmailContent, Rendered, SmsContent
from retour.rendering import Compiled, RenderTrouble, compile_email, compile_sms
from retour.rendering.functions import FUNCTIONS
from retour.rendering.problems import Problem
from retour.rendering.syntax import Translation, translate

pytestmark = pytest.mark.slow  # seconds in all

NOW = 1_769_851_800_000_000
SECONDS = 1.0

# --- any text ---

words = [
    *(
        "{{",
        "}}",
        "{%",
        "%}",
        "{{{",
        "}}}",
        "{%=",
        "#if ",
        "#unless ",
        "#each ",
        "#with ",
        "/if",
        "/each",
        "/with",
    ),
    *(
        "else",
        "else if ",
        "let ",
        "as |x|",
        "as |x y|",
        "this",
        "this.a",
        "../",
        "..",
        "@index",
        "@../first",
        "@key",
    ),
    *(
        "profile.a",
        "context.b.c",
        "context.items",
        "x",
        "x.a",
        "y",
        " = ",
        " != ",
        " >= ",
        " < ",
        " and ",
        " or ",
    ),
    *(
        " not ",
        "(",
        ")",
        "[",
        "]",
        ",",
        " + ",
        " - ",
        " * ",
        " / ",
        " % ",
        '"x"',
        "'y'",
        "1",
        "-2.5",
        "true",
        "null",
    ),
    *(" ?: ", "{{!--", "--}}", "{{!", "text", "\n", "|", "\x02", "`a b`", ".[0]", ".0", "\\", "“"),
    *(
        f"{name}("
        for name in ("upperCase", "formatDate", "sum", "topN", "replaceAll", "like", "in", "nosuch")
    ),
]
fragments = st.lists(st.sampled_from(words), max_size=50).map("".join)


@given(st.text() | fragments)
@settings(max_examples=400)
def test_no_text_breaks_the_translator(text: str) -> None:
    started = time.process_time()
    assert isinstance(translate(text), Translation | Problem)
    assert time.process_time() - started < SECONDS


# --- valid templates ---

ascii_texts = st.text(alphabet="abcXY <&'.-_%0123456789:/@é", max_size=8)
texts = st.one_of(
    ascii_texts.map(lambda text: '"' + text + '"'),
    st.sampled_from(
        [
            '"2024-11-01T17:19:51Z"',
            '"yyyy-MM-dd"',
            '"nl_NL"',
            '"Europe/Amsterdam"',
            '"[^a-z]+"',
            '"12"',
            '"%a_"',
        ]
    ),
)
paths = st.sampled_from(
    [
        *(
            "profile.a",
            "context.b.c",
            "context.items",
            "context.items.0.n",
            "context.items.n",
            "context.`x y`",
        ),
        *("a", "b", "b.n", "i", "i.n", "i.n.m", "this", "this.n", "../context.items.1"),
    ]
)
atoms = paths | texts | st.integers(-3, 2_000).map(str) | st.sampled_from(["0.5", "true", "null"])


def calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def arguments(name: str) -> st.SearchStrategy[str]:
        function = FUNCTIONS[name]
        most = min(function.most, 4)
        listed = st.lists(inner, min_size=min(function.least, most), max_size=most)
        return listed.map(lambda given: f"{name}({', '.join(given)})")

    return st.sampled_from(sorted(FUNCTIONS)).flatmap(arguments)


def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    sign = st.sampled_from(["+", "-", "*", "/", "%", "=", "!=", "<", ">=", "and", "or", "?:"])
    return st.one_of(
        calls(inner),
        calls(inner),
        st.tuples(inner, sign, inner).map(lambda parts: f"({' '.join(parts)})"),
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        inner.map(lambda one: f"(not {one})"),
    )


expressions = st.recursive(atoms, combined, max_leaves=5)
tags = st.one_of(
    expressions.map(lambda code: "{{" + code + "}}"),
    expressions.map(lambda code: "{{{" + code + "}}}"),
    expressions.map(lambda code: "{%=" + code + "%}"),
    expressions.map(lambda code: "{% let a = " + code + " %}{{a}}"),
    st.sampled_from(["{{! c }}", "<p>", "\r\n", "text " * 60]),
)
SHAPES = (
    "{{#if %s}}%s{{else}}%s{{/if}}",
    "{%%#unless %s%%}%s{%%else%%}%s{%%/unless%%}",
    "{{#each %s as |i|}}%s{{else}}%s{{/each}}",
    "{{#each %s as |i k|}}{{k}}{{@index}}{{@key}}{{@first}}{{@last}}%s{{/each}}%s",
    "{{#with %s as |i|}}%s{{else}}%s{{/with}}",
)
templates = st.recursive(
    st.lists(tags, max_size=3).map("".join),
    lambda inner: st.tuples(st.sampled_from(SHAPES), expressions, inner, inner).map(
        lambda parts: parts[0] % parts[1:]
    ),
    max_leaves=6,
).map(
    lambda body: "{% let a = 1 %}{% let b = context.b %}{{#with context.items as |i|}}" + body + "{{/with}}"
)

scalars = st.one_of(
    *(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=20),
    ),
    st.sampled_from(
        ["2024-11-01T17:19:51Z", "0001-01-01", "9999-12-31T23:59:59+14:00", "12", "-0.5", "1e9", "%_", "("]
    ),
)
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["n", "m", "c", "x y", "keys", "__class__"]), inner, max_size=4)
    ),
    max_leaves=10,
)


RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
three_values = st.tuples(json_values, json_values, json_values)
any_call = calls(atoms | st.just("context.v"))


@given(templates, three_values)
@settings(RELAXED, max_examples=120)
def test_a_template_and_data_end_in_a_message_or_in_named_trouble(template: str, values: Any) -> None:
    render_all(template, values)


@pytest.mark.slow
@given(templates, three_values)
@settings(RELAXED, max_examples=3_000)
def test_many_templates_and_data_end_in_a_message_or_in_named_trouble(template: str, values: Any) -> None:
    render_all(template, values)


@given(any_call, json_values)
@settings(RELAXED, max_examples=300)
def test_a_function_and_data_end_in_a_message_or_in_named_trouble(call: str, value: object) -> None:
    render_call(call, value)


@pytest.mark.slow
@given(any_call, json_values)
@settings(RELAXED, max_examples=5_000)
def test_many_functions_and_data_end_in_a_message_or_in_named_trouble(call: str, value: object) -> None:
    render_call(call, value)


def render_all(template: str, values: Any) -> None:
    first, second, third = values
    started = time.process_time()
    made = compile_email(EmailContent(subject=template, html=template, text=template))
    if isinstance(made, Compiled):
        plain: dict[str, Any] = {"profile": {"a": first}, "context": {"b": second, "items": third}}
        for data in (plain, {"profile": first, "context": second}, {}):
            outcome(made, data)
    assert time.process_time() - started < SECONDS


def render_call(call: str, value: object) -> None:
    text = "{% let a = 1 %}{% let b = 2 %}{{#with context.v as |i|}}{%= " + call + " %}{{/with}}"
    made = compile_sms(SmsContent(text=text))
    if isinstance(made, Compiled):
        outcome(made, {"context": {"v": value, "b": value, "items": value}, "profile": {"a": value}})


def test_most_of_what_is_made_up_here_is_a_valid_template() -> None:
    """Without which the tests above would say nothing."""
    valid: list[bool] = []

    @given(templates)
    @settings(RELAXED, max_examples=100, database=None, derandomize=True)
    def tell(template: str) -> None:
        valid.append(isinstance(translate(template), Translation))

    tell()
    assert sum(valid) > len(valid) // 3


def outcome(made: Compiled, data: dict[str, Any]) -> Rendered | RenderTrouble:
    """Anything else that is raised fails the test."""
    try:
        return made.render(data, now=NOW)
    except RenderTrouble as trouble:
        return trouble


# --- the worst that fits ---

LONG = "v" * 500_000
MANY = list(range(1_000))
LOOP = "{{#each context.many as |i|}}%s{{/each}}"
LOOPS = (
    "{{#each context.many as |i|}}"
    "{{#each context.many as |j|}}{{#each context.many as |k|}}%s{{/each}}{{/each}}{{/each}}"
)
WORST = [
    LOOPS % "",
    LOOPS % "x",
    LOOPS % "{{k}}",
    LOOP % ("x" * 100_000),
    LOOP % ("{%#if i >= 0%}" + "x" * 5_000 + "{%/if%}"),
    LOOP % "{{context.long}}",
    LOOP % "{%#if context.long = context.same%}{%/if%}",
    LOOP % "{%#if context.nested = context.nested%}{%/if%}",
    LOOP % "{%#if upperCase(context.long) = 'x'%}{%/if%}",
    LOOP % "{{#with join(context.many, context.long)}}{{/with}}",
    "{% let x = 'ab' %}" + LOOP % "{% let x = x + x %}" + "{{x}}",
    "{% let x = [1, 2] %}" + LOOP % "{% let x = [x, x] %}" + "{{x}}",
    "{% let x = 2 %}" + LOOP % "{% let x = x * x %}" + "{{x}}",
    "{% let x = replaceAll(context.long, 'v', context.long) %}",
    "{% let x = lastIndexOf(context.long, context.half) %}" * 100,
    "{% let x = indexOf(context.long, context.half) %}" * 100,
    "{% let x = like(context.long, '%v_%_v%_') %}",
    "{% let x = like(context.long, context.long) %}",
    "{% let x = distinct(context.many) %}" * 2_000,
    LOOP % "{% let x = intersects(context.many, context.many) %}",
    LOOP % "{% let x = in(context.long, context.many) %}",
    LOOP % "{% let x = topN(context.many, price, 10) %}",
    LOOP % "{%= formatDate(addDays('2024-01-01', i), 'EEEE d MMMM yyyy', 'nl_NL') %}",
    LOOP % ("{%#if " + " or ".join(["i = 'x'"] * 50) + "%}{%/if%}"),
    LOOP % ("{%#if " + " or ".join(["contains(context.long, 'y')"] * 33) + "%}{%/if%}"),
    "{{#if profile.a = 'x'}}y{{/if}}" * 3_000,
    "".join(f"{{{{context.nested{'.n' * depth}}}}}" for depth in range(30)),
]


@pytest.mark.parametrize("template", WORST, ids=range(len(WORST)))
def test_the_worst_that_fits_ends_soon(template: str) -> None:
    nested: Any = LONG
    for _ in range(30):
        nested = {"n": nested}
    data = {
        "context": {
            "long": LONG,
            "same": "v" * len(LONG),
            "half": "x" + LONG[:250_000],
            "many": MANY,
            "nested": nested,
        }
    }
    made = compile_email(EmailContent(subject="", html=template))
    assert isinstance(made, Compiled), made
    started = time.process_time()
    outcome(made, data)
    assert time.process_time() - started < 2 * SECONDS


def test_a_list_of_a_thousand_and_one_items_is_named_trouble() -> None:
    made = compile_sms(SmsContent(text="{{#each context.v}}{{/each}}"))
    assert isinstance(made, Compiled)
    assert made.render({"context": {"v": [1] * 1_000}}).text == ""
    with pytest.raises(RenderTrouble, match="An each has 1,001 items; at most 1,000 are allowed"):
        made.render({"context": {"v": [1] * 1_001}})


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "{{",
            "{%#if ",
            "{{!",
            '{{"',
            "{{ ",
            "{{#if (",
            "{{profile.a",
            "{{1",
            "}}",
            "\\",
            "{{'\\",
            "{{profile.a}}",
        ),
        *(
            "a.",
            "not ",
            "{{../",
            "{{@",
            "{% let a = ",
            "{{[",
            "{{head(",
            "{{profile.`",
            "{{#each profile.a as |",
        ),
        *("{{- ", "{{1+", "{{upperCase(", "{% let a = 1 %}{{a}}", "{{#each profile.a}}"),
    ],
)
def test_the_longest_text_is_read_at_once(unit: str) -> None:
    started = time.process_time()
    for text in (
        unit * (limits.TEMPLATE_BYTES // len(unit)),
        unit + unit[-1] * (limits.TEMPLATE_BYTES - len(unit)),
    ):
        translate(text)
    assert time.process_time() - started < 2 * SECONDS
