"""template_syntax: what is unknown is named with its place, and no text takes long or breaks it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retour import limits
from retour.rendering.syntax import Problem, Translation, translate

fragments = st.lists(
    st.sampled_from(
        [
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
                "/if",
                "/unless",
                "else",
                "else if ",
            ),
            *(
                "profile.a",
                "context.b.c",
                "profile",
                " = ",
                " != ",
                " >= ",
                " < ",
                " and ",
                " or ",
                " not ",
                "(",
                ")",
            ),
            *('"x"', "'y'", "1", "-2.5", "true", " ?: ", "{{!--", "--}}", "{{!", "text", "\n", "|", "\x02"),
        ]
    ),
    max_size=40,
).map("".join)


def problem(template: str) -> str:
    found = translate(template, {})
    assert isinstance(found, Problem), found
    return found.message


@pytest.mark.parametrize(
    ("template", "line", "column", "message"),
    [
        ("Hi\n  {{name}}", 2, 5, "'name' is unknown. A variable starts with profile. or context."),
        ("{{profile}}", 1, 3, "'profile' is unknown. A variable starts with profile. or context."),
        (
            "{{#each context.items}}{{/each}}",
            1,
            4,
            "There is no block 'each'. Known blocks are if and unless.",
        ),
        ("{% let x = 1 %}", 1, 4, "'let' is unknown. A tag is {%= …%}, {%#if …%}, {%else%} or {%/if%}."),
        ("{% profile.a %}", 1, 4, "To write a value here, use {%= profile.a %}."),
        ("{%= upper(profile.a) %}", 1, 5, "There is no function 'upper'. Functions can't be used here."),
        ("{{profile.a | upper}}", 1, 13, "'|' can't stand in a tag. Write or."),
        ("{{#if profile.a && profile.b}}", 1, 17, "'&' can't stand in a tag. Write and."),
        ("{{~profile.a}}", 1, 3, "'~' can't stand in a tag. Spaces are kept as they are."),
        ("{{profile.a profile.b}}", 1, 13, "'profile.b' can't stand here. }} was expected."),
        ("{{profile.a ?: “there”}}", 1, 16, "“ is a typographic quote. Use \" or '."),
        ('{{profile.a ?: "there}}', 1, 16, "The closing quote of this text is missing."),
        ("{{profile.a", 1, 12, "This tag is never closed. Add }}."),
        ("a{{#if profile.a}}b", 1, 2, "This if is never closed. Add {%/if%}."),
        ("{{#if profile.a}}{{/unless}}", 1, 21, "This closes 'unless', but 'if' is open."),
        ("{{/if}}", 1, 1, "There is no open block for this /if."),
        ("{{else}}", 1, 1, "There is no open block for this else."),
        ("{{#if profile.a}}{{else}}{{else}}{{/if}}", 1, 26, "This if has an else already."),
        ("{{}}", 1, 3, "A variable or a literal is missing: the tag ends here."),
        ("{{#if profile.a = }}{{/if}}", 1, 19, "A variable or a literal is missing: the tag ends here."),
        ("{{> partial}}", 1, 3, "A variable or a literal is missing: '>' stands here."),
        ("{{#if (profile.a}}{{/if}}", 1, 17, "A closing parenthesis is missing here."),
        ("{{!-- note", 1, 1, "This comment is never closed. Add --}}."),
        (
            "{{1234567890123456}}",
            1,
            3,
            "This number can't be read. Numbers have at most 15 digits, as in 12 or 0.5.",
        ),
        ("a\x02b", 1, 2, "The control character U+0002 can't be used here."),
        ("\ud800", 1, 1, "The control character U+D800 can't be used here."),
    ],
)
def test_what_is_unknown_is_named_with_its_place(template: str, line: int, column: int, message: str) -> None:
    assert translate(template, {}) == Problem(line=line, column=column, message=message)


@given(st.text() | fragments)
@settings(max_examples=500)
def test_no_text_breaks_the_translator(text: str) -> None:
    assert translate(text, {}) is not None


@pytest.mark.parametrize(
    "unit",
    [
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
        "a.",
        "not ",
    ],
)
def test_the_longest_text_is_read_at_once(unit: str) -> None:
    started = time.process_time()
    for text in (
        unit * (limits.TEMPLATE_BYTES // len(unit)),
        unit + unit[-1] * (limits.TEMPLATE_BYTES - len(unit)),
    ):
        translate(text, {})
    assert time.process_time() - started < 2


def test_a_template_has_a_bound_in_bytes() -> None:
    assert isinstance(translate("é" * (limits.TEMPLATE_BYTES // 2), {}), Translation)
    message = problem("é" * (limits.TEMPLATE_BYTES // 2 + 1))
    assert message == "This has 524,290 bytes; at most 524,288 are allowed."


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{#if profile.a}}" * 33, "Blocks can be nested 32 deep at most."),
        (
            "{{#if profile.a}}" + "{{else if profile.a}}" * 100 + "{{/if}}",
            "A block can have 100 branches at most.",
        ),
        (
            "{{#if " + " or ".join(["profile.a"] * 101) + "}}{{/if}}",
            "At most 100 values can stand in one condition.",
        ),
        ("{{#if " + "(" * 9 + "profile.a", "Parentheses can be nested 8 deep at most."),
        ("{{" + " ?: ".join(["profile.a"] * 17) + "}}", "At most 16 values can stand in one ?: chain."),
        ("{{1}}" * 20_001, "All tags together can have 40,000 words and signs at most."),
    ],
)
def test_what_nests_or_repeats_has_a_bound(template: str, message: str) -> None:
    assert problem(template) == message


@pytest.mark.parametrize(
    ("template", "required"),
    [
        ("{{profile.a}}", ["profile.a"]),
        ("{{{profile.a}}}{%= profile.b %}", ["profile.a", "profile.b"]),
        ("{{profile.a ?: 'x'}}", []),
        ("{{profile.a ?: profile.b}}", []),
        ("{%#if profile.a%}{{profile.a}}{%/if%}", []),
        ("{%#if profile.a%}{{profile.a}}{%else%}x{%/if%}", []),
        ("{%#if profile.b%}{{profile.a}}{%else%}Hi {{profile.a}}{%/if%}", ["profile.a"]),
        ("{%#if profile.b%}{{profile.a}}{%else if profile.c%}{%else%}{{profile.a}}{%/if%}", []),
        ("{%#if profile.b%}{{profile.a}}{%else if profile.c%}{{profile.a}}{%/if%}", []),
        ("{%#if profile.b%}{{profile.a}}{%/if%}", []),
        ("{%#if profile.b%}{{profile.a}}{%/if%}{{profile.a}}", ["profile.a"]),
        ("{%#if profile.b > 1%}{%/if%}", []),
        (
            "{%#if profile.b%}{%#unless profile.c%}{{profile.a}}{%else%}{{profile.a}}{%/unless%}"
            "{%else%}{{profile.a}}{%/if%}",
            ["profile.a"],
        ),
    ],
)
def test_required_is_what_is_written_whatever_the_data_says(template: str, required: list[str]) -> None:
    translation = translate(template, {})
    assert isinstance(translation, Translation)
    assert sorted(translation.required) == required
