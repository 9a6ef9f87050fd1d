"""What is read out of an uploaded file, and what is told of it."""

from __future__ import annotations

import pytest

from retour import limits
from retour.catalog.suppression import FULL, MAIL_ONLY, Given
from retour.catalog.uploads import Batch, fitting, read, sorted_out, state_of
from retour.errors import Invalid
from retour.stores.suppression_shelves import UploadState
from retour.suppression import EntryKind, ListName

HEADER = b"TYPE,VALUE,COMMENT\n"
ADDRESS = EntryKind.ADDRESS
SUPPRESSED, ALLOWED = ListName.SUPPRESSED, ListName.ALLOWED


def test_a_file_of_a_spreadsheet_is_read() -> None:
    raw = b'\xef\xbb\xbftype,Value,comment\r\nEMAIL,a@x.example,"one, two"\r\n,,\r\n\r\nDOMAIN,x.example\r\n'
    assert read(raw) == [["EMAIL", "a@x.example", "one, two"], ["DOMAIN", "x.example"]]
    assert sorted_out(SUPPRESSED, read(raw)).good == (
        Given(ADDRESS, "a@x.example", "one, two"),
        Given(EntryKind.DOMAIN, "x.example"),
    )


def test_a_file_has_so_many_records_and_bytes_and_no_more() -> None:
    row = b"E,x,\n"
    assert len(read(HEADER + row * limits.UPLOAD_ROWS)) == limits.UPLOAD_ROWS
    for raw in (HEADER + row * (limits.UPLOAD_ROWS + 1), HEADER + b"x" * limits.UPLOAD_BYTES):
        with pytest.raises(Invalid, match=r"200,000 records|10,485,760 bytes"):
            read(raw)


def test_a_comment_has_so_many_characters_and_no_more() -> None:
    most = limits.SUPPRESSION_COMMENT_CHARACTERS
    batch = sorted_out(
        SUPPRESSED, [["EMAIL", "a@x.example", "x" * most], ["EMAIL", "b@x.example", "x" * (most + 1)]]
    )
    assert [one.value for one in batch.good] == ["a@x.example"]
    assert [one.reason for one in batch.failed] == [f"Use at most {most} characters."]


def test_numbers_are_read_however_they_are_written_and_are_none_of_the_allowed_list() -> None:
    rows = [["phone", "+31 (0)6-1234 5678", "shop"], ["PHONE", "0612345678", ""], ["SMS", "+31612345678", ""]]
    batch = sorted_out(SUPPRESSED, rows)
    assert batch.good == (Given(EntryKind.NUMBER, "+31612345678", "shop"),)
    assert [one.reason for one in batch.failed] == [
        "Enter a telephone number with + and the country code, as in +31612345678.",
        "TYPE must be EMAIL, DOMAIN or PHONE.",
    ]
    assert {one.reason for one in sorted_out(ALLOWED, rows[:2]).failed} == {MAIL_ONLY}


def test_what_does_not_fit_on_the_allowed_list_fails_and_what_is_there_does_not() -> None:
    given = [Given(ADDRESS, f"{name}@x.example") for name in ("there", "one", "one", "two")]
    made = fitting(Batch(good=tuple(given), failed=()), [True, False, False, False], places=1)
    assert [one.value[0] for one in made.good] == ["t", "o", "o"]
    assert [(one.value, one.reason) for one in made.failed] == [("two@x.example", FULL)]


@pytest.mark.parametrize(
    ("handled", "failed", "state"),
    [
        (0, 0, UploadState.PENDING),
        (9, 9, UploadState.PENDING),
        (10, 9, UploadState.COMPLETE),
        (10, 10, UploadState.ERROR),
    ],
)
def test_where_an_upload_of_ten_stands(handled: int, failed: int, state: UploadState) -> None:
    assert state_of(10, handled, failed) is state
