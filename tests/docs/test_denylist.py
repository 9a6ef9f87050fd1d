"""The words on the page are those that are read."""

from __future__ import annotations

import re

import pytest

from docs.pages import page, sections
from retour.keywords import KEYWORDS, Wish

SECTION = sections(page("channels.md"), 2)["Who does not want text messages"]


@pytest.mark.parametrize("wish", Wish)
def test_every_word_is_on_the_page_in_its_row(wish: Wish) -> None:
    (row,) = [line for line in SECTION.splitlines() if line.startswith(f"| {wish.name}")]
    words = {keyword.text.upper() for keyword in KEYWORDS if keyword.wish is wish}
    assert set(re.findall(r"`([A-Z]+)`", row)) == words
