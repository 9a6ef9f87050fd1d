"""CHANGELOG.md: the version is read from it, and each line names the part that changed first."""

from __future__ import annotations

import re
from datetime import date

import retour
from house.tree import ROOT

HEADING = re.compile(r"## \[(?P<version>\d+\.\d+\.\d+)\] - (?P<day>\d{4}-\d{2}-\d{2})")
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
ENTRY = re.compile(r"- \*\*[a-z][\w ,/-]*\*\*: \S.*[.)`]")
TEXT = (ROOT / "CHANGELOG.md").read_text()


def releases() -> list[tuple[str, list[str]]]:
    """Each release's heading and lines, the newest first."""
    _, *parts = re.split(r"^(?=## )", TEXT, flags=re.M)
    return [(lines[0], lines[1:]) for lines in (part.splitlines() for part in parts)]


def test_the_first_heading_is_the_version_of_the_package() -> None:
    found = HEADING.fullmatch(releases()[0][0])
    assert found is not None
    assert found["version"] == retour.__version__


def test_every_release_has_a_version_and_a_day_and_the_newest_stands_first() -> None:
    found = [HEADING.fullmatch(heading) for heading, _ in releases()]
    days = [date.fromisoformat(heading["day"]) for heading in found if heading]
    assert len(days) == len(found)
    assert days == sorted(days, reverse=True)


def test_changes_stand_under_the_headings_of_keep_a_changelog() -> None:
    kinds = [line.removeprefix("### ") for _, lines in releases() for line in lines if line.startswith("#")]
    assert kinds
    assert set(kinds) <= set(KINDS)


def test_every_change_names_its_part_first_and_ends_as_a_sentence() -> None:
    text = re.sub(r"\n  (?=\S)", " ", TEXT)
    entries = [line for line in text.splitlines() if line.startswith("-")]
    assert entries
    assert [entry for entry in entries if not ENTRY.fullmatch(entry)] == []
