"""Templates: translated as at publish, and what could be published is rendered with all sorts of data."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from fuzz import spoiling
from pure.test_template_docs import BLOCKS, FUNCTION_ROWS, SAMPLES
from retour.model import ChannelKind, EmailContent, Rendered, SmsContent
from retour.rendering import Compiled, RenderTrouble
from retour.rendering.functions import FUNCTIONS
from retour.rendering.published import compile_content

NOW = 1_769_851_800_000_000
SAID = [row[0] for row in SAMPLES] + [row[1] for row in FUNCTION_ROWS] + [block[0] for block in BLOCKS]
WORDS = [
    "{{", "}}", "{{{", "}}}", "{%", "%}", "{%=", "{{#if ", "{%#if ", "{{else}}", "{%else%}", "{{/if}}", "{{#each ",
    "{{/each}}", "{{#with ", "{{/with}}", "{{#unless ", "{{/unless}}", "{% let a = ", "as |x|", "as |x y|", "this",
    "../", "@index", "@key", "@root", "profile.a", "context.b.c", "context.items", "x.a", " = ", " != ", " >= ",
    " and ", " or ", " not ", "(", ")", "[", "]", ",", " + ", " - ", " * ", " / ", " % ", " ?: ", '"x"', "'y'", "1",
    "-2.5", "9" * 400, "true", "null", "{{!--", "--}}", "{{!", "text", "\n", "1e3", "99999999999999999999", "|",
    "\x00", "`a b`", ".[0]", ".0", "\\", "“", "é", "{{> partial}}", "{{{{raw}}}}", "{{~", "~}}", "{# jinja #}",
    "{% for i in x %}", "{{ 7*7 }}", "{{x.__class__}}", *(f"{name}(" for name in sorted(FUNCTIONS)), "nosuch(",
]  # fmt: skip
PATHS = (
    "profile.a", "profile.a.b", "context.b", "context.b.c", "context.items", "context.items.0.n", "context.items.n",
    "context.`x y`", "a", "i", "i.n", "this", "this.n", "../context.items.1",
)  # fmt: skip
LITERALS = (
    '"abc"', "'é'", '"2024-11-01T17:19:51Z"', '"yyyy-MM-dd"', '"nl_NL"', '"Europe/Amsterdam"', '"[^a-z]+"',
    '"(a+)+$"', '"%a_"', "0", "1", "-3", "2.5", "true", "false", "null",
)  # fmt: skip
SIGNS = ("+", "-", "*", "/", "%", "=", "!=", "<", ">=", "and", "or", "?:")
AROUND = "{%% let a = 1 %%}{{#with context.items as |i|}}%s{{/with}}"
SHAPES = (
    "{{#if %s}}%s{{else}}%s{{/if}}",
    "{%%#unless %s%%}%s{%%else%%}%s{%%/unless%%}",
    "{{#each %s as |i|}}%s{{else}}%s{{/each}}",
    "{{#each %s as |i k|}}{{k}}{{@index}}{{@last}}%s{{/each}}%s",
    "{{#with %s as |i|}}%s{{else}}%s{{/with}}",
)
DATES = (
    "2024-11-01T17:19:51Z",
    "0001-01-01",
    "9999-12-31T23:59:59+14:00",
    "12",
    "-0.5",
    "1e9",
    "%_",
    "(",
    "a" * 5_000,
)
KEYS = ("n", "m", "c", "b", "x y", "keys", "__class__", "0", "")


class Templates:
    """See Kind."""

    name = "templates"

    async def one(self, chance: Random, trail: list[Any]) -> str:
        """See Kind."""
        template = _template(chance)
        trail += [len(template), template]
        made = _compiled(template, chance)
        if not isinstance(made, Compiled):
            assert made
            assert all(min(problem.line, problem.column) >= 1 and problem.message for problem in made)
            return "refused"
        words = set()
        for data in (_data(chance), _data(chance), made.example, {}):
            trail[2:] = [data]
            words.add(_rendered(made, data))
        return " and ".join(sorted(words))


def _compiled(template: str, chance: Random) -> Any:
    if chance.random() < 0.3:
        return compile_content(ChannelKind.SMS, None, SmsContent(text=template))
    email = EmailContent(subject=template, html=template, text=template)
    return compile_content(ChannelKind.EMAIL, email, None, high_throughput=chance.random() < 0.1)


def _rendered(made: Compiled, data: dict[str, Any]) -> str:
    """A message that can be sent, or trouble with a name."""
    try:
        rendered: Rendered = made.render(data, now=NOW)
    except RenderTrouble as trouble:
        return "trouble" if str(trouble) else "trouble without a word"
    for text in (rendered.subject, rendered.html, rendered.text):
        (text or "").encode()
    return "rendered"


def _template(chance: Random) -> str:
    """Of ten: six made by the grammar, one of them spoilt; two from the documentation, spoilt; two of loose words."""
    kind = chance.randrange(20)
    if kind < 10:
        return AROUND % _grown(chance, 2)
    if kind < 12:
        return _spoilt(AROUND % _grown(chance, 2), chance)
    if kind < 16:
        return _spoilt(chance.choice(SAID), chance)
    if kind < 19:
        return "".join(chance.choice(WORDS) for _ in range(chance.randrange(40)))
    return chance.choice(WORDS) * chance.choice((1, 30, 33, 2_000, 50_000)) + chance.choice(WORDS)


def _grown(chance: Random, depth: int) -> str:
    """A template that is right as far as its grammar goes."""
    parts = []
    for _ in range(chance.randrange(1, 4)):
        if depth and chance.random() < 0.4:
            shape = chance.choice(SHAPES)
            parts.append(shape % (_said(chance, 1), _grown(chance, depth - 1), _grown(chance, depth - 1)))
        else:
            form = chance.choice(("{{%s}}", "{{{%s}}}", "{%%= %s %%}", "{%% let a = %s %%}{{a}}"))
            parts.append(form % _said(chance, chance.choice((0, 1, 2))))
    return "".join(parts)


def _said(chance: Random, depth: int) -> str:
    """An expression."""
    kind = chance.random()
    if not depth or kind < 0.35:
        return chance.choice(PATHS) if chance.random() < 0.6 else chance.choice(LITERALS)
    if kind < 0.7:
        name = chance.choice(sorted(FUNCTIONS))
        function = FUNCTIONS[name]
        given = chance.randint(function.least, min(function.most, 4))
        return f"{name}({', '.join(_said(chance, depth - 1) for _ in range(given))})"
    if kind < 0.85:
        return f"({_said(chance, depth - 1)} {chance.choice(SIGNS)} {_said(chance, depth - 1)})"
    if kind < 0.93:
        return f"[{', '.join(_said(chance, depth - 1) for _ in range(chance.randrange(4)))}]"
    return f"(not {_said(chance, depth - 1)})"


def _spoilt(template: str, chance: Random) -> str:
    """With words put in, cut out or repeated."""
    for _ in range(chance.randint(1, 3)):
        first, last = sorted(chance.randint(0, len(template)) for _ in range(2))
        deed = chance.random()
        if deed < 0.5:
            template = template[:first] + chance.choice(WORDS) + template[first:]
        elif deed < 0.8:
            template = template[:first] + template[last:]
        else:
            template = template[:last] + template[first:last] * chance.choice((1, 3, 40)) + template[last:]
    return template


def _data(chance: Random) -> dict[str, Any]:
    """As it comes out of the decoder: what JSON can say, and nothing else."""
    made = {
        "profile": {"a": _value(chance, 3)},
        "context": {"b": _value(chance, 3), "items": _value(chance, 3)},
    }
    if chance.random() < 0.2:
        made = {"profile": _value(chance, 2), "context": _value(chance, 2)}
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(made))
    return {name: value if isinstance(value, dict) else {} for name, value in decoded.items()}


def _value(chance: Random, depth: int) -> Any:
    kind = chance.random()
    if depth and kind < 0.3:
        return [_value(chance, depth - 1) for _ in range(chance.choice((0, 1, 2, 4, 60)))]
    if depth and kind < 0.55:
        return {key: _value(chance, depth - 1) for key in chance.sample(KEYS, chance.randrange(5))}
    if kind < 0.7:
        return chance.choice(DATES)
    found = spoiling.text(chance) if kind < 0.85 else chance.choice(spoiling.ODD_VALUES)
    return None if isinstance(found, int) and abs(found) >= 2**64 else found


@asynccontextmanager
async def templates(folder: Path) -> AsyncIterator[Templates]:
    """Needs nothing."""
    yield Templates()
