"""docs/templates.md: every example renders as it says, and nothing that can be used is left out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from retour import limits
from retour.model import EmailContent, Rendered
from retour.rendering import (
    Compiled,
    compile_email,
    evaluation,
    expressions,
    patterns,
    signatures,
    syntax,
    tokens,
)
from retour.rendering.functions import FUNCTIONS, OTHER_NAMES, UNSUPPORTED
from retour.rendering.locales import LOCALES
from retour.rendering.patterns import parts_of
from retour.rendering.values import Unfit

DOCUMENT = (Path(__file__).parents[2] / "docs" / "templates.md").read_text()
FLOWING = re.sub(r"\s+", " ", DOCUMENT)
NOW = 1_769_851_800_000_000  # 2026-01-31T09:30:00Z


def rows() -> list[tuple[str, str, str]]:
    found = re.findall(r"^\| `(.+?)` \| `(.+?)` \| `(.+?)` \|$", DOCUMENT, re.MULTILINE)
    return [
        (one.replace("\\|", "|"), two.replace("\\|", "|"), three.replace("\\|", "|"))
        for one, two, three in found
    ]


SAMPLES = [row for row in rows() if "->" not in row[0]]
FUNCTION_ROWS = [row for row in rows() if "->" in row[0]]
BLOCKS = re.findall(r"```handlebars\n(.+?)```\n\n```text\n(.+?)```", DOCUMENT, re.DOTALL)


def data() -> dict[str, Any]:
    [text] = re.findall(r"```json\n(.+?)```", DOCUMENT, re.DOTALL)
    read: dict[str, Any] = json.loads(text)
    return read


def rendered(template: str) -> Rendered:
    made = compile_email(EmailContent(subject=template, html=template, text=template))
    assert isinstance(made, Compiled), made
    return made.render(data(), now=NOW)


def test_the_document_has_examples() -> None:
    assert len(SAMPLES) >= 40
    assert len(BLOCKS) >= 1


@pytest.mark.parametrize(("template", "as_html", "as_text"), SAMPLES)
def test_an_example_of_the_document_renders_as_it_says(template: str, as_html: str, as_text: str) -> None:
    assert rendered(template) == Rendered(subject=as_text, html=as_html, text=as_text)


@pytest.mark.parametrize(("template", "written"), BLOCKS)
def test_a_long_example_renders_as_it_says(template: str, written: str) -> None:
    assert rendered(template).text == written


@pytest.mark.parametrize(("signature", "template", "written"), FUNCTION_ROWS)
def test_a_function_gives_what_its_example_says(signature: str, template: str, written: str) -> None:
    assert signature.partition("(")[0] + "(" in template
    assert rendered(template).text == written


def test_every_function_is_listed_as_it_is() -> None:
    listed = [signature for signature, _, _ in FUNCTION_ROWS]
    assert sorted(listed) == sorted(function.signature for function in FUNCTIONS.values())


def test_what_is_not_supported_is_said() -> None:
    differs = DOCUMENT.partition("## What differs")[2]
    for name in UNSUPPORTED:
        assert f"`{name}`" in differs
        assert name not in FUNCTIONS
    assert set(OTHER_NAMES.values()) <= FUNCTIONS.keys()
    assert not OTHER_NAMES.keys() & FUNCTIONS.keys()


def test_every_locale_and_every_kind_is_listed() -> None:
    for name in [*LOCALES, *signatures.Kind]:
        assert f"`{name}`" in FLOWING


def test_every_letter_of_a_pattern_is_listed_and_no_other_is_one() -> None:
    told = FLOWING[FLOWING.index("Patterns are Java's") : FLOWING.index("Text stands in `'quotes'`")]
    letters = set(re.findall(r"`([A-Za-z])`", told))
    for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ":
        if letter in letters:
            assert parts_of(letter)
        else:
            with pytest.raises(Unfit):
                parts_of(letter)


@pytest.mark.parametrize(
    ("told", "number"),
    [
        ("512 KiB for each", limits.TEMPLATE_BYTES // 1_024),
        ("32 blocks", limits.TEMPLATE_DEPTH),
        ("variables 32 deep", limits.JSON_DEPTH),
        ("`each` 3 deep", syntax.EACH_DEPTH),
        ("1,000 items", evaluation.EACH_ITEMS),
        ("100 branches", syntax.BRANCHES),
        ("100 values", expressions.TERMS),
        ("8 parentheses", expressions.PARENTHESES),
        ("16 in one chain", expressions.ALTERNATIVES),
        ("20 arguments", signatures.MOST_ARGUMENTS),
        ("40,000 words", tokens.TOKENS),
        ("64 characters", patterns.PATTERN_CHARACTERS),
        ("100,000 steps", limits.RENDER_FUEL),
        ("100 million", evaluation.WORK // 1_000_000),
        ("2 MiB", limits.RENDERED_BYTES // 1_048_576),
        ("1,600 characters", limits.SMS_CHARACTERS),
    ],
)
def test_the_limits_of_the_document_are_those_of_the_code(told: str, number: int) -> None:
    assert told in FLOWING
    assert f"{number:,}" in told
