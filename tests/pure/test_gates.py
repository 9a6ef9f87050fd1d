"""The words that a pattern needs: they are known rightly, and nothing is missed for want of them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from retour.classify import _SOURCES, _choices, _clean
from retour.classify.gates import Gated, alternatives, gated, words_of

DIAGNOSTICS = Path(__file__).parents[1] / "mailreports" / "diagnostics.tsv"


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("mailbox full", {"mailbox full"}),
        (r"\b(user|recipient) unknown", {" unknown"}),
        ("quota|over(flow)?", {"quota", "over"}),
        ("(abc|de)+x?", {"abc", "de"}),
        ("(abc)?", set()),
        (r"\d+|full", set()),
        ("a(?!b)cd", {"cd"}),
        ("[ab]c{2,3}", {"c"}),
    ],
)
def test_the_words_of_a_pattern_are_what_every_match_holds(pattern: str, words: set[str]) -> None:
    assert words_of(pattern) == words


def test_alternatives_are_split_outside_brackets_alone() -> None:
    assert alternatives(r"a|(b|c)|[|]|\||(?:d(e|f))g") == ["a", "(b|c)", "[|]", r"\|", "(?:d(e|f))g"]
    assert alternatives("one") == ["one"]


def test_a_pattern_is_tried_where_a_word_of_it_is_there_and_where_none_is_known() -> None:
    full = gated("mailbox (is )?full")
    assert (set(full.needed), full.found_in("the mailbox is full"), full.found_in("mailbox")) == (
        {"mailbox "},
        True,
        False,
    )
    assert Gated(frozenset(), r"\d").found_in("7")


def test_each_pattern_of_the_tables_finds_by_parts_what_it_finds_as_a_whole() -> None:
    with DIAGNOSTICS.open(encoding="utf-8", newline="") as table:
        texts = [
            _clean(row["words"]) for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]
    hits = 0
    for (_, source), (_, choice) in zip(_SOURCES, _choices(), strict=True):
        whole = re.compile(source)
        for text in texts:
            found = whole.search(text) is not None
            hits += found
            assert choice.found_in(text) is found, (source, text)
    assert hits > len(texts)
