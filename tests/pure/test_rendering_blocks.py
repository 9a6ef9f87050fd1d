"""rendering: loops, with and let do what Handlebars and Journey Optimizer say, and hold nothing but plain data."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retour import limits
from retour.model import EmailContent, SmsContent
from retour.rendering import Compiled, RenderTrouble, compile_email, compile_sms

ITEMS = [{"name": "tea", "price": 4.5, "sizes": ["s", "m"]}, {"name": "cup", "price": "12", "sizes": []}]
ORDER: dict[str, Any] = {
    "context": {"items": ITEMS, "order": {"id": "4711"}, "a": "A"},
    "profile": {"vip": True},
}


def compiled(text: str) -> Compiled:
    made = compile_sms(SmsContent(text=text))
    assert isinstance(made, Compiled), made
    return made


def in_text(template: str, data: dict[str, Any] = ORDER) -> str:
    return compiled(template).render(data).text or ""


def in_html(template: str, data: dict[str, Any] = ORDER) -> str:
    made = compile_email(EmailContent(subject="", html=template))
    assert isinstance(made, Compiled), made
    return made.render(data).html or ""


def trouble(template: str, data: dict[str, Any] = ORDER) -> str:
    with pytest.raises(RenderTrouble) as caught:
        in_text(template, data)
    return str(caught.value)


# --- each ---


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("{{#each context.items as |i|}}{{i.name}} {{/each}}", "tea cup "),
        ("{%#each context.items as |i|%}{%= i.name %} {%/each%}", "tea cup "),
        ("{{#each context.items}}{{this.name}} {{/each}}", "tea cup "),
        ("{{#each context.items as |i n|}}{{n}}{{i.name}}{{/each}}", "0tea1cup"),
        (
            "{{#each context.items}}{{@index}}{{@key}}{{@first}}{{@last}} {{/each}}",
            "00truefalse 11falsetrue ",
        ),
        ("{{#each context.order as |v k|}}{{k}}={{v}} {{@key}}{{/each}}", "id=4711 id"),
        (
            "{{#each context.items}}{{#each this.sizes as |s|}}{{s}}{{../name}}{{@../index}}{{../@last}} "
            "{{/each}}{{/each}}",
            "stea0false mtea0false ",
        ),
        ("{{#each context.items as |i|}}{{#each i.sizes}}{{i.name}}{{this}}{{/each}}{{/each}}", "teasteam"),
        ("{{#each context.items}}{{#each this.sizes}}{{this}}{{else}}none{{/each}};{{/each}}", "sm;none;"),
        ("{{#each context.items as |i|}}{%#if i.price > 5%}{{i.name}}{%else%}-{%/if%}{{/each}}", "-cup"),
        (
            "{{#each context.items as |i|}}{{context.a}}{{profile.vip}}{{@root.context.a}}{{../context.a}} {{/each}}",
            "AtrueAA AtrueAA ",
        ),
        ("{{#each [1, 'b', true]}}{{this}}{{/each}}", "1btrue"),
        ("{{#each split('a,b', ',')}}[{{this}}]{{/each}}", "[a][b]"),
        (
            "{{#each context.items as |x|}}{{#with x as |y|}}{{y.name}}{{../price}}{{@index}}{{/with}} {{/each}}",
            "tea4.50 cup121 ",
        ),
        (
            "{{#each context.nobody}}x{{else}}none{{/each}}{{#each context.a}}x{{else}}text{{/each}}",
            "nonetext",
        ),
    ],
)
def test_each_goes_through_a_list(template: str, written: str) -> None:
    assert in_text(template) == written


@pytest.mark.parametrize("value", [None, "", "text", 0, 7, True, [], {}])
def test_what_is_no_list_takes_the_else(value: object) -> None:
    assert in_text("{{#each context.v}}x{{else}}none{{/each}}", {"context": {"v": value}}) == "none"


def test_items_are_escaped_in_html_and_with_triple_braces_they_are_not() -> None:
    data = {"context": {"v": ["<b>", {"a": "&"}]}}
    assert (
        in_html("{{#each context.v}}{{this.a}}{{this}}{{/each}}", data)
        == "&lt;b&gt;&amp;{&quot;a&quot;:&quot;&amp;&quot;}"
    )
    assert in_html("{{#each context.v}}{{{this.a}}}{%= this.a %}{{/each}}", data) == "&&amp;"
    assert in_text("{{#each context.v}}{{this.a}}{{/each}}", data) == "&"


# --- with ---


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("{{#with context.order as |o|}}{{o.id}}{{this.id}}{{/with}}", "47114711"),
        ("{{#with context.order}}{{#with this.id as |id|}}{{id}}{{../id}}{{/with}}{{/with}}", "47114711"),
        ("{{#with context.nobody}}x{{else}}none{{/with}}", "none"),
        ("{{#with head(context.items) as |first|}}{{first.name}}{{/with}}", "tea"),
        ("{{#with context.order as |o|}}{{#with o as |o|}}{{o.id}}{{/with}}{{/with}}", "4711"),
    ],
)
def test_with_shortens_a_name(template: str, written: str) -> None:
    assert in_text(template) == written


# --- let and calculations ---


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("{% let s = 0 %}{{#each context.items as |p|}}{% let s = s + p.price %}{{/each}}{{s}}", "16.5"),
        (
            "{% let s = 0 %}{{#each context.items as |p|}}{%#if p.price > 5%}"
            "{%let s = s + p.price%}{%/if%}{{/each}}{{s}}",
            "12",
        ),
        ("{%#if profile.vip%}{% let x = 1 %}{%/if%}{{x}}", "1"),
        ("{%#if context.nobody%}{% let x = 1 %}{%/if%}[{{x}}]", "[]"),
        ("{% let x = context.order %}{{x.id}}", "4711"),
        ("{% let x = 'a' %}{% let x = x + 'b' %}{{x}}{{{x}}}{%= x %}", "ababab"),
        ("{% let x = 1 %}{{#each context.items as |x|}}{{x.name}}{{/each}}{{x}}", "teacup1"),
        ("{%= 1 + 2 * 3 - 4 / 2 %}", "5"),
        ("{%= (1 + 2) * 3 %}", "9"),
        ("{%= 10 - 2 - 3 %}", "5"),
        ("{%= -3 + 1 %} {%= 5 -2 %} {%= - context.items.1.price %}", "-2 3 -12"),
        ("{%= -7 % 3 %}", "-1"),
        ("{%= 0.1 + 0.2 %} {%= 1 / 3 %} {%= 6 / 3 %}", "0.3 0.333333333333333 2"),
        ("{%= '1' + '2' %} {%= '1' + 2 %} {%= 'a' + 2 %}", "12 3 a2"),
        ("{%= context.nobody + 1 %} {%= context.nobody + 'x' %} {%= context.nobody * 2 %}", "1 x 0"),
        ("{%= 999999999999999 * 9 %}", "8999999999999991"),
        ("{%= true + 'x' %} {%= null + 'x' %}", "truex x"),
        ("{%= 1 + 1 = 2 and 'b' > 'a' %}", "true"),
        ("{%= profile.vip and context.nobody %}", "false"),
    ],
)
def test_let_keeps_a_value_and_numbers_are_calculated(template: str, written: str) -> None:
    assert in_text(template) == written


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{%= context.a * 2 %}", "A side of * in line 1 has to be a number, as in 12 or 0.5."),
        ("\n{%= 1 / 0 %}", "A side of / in line 2 has to be divided by something else than 0."),
        ("{%= 1 % context.nobody %}", "A side of % in line 1 has to be divided by something else than 0."),
        ("{%= context.items - 1 %}", "A side of - in line 1 has to be a number, as in 12 or 0.5."),
        ("{%= [context.items] %}", "A list in brackets can't hold a list or an object."),
        (
            "{%= addDays(context.a, 1) %}",
            "Argument 1 of addDays in line 1 has to be a date, as in 2024-11-01T17:19:51Z.",
        ),
        (
            "{%= addYears('2024-01-01', 9000) %}",
            "What addYears works on in line 1 has to be within the calendar.",
        ),
    ],
)
def test_what_can_t_be_done_with_this_data_is_named_trouble_without_the_data(
    template: str, message: str
) -> None:
    assert trouble(template) == message


def test_a_let_belongs_to_one_part_and_one_message() -> None:
    made = compile_email(EmailContent(subject="{% let x = context.a %}{{x}}", html="{{x}}"))
    assert isinstance(made, tuple)
    assert made[0].part == "html"
    again = compiled("{%#if context.a%}{% let x = context.a %}{%/if%}[{{x}}]")
    assert again.render({"context": {"a": "A"}}).text == "[A]"
    assert again.render({}).text == "[]"


plain = st.recursive(
    st.sampled_from(["context.a", "context.b.c", "profile.d", "'x'", "12", "-0.5", "true", "null", "'12'"]),
    lambda inner: st.tuples(inner, st.sampled_from(["=", "!=", "<", ">=", "and", "or", "?:"]), inner).map(
        lambda parts: f"({' '.join(parts)})"
    ),
    max_leaves=5,
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("c"), inner, max_size=1),
    max_leaves=4,
)


@given(plain, values, values)
def test_an_expression_means_the_same_inside_a_loop_as_outside(code: str, one: object, two: object) -> None:
    """Outside of loops it is had before the part is rendered, inside when it is its turn."""
    tags = "{{" + code + "}}{{{" + code + "}}}{%#if " + code + "%}yes{%else%}no{%/if%}"
    data = {"context": {"a": one, "b": two}, "profile": {"d": one}}
    looped = in_html("{{#each [1]}}" + tags + "{{/each}}", data)
    assert (
        in_html(tags, data) == looped == in_html("{% let x = " + code + " %}" + tags.replace(code, "x"), data)
    )


# --- what is told of a template ---


@pytest.mark.parametrize(
    ("template", "variables", "required"),
    [
        ("{{#each context.items as |i|}}{{i.name}}{{this.x}}{{/each}}", ["context.items"], []),
        ("{{#with context.order as |o|}}{{o.id}}{{/with}}", ["context.order", "context.order.id"], []),
        ("{{#with context.order}}{{this.id}}{{/with}}", ["context.order", "context.order.id"], []),
        ("{{#with head(context.items) as |o|}}{{o.id}}{{/with}}", ["context.items"], []),
        ("{% let x = context.a %}{{x}}", ["context.a"], []),
        ("{%= upperCase(context.a) %}", ["context.a"], ["context.a"]),
        ("{%= formatDate(stringToDate(context.a), 'y') %}", ["context.a"], ["context.a"]),
        ("{%= replace('x', context.a, context.b) %}", ["context.a", "context.b"], []),
        ("{%= isEmpty(context.a) %}{%= count(context.b) %}", ["context.a", "context.b"], []),
        ("{%= upperCase(context.a) ?: 'x' %}", ["context.a"], []),
        ("{%= context.a * context.b %}", ["context.a", "context.b"], ["context.a", "context.b"]),
        (
            "{{#each context.l}}{{context.a}}{{else}}{{context.a}}{{/each}}",
            ["context.l", "context.a"],
            ["context.a"],
        ),
        ("{{@root.context.a}}", ["context.a"], ["context.a"]),
        ("{%= sum(context.items.price) %}", ["context.items.price"], []),
        (
            "{{context.events.[1697].at}}{{context.`order-id`}}",
            ["context.events.1697.at", "context.order-id"],
            ["context.events.1697.at", "context.order-id"],
        ),
    ],
)
def test_variables_are_those_of_the_data(template: str, variables: list[str], required: list[str]) -> None:
    made = compiled(template)
    assert list(made.variables) == variables
    assert list(made.required) == required


# --- data stays data ---

NAMES = [
    "__class__",
    "keys",
    "items",
    "get",
    "copy",
    "__dict__",
    "append",
    "__init__",
    "format",
    "__globals__",
    "real",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [{"a": 1}, [1], "text", 3, 1.5, True, None])
def test_nothing_of_python_can_be_reached_from_a_block(name: str, value: object) -> None:
    template = f"{{{{#each context.v as |i|}}}}[{{{{i.{name}}}}}{{{{this.{name}.{name}}}}}]{{{{/each}}}}"
    assert set(in_text(template, {"context": {"v": [value, value]}})) == set("[]")
    with_one = (
        f"{{% let x = context.v %}}[{{{{x.{name}}}}}{{{{#with x as |y|}}}}{{{{y.{name}}}}}{{{{/with}}}}]"
    )
    assert in_text(with_one, {"context": {"v": value}}) == "[]"
    assert in_text(f"[{{%= get(context.v, '{name}') %}}]", {"context": {"v": {"a": 1}}}) == "[]"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_the_data_is_found_whatever_it_is(name: str) -> None:
    data = {"context": {"v": [{name: "found"}]}}
    assert in_text(f"{{{{#each context.v as |i|}}}}{{{{i.{name}}}}}{{{{/each}}}}", data) == "found"


tricky = st.lists(
    st.sampled_from(
        ["{{", "}}", "{%", "%}", "{#", "{{/each}}", "\x02{", "}\x02", "r(0)", "p0", "<b>", "\\", "'", '"']
    )
).map("".join)


@given(tricky, tricky)
def test_items_are_never_a_template(one: str, two: str) -> None:
    data = {"context": {"v": [one, {"a": two}], "o": {one: two}}}
    template = "{{#each context.v as |i|}}{{#if @first}}{{i}}{{else}}{{i.a}}{{/if}}|{{/each}}"
    assert in_text(template, data) == f"{one}|{two}|"
    assert in_text("{{#each context.o as |v k|}}{{k}}{{v}}{{/each}}", data) == one + two
    assert in_text("{% let x = concat(context.v.0, context.v.1.a) %}{{x}}", data) == one + two


def test_a_list_is_written_as_json() -> None:
    value = [{"a": [1, 2.5, None, True, "é"]}, []]
    assert json.loads(in_text("{{#with context.v as |v|}}{{v}}{{/with}}", {"context": {"v": value}})) == value


@pytest.mark.parametrize("value", [object(), b"bytes", {1, 2}, (1,)])
def test_what_is_not_plain_json_data_is_a_bug_that_is_seen(value: object) -> None:
    with pytest.raises(TypeError, match="templates take plain JSON data only"):
        in_text("{{#each context.v}}{{this}}{{/each}}", {"context": {"v": [value]}})


# --- bounds ---


def test_a_message_over_two_megabytes_is_trouble_before_it_is_made() -> None:
    made = compile_email(EmailContent(subject="", html="{{#each context.v}}{{context.long}}{{/each}}"))
    assert isinstance(made, Compiled)
    with pytest.raises(RenderTrouble, match="The rendered message has more than 2,097,152 bytes"):
        made.render({"context": {"v": [1] * 1_000, "long": "v" * 200_000}})


def test_loops_take_fuel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RENDER_FUEL", 1_000)
    made = compiled("{{#each context.v}}{{this}}{{/each}}")
    assert made.render({"context": {"v": [1] * 100}}).text == "1" * 100
    with pytest.raises(RenderTrouble, match="The text takes more than 1,000 steps to render"):
        made.render({"context": {"v": [1] * 300}})


def test_the_time_is_that_of_the_call() -> None:
    made = compiled("{%= getCurrentZonedDateTime() %}")
    assert made.render({}, now=0).text == "1970-01-01T00:00Z"
    assert (made.render({}).text or "") > "2026"
