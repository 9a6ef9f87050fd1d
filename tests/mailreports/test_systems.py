"""Mails that come back in the manner of many mail systems, in nine languages: what each is and says."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from retour.mailreports import read
from retour.reports import learned_from

SYSTEMS = Path(__file__).parent / "systems"

with (SYSTEMS / "expected.tsv").open(encoding="utf-8") as table:
    EXPECTED = list(csv.DictReader(table, delimiter="\t"))


def test_the_table_has_every_mail() -> None:
    assert [row["file"] for row in EXPECTED] == sorted(path.name for path in SYSTEMS.glob("*.eml"))


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: row["file"].removesuffix(".eml"))
def test_each_is_and_says_what_the_table_has(row: dict[str, str]) -> None:
    """`code` is what a message of ours would be told with; nothing where it tells of no failure."""
    report = read((SYSTEMS / row["file"]).read_bytes())
    said = report.told[0] if report.told else None
    learned = learned_from(report)
    found = {
        "file": row["file"],
        "kind": report.kind.value,
        "action": said.action.value if said else "",
        "code": learned.failure.code if learned and learned.failure else "",
        "recipient": said.recipient if said else "",
    }
    assert found == row
