"""rendering: a template tells what data it wants, in the shapes that it wants it in."""

from __future__ import annotations

from typing import Any

import pytest

from pure.test_template_docs import BLOCKS, FUNCTION_ROWS, SAMPLES
from retour.model import EmailContent, SmsContent
from retour.rendering import Compiled, compile_email, compile_sms


def compiled(text: str) -> Compiled:
    made = compile_sms(SmsContent(text=text))
    assert isinstance(made, Compiled), made
    return made


@pytest.mark.parametrize(
    ("template", "example"),
    [
        ("no variables", {}),
        ("{{context.order.id}}{{profile.name}}", {"context": {"order": {"id": "id"}}, "profile": {"name": "name"}}),
        ("{{context.a}}{{context.a.b}}", {"context": {"a": {"b": "b"}}}),
        ("{%= formatDate(context.day, 'y', context.language) %}",
         {"context": {"day": "2026-01-31T09:30:00Z", "language": "en_US"}}),
        ("{%= addDays(toDateTime(context.day), context.n) %}", {"context": {"day": "2026-01-31T09:30:00Z", "n": 12}}),
        ("{%= context.a * 2 + context.b %}", {"context": {"a": 12, "b": "b"}}),
        ("{%= sum(context.items.price) %}", {"context": {"items": {"price": [1, 2]}}}),
        ("{{#each context.tags}}{{this}}{{/each}}", {"context": {"tags": ["tags"]}}),
        ("{{#each context.items as |i|}}{{i.name}}{{#each i.sizes as |s|}}{{s.id}}{{../n}}{{/each}}{{/each}}",
         {"context": {"items": [{"name": "name", "sizes": [{"id": "id"}], "n": "n"}]}}),
        ("{{#each context.items as |i|}}{{i.price - 1}}{{/each}}{{context.items.name}}",
         {"context": {"items": [{"name": "name", "price": 12}]}}),
        ("{{#with context.order as |o|}}{{#with o.address}}{{this.town}}{{/with}}{{/with}}",
         {"context": {"order": {"address": {"town": "town"}}}}),
    ],
)  # fmt: skip
def test_the_example_has_what_the_template_uses(template: str, example: dict[str, Any]) -> None:
    made = compiled(template)
    assert made.example == example
    assert made.render(example).text is not None


EVERY = [row[0] for row in SAMPLES] + [row[1] for row in FUNCTION_ROWS] + [block[0] for block in BLOCKS]


@pytest.mark.parametrize("template", EVERY)
def test_every_template_of_the_document_can_be_made_a_message_of_its_example(template: str) -> None:
    made = compiled(template)
    assert made.render(made.example).text is not None


@pytest.mark.parametrize(
    "template",
    [
        "{{profile.a}}",
        "{{@root.profile.a}}",
        "{{#each context.l}}{{../profile.a}}{{/each}}",
        "{%= upperCase(profile.a) %}",
    ],
)
def test_a_root_without_data_is_refused_with_its_reason(template: str) -> None:
    made = compile_email(EmailContent(subject=template, text="{{context.a}}"), {"profile": "There is none."})
    assert isinstance(made, tuple)
    assert [found.part for found in made] == ["subject"]
    assert made[0].message.endswith("profile.a' can't be used. There is none.")
