"""What mail hosts say in reports, in many systems' wording: the failure code that it must become."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from retour.classify import classify
from retour.classify.tables import FAILURES
from retour.model import FailureCategory

with (Path(__file__).parent / "diagnostics.tsv").open(encoding="utf-8", newline="") as table:
    ROWS = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["words"][:60])
def test_each_gets_the_code_of_the_table(row: dict[str, str]) -> None:
    found = classify(None, row["status"] or None, row["words"], category=FailureCategory.ASYNC, final=True)
    assert found.code == row["code"]


def test_the_table_is_long_and_names_most_codes() -> None:
    counted = Counter(int(row["code"]) for row in ROWS)
    assert len(ROWS) > 250
    assert set(counted) <= set(FAILURES)
    assert {code for code, times in counted.items() if times >= 10} >= {
        10,
        20,
        21,
        22,
        23,
        24,
        50,
        51,
        52,
        54,
    }
