"""rendering and an independent Handlebars write the same bytes, in what both know.

The other one is `pydantic-handlebars`. Journey Optimizer's own parts (`{% %}`, operators, functions, let) it does
not have. Where the two differ, the difference is asserted below, with the one that is right or the reason.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_handlebars import HandlebarsEnvironment

from retour.model import EmailContent
from retour.rendering import Compiled, compile_email

OTHER = HandlebarsEnvironment(auto_escape=True)


def theirs(template: str, data: dict[str, Any]) -> str:
    return str(OTHER.render(template, data))


def ours(template: str, data: dict[str, Any]) -> str:
    made = compile_email(EmailContent(subject="", html=template))
    assert isinstance(made, Compiled), made
    return made.render(data).html or ""


# --- data: texts, numbers, truth values, null; lists and objects of them ---

plain = st.characters(codec="utf-8", exclude_categories=["Cc"])
scalars = st.one_of(
    st.text(plain, max_size=6) | st.text("<>&\"'`=/ a", max_size=6),
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
)
maybe = scalars | st.none()
items = st.fixed_dictionaries({}, optional={"a": maybe, "b": maybe, "inner": st.lists(scalars, max_size=3)})
objects = st.dictionaries(st.sampled_from(["a", "b", "x y", "keys"]), scalars, max_size=3)
contexts = st.fixed_dictionaries(
    {},
    optional={
        "a": maybe,
        "b": maybe,
        "list": st.lists(scalars, max_size=3) | scalars,
        "items": st.lists(items, max_size=3) | st.none(),
        "object": objects,
    },
)

# --- templates: each piece knows what it stands in ---

TEXT = st.sampled_from(["<p>", " and ", "é", "{ }", "\n", "%}", "{{! note }}", "{{!-- {{x}} --}}"])
ROOT = [
    "context.a",
    "context.b",
    "context.nobody",
    "context.object.a",
    "context.object.[x y]",
    "context.list.0",
]
LISTS = ["context.list", "context.object", "context.a", "context.nobody"]


def pieces(paths: list[str], tests: list[str], inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    written = st.sampled_from(paths)
    asked = st.sampled_from(tests)
    return st.one_of(
        TEXT,
        written.map(lambda path: "{{" + path + "}}"),
        written.map(lambda path: "{{{" + path + "}}}"),
        st.tuples(asked, inner, asked, inner, inner).map(
            lambda parts: "{{{{#if {}}}}}{}{{{{else if {}}}}}{}{{{{else}}}}{}{{{{/if}}}}".format(*parts)
        ),
        st.tuples(asked, inner).map(lambda parts: "{{{{#unless {}}}}}{}{{{{/unless}}}}".format(*parts)),
    )


def several(one: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(one, max_size=4).map("".join)


leaf = several(TEXT | st.just("{{@root.context.a}}"))
at = ["@index", "@first", "@last"]
in_list = several(
    pieces(["this", "x", "../context.b", *at], ["this", "x", "@first", "@root.context.b"], leaf)
)
in_object = several(pieces(["this", "@key", "k", "@index", "@last"], ["this", "@last"], leaf))
in_inner = several(
    pieces(["this", "y", "x.a", "../b", "../../context.a", "@index", "@../index"], ["y", "x.b"], leaf)
)
in_items = several(
    pieces(["this.a", "x.b", "x.nobody", *at], ["this.a", "x.b", "x.inner", "@last"], leaf)
    | in_inner.map(lambda body: "{{#each x.inner as |y|}}" + body + "{{else}}none{{/each}}")
)
in_with = several(pieces(["this.a", "o.b", "../context.a"], ["o.a", "this.nobody"], leaf))
top = several(
    pieces(ROOT, [*ROOT, "context.list", "context.object", "context.items"], leaf)
    | st.tuples(in_list, leaf).map(
        lambda p: "{{#each context.list as |x|}}" + p[0] + "{{else}}" + p[1] + "{{/each}}"
    )
    | in_object.map(lambda body: "{{#each context.object as |v k|}}" + body + "{{/each}}")
    | in_items.map(lambda body: "{{#each context.items as |x|}}" + body + "{{else}}none{{/each}}")
    | in_with.map(lambda body: "{{#with context.object as |o|}}" + body + "{{else}}none{{/with}}")
)


RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(top, contexts)
@settings(RELAXED, max_examples=200)
def test_both_write_the_same(template: str, context: dict[str, Any]) -> None:
    data = {"context": context}
    assert ours(template, data) == theirs(template, data)


@pytest.mark.slow
@given(top, contexts)
@settings(RELAXED, max_examples=5_000)
def test_both_write_the_same_of_many_templates(template: str, context: dict[str, Any]) -> None:
    data = {"context": context}
    assert ours(template, data) == theirs(template, data)


SAMPLES = [
    "{{#each context.items as |x i|}}{{i}}:{{x.a}}"
    "{{#each x.inner}}[{{@../index}}.{{@index}} {{this}} {{../a}}]{{/each}}{{/each}}",
    "{{#each context.object}}{{@key}}={{this}}{{#unless @last}}, {{/unless}}{{/each}}",
    "{{#with context.object as |o|}}{{o.a}}{{#with o}}{{this.b}}{{../../context.a}}{{/with}}{{/with}}",
    "{{#each @root.context.items}}{{#with this}}{{../../context.a}}{{@index}}{{/with}}{{/each}}",
    "{{context.items.1.a}}{{context.items.[0].b}}{{context.items.9.a}}",
]


@pytest.mark.parametrize("template", SAMPLES)
def test_both_write_the_same_for_a_sample(template: str) -> None:
    items = [{"a": "<1>", "inner": ["x", 0]}, {"a": 2, "b": True, "inner": []}, {}]
    data = {"context": {"a": "A&B", "items": items, "object": {"a": 1, "b": "=`"}}}
    assert ours(template, data) == theirs(template, data) != ""


# --- where they differ ---

DIFFERENCES = [
    # Journey Optimizer's profile and context are the same everywhere; a Handlebars looks in what the block is about.
    ("{{#with context.object}}{{context.a}}{{/with}}", "A", ""),
    # JSON is what a reader of a message can make something of; Python's own writing is none.
    ("{{{context.list}}}", '[1,"b",null,true]', "[1, 'b', None, True]"),
    ("{{{context.object}}}", '{"a":1}', "{'a': 1}"),
    # Handlebars.js joins the items of a list, so that an empty one is nothing there too.
    ("{{context.empty}}", "", "[]"),
    # The other one takes the outer context for an item that is null. Handlebars.js does not.
    ("{{#each context.nulls}}[{{this.context.a}}]{{/each}}", "[]", "[A]"),
    # In Handlebars.js since 4.0 an if is no step of `../`.
    ("{{#each context.one}}{{#if this}}{{../context.a}}{{/if}}{{/each}}", "A", ""),
    # In Handlebars.js the @key of a list is its index.
    ("{{#each context.one}}{{@key}}{{/each}}", "0", ""),
]


@pytest.mark.parametrize(("template", "mine", "other"), DIFFERENCES)
def test_a_known_difference_is_still_one(template: str, mine: str, other: str) -> None:
    context = {
        "a": "A",
        "list": [1, "b", None, True],
        "object": {"a": 1},
        "empty": [],
        "nulls": [None],
        "one": [1],
    }
    assert ours(template, {"context": context}) == mine
    assert theirs(template, {"context": context}) == other


def test_a_name_that_the_other_looks_up_is_refused_here_when_it_is_published() -> None:
    template = "{{#each context.items}}{{name}}{{/each}}"
    assert theirs(template, {"context": {"items": [{"name": "tea"}]}}) == "tea"
    made = compile_email(EmailContent(subject="", html=template))
    assert isinstance(made, tuple)
    assert made[0].message.endswith("For a property of what the block is about, write this.name.")
