"""template_syntax: what is unknown is named with its place, and no text takes long or breaks it."""

from __future__ import annotations

import pytest

from retour import limits
from retour.rendering.problems import Problem
from retour.rendering.syntax import Translation, translate


def problem(template: str) -> str:
    found = translate(template)
    assert isinstance(found, Problem), found
    return found.message


@pytest.mark.parametrize(
    ("template", "line", "column", "message"),
    [
        ("Hi\n  {{name}}", 2, 5, "'name' is unknown. A variable starts with profile. or context."),
        ("{{profile}}", 1, 3, "'profile' is unknown. A variable starts with profile. or context."),
        (
            "{{#eech context.items}}{{/eech}}",
            1,
            4,
            "There is no block 'eech'. Known blocks are if, unless, each and with. Did you mean each?",
        ),
        (
            "{% set x = 1 %}",
            1,
            4,
            "'set' is unknown. A tag is {%= …%}, {% let …%}, {%#if …%}, {%else%} or {%/if%}.",
        ),
        ("{% if profile.a %}", 1, 4, "Write {%#if …%}."),
        ("{%#if profile.a%}{% endif %}", 1, 21, "Write {%/if%}."),
        ("{% upperCase(profile.a) %}", 1, 4, "To write a value here, use {%= upperCase(…) %}."),
        ("{% profile.a %}", 1, 4, "To write a value here, use {%= profile.a %}."),
        ("{%= upper(profile.a) %}", 1, 5, "There is no function 'upper'. Did you mean upperCase?"),
        (
            "{{profil.a}}",
            1,
            3,
            "'profil.a' is unknown. A variable starts with profile. or context. Did you mean profile?",
        ),
        (
            "{% let total = 1 %}{{totl}}",
            1,
            22,
            "'totl' is unknown. A variable starts with profile. or context. Did you mean total?",
        ),
        (
            "{{#each profile.a}}{{name}}",
            1,
            22,
            "'name' is unknown. A variable starts with profile. or context. "
            "For a property of what the block is about, write this.name.",
        ),
        ("{{this}}", 1, 3, "'this' stands for something only inside an each or a with."),
        ("{{../a}}", 1, 3, "'../a' stands for something only inside one more each or with around this."),
        (
            "{{#each profile.a}}{{../../a}}",
            1,
            22,
            "'../../a' stands for something only inside one more each or with around this.",
        ),
        ("{{@index}}", 1, 3, "'@index' stands for something only inside an each."),
        ("{{#with profile.a}}{{@index}}", 1, 22, "'@index' stands for something only inside an each."),
        ("{{@indx}}", 1, 3, "'@indx' is unknown. Known are @index, @key, @first and @last."),
        (
            "{{#each profile.a as item}}",
            1,
            22,
            "A | is missing here, as in {{#each context.items as |item|}}.",
        ),
        ("{{#each profile.a as |a b c|}}", 1, 28, "each takes 2 names between | and |."),
        ("{{#with profile.a as |a b|}}", 1, 26, "with takes 1 name between | and |."),
        ("{{#if profile.a as |a|}}", 1, 22, "if takes no names between | and |."),
        ("{{#each profile.a as |context|}}", 1, 23, "'context' can't be a name here."),
        ("{{#each profile.a as |a a|}}", 1, 25, "'a' can't be a name here."),
        ("{% let context = 1 %}", 1, 8, "'context' can't be the name of a let."),
        ("{% let a.b = 1 %}", 1, 8, "'a.b' can't be the name of a let."),
        ("{% let = 1 %}", 1, 8, "The name of the let is missing here, as in {% let total = 0 %}."),
        ("{% let a 1 %}", 1, 10, "A = is missing here, as in {% let total = 0 %}."),
        ("{{#each profile.a as |a|}}{% let a = 1 %}", 1, 34, "'a' is the name of something else here."),
        ("{{x}}{% let x = 1 %}", 1, 3, "'x' is unknown. A variable starts with profile. or context."),
        ("{{#each profile.a}}{{/if}}", 1, 23, "This closes 'if', but 'each' is open."),
        ("{{#if profile.a}}{{#each profile.b}}{{/if}}", 1, 40, "This closes 'if', but 'each' is open."),
        ("{{#each profile.a}}", 1, 1, "This each is never closed. Add {%/each%}."),
        (
            "{{#each profile.a}}{{else}}{{this}}{{/each}}",
            1,
            30,
            "'this' stands for something only inside an each or a with.",
        ),
        ("{{#each profile.a}}{{else if profile.b}}", 1, 27, "'if' can't stand here. }} was expected."),
        ("{{1 +}}", 1, 6, "A variable or a literal is missing: the tag ends here."),
        ("{{[1, 2}}", 1, 8, "A comma or a closing bracket is missing here."),
        (
            "{{upperCase profile.a}}",
            1,
            3,
            "'upperCase' is unknown. A variable starts with profile. or context.",
        ),
        ("{{^profile.a}}", 1, 3, "'^' can't stand in a tag. Write {%else%}."),
        ("{{profile.a..b}}", 1, 12, "'..' can't stand here. }} was expected."),
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
    assert translate(template) == Problem(line=line, column=column, message=message)


def test_a_template_has_a_bound_in_bytes() -> None:
    assert isinstance(translate("é" * (limits.TEMPLATE_BYTES // 2)), Translation)
    message = problem("é" * (limits.TEMPLATE_BYTES // 2 + 1))
    assert message == "This has 524,290 bytes; at most 524,288 are allowed."


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{#each profile.a}}" * 4, "An each can be nested 3 deep at most."),
        ("{{" + "head([" * 5, "Parentheses can be nested 8 deep at most."),
        ("{{" + "-" * 9 + "1}}", "A variable or a literal is missing: '-' stands here."),
        (
            "{{concat(" + ", ".join(["1"] * 21) + ")}}",
            "concat takes 1 to 20 arguments, as in concat(text, text...) -> text, not 21.",
        ),
        ("{% let a = 1 %}" + "{{a}}" * 13_334, "All tags together can have 40,000 words and signs at most."),
        ("{{#if profile.a}}" * 33, "Blocks can be nested 32 deep at most."),
        (
            "{{#if profile.a}}" + "{{else if profile.a}}" * 100 + "{{/if}}",
            "A block can have 100 branches at most.",
        ),
        (
            "{{#if " + " or ".join(["profile.a"] * 101) + "}}{{/if}}",
            "At most 100 values can stand in one tag.",
        ),
        ("{{#if " + "(" * 9 + "profile.a", "Parentheses can be nested 8 deep at most."),
        ("{{" + " ?: ".join(["profile.a"] * 17) + "}}", "At most 16 values can stand in one ?: chain."),
        ("{{context" + ".a" * 32 + "}}", "A variable can lie 32 deep at most."),
        (
            "{{#with context" + ".a" * 20 + "}}{{this" + ".b" * 12 + "}}{{/with}}",
            "A variable can lie 32 deep at most.",
        ),
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
    translation = translate(template)
    assert isinstance(translation, Translation)
    assert sorted(translation.required) == required
