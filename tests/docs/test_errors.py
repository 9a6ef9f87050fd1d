"""docs/errors.md has every code, with an example that has the shape of an answer."""

from __future__ import annotations

import json
import re

import pytest

from docs.pages import blocks, page, sections
from house.tree import SOURCE
from retour.errors import Code
from retour.web import problems

SECTIONS = sections(page("errors.md"), 2)
HEADINGS = {code: f"{code.value} {code.name.lower()}" for code in Code}
KNOWN = [code for code in Code if HEADINGS[code] in SECTIONS]


def test_every_code_is_on_the_page_and_nothing_else() -> None:
    assert list(SECTIONS) == list(HEADINGS.values())


@pytest.mark.parametrize("code", KNOWN)
def test_the_example_is_an_answer(code: Code) -> None:
    text = SECTIONS[HEADINGS[code]]
    (block,) = blocks(text, "json")
    example = json.loads(block)
    context = example["report"]["additionalContext"]
    assert example == problems.shape(code, example["status"], example["title"], context)
    assert context["reason"] == code.name.lower()
    assert all(isinstance(value, str) for value in context.values())


@pytest.mark.parametrize("code", KNOWN)
def test_the_page_says_which_status_and_what_to_do(code: Code) -> None:
    text = SECTIONS[HEADINGS[code]]
    statuses = re.search(r"^\*\*([\d, ]+)\*\* \S", text, re.M)
    assert statuses is not None
    assert str(json.loads(blocks(text, "json")[0])["status"]) in statuses[1].split(", ")
    assert re.search(r"^\*\*What to do:\*\* \S.*[.;]$", text, re.M)


@pytest.mark.parametrize("code", list(Code))
def test_every_code_is_told_somewhere(code: Code) -> None:
    sources = "\n".join(path.read_text() for path in SOURCE.rglob("*.py") if path.name != "errors.py")
    assert re.search(rf"\bCode\.{code.name}\b", sources)
