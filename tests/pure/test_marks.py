"""Marks: what was made is read, in whatever a mail system makes of it; anything else is nobody's."""

from __future__ import annotations

import pytest

from retour import ids
from retour.marks import Marks, Place
from retour.sealing import Keys

MARKS = Marks(Keys("the master key of this test: 32+ characters"))
# Fixed, so that every process of a test run names its cases alike.
PLACE = Place(
    sandbox="0193a5c0-0f3e-7b21-9c4d-5e6f70818293", message_id="0193a5c0-1a2b-7c3d-8e4f-506172839405"
)
MARK = MARKS.of(*PLACE)


def test_whatever_ids_a_mark_is_made_of_it_names_them() -> None:
    for _ in range(500):
        place = Place(sandbox=ids.new_id(), message_id=ids.new_id())
        assert MARKS.read(MARKS.of(*place)) == place


@pytest.mark.parametrize("text", [f"<{MARK}@luma.example>", f"QQ== {MARK.upper()}", f"?m={MARK}&x=1"])
def test_it_is_found_in_text_whatever_its_capitals(text: str) -> None:
    assert MARKS.find(text) == PLACE


CHANGED = MARK[:-1] + ("b" if MARK[-1] == "a" else "a")
OTHER_DIGITS = [first + MARK[1:] for first in " +-_018=ä٣"]
NO_MARKS = [
    "",
    "a",
    MARK[1:],
    f"{MARK}a",
    f"{MARK[:9]}_{MARK[10:]}",
    "a" * 56,
    "7" * 56,
    CHANGED,
    *OTHER_DIGITS,
]


@pytest.mark.parametrize("mark", NO_MARKS)
def test_what_is_no_mark_of_ours_names_nobody(mark: str) -> None:
    assert MARKS.read(mark) is None
    assert MARKS.read_address(f"bounce+{mark}@back.luma.example") is None


def test_a_mark_of_another_key_names_nobody() -> None:
    assert Marks(Keys("another master key: also 32 characters")).read(MARK) is None
