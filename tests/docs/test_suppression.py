"""The numbers of the suppression list on the pages are those of limits.py."""

from __future__ import annotations

from docs.pages import page, sections
from retour import limits

OPERATE = " ".join(sections(page("operate.md"), 2)["Suppression"].split())
API = " ".join(page("api.md").split())


def test_the_rules_on_the_page_are_the_rules() -> None:
    low, high = limits.SOFT_THRESHOLD
    assert f"five, or what *Edit suppression rules* says ({low} to {high})" in OPERATE
    assert limits.SOFT_THRESHOLD_DEFAULT == 5
    assert f"when they are {limits.SOFT_ERROR_GAP // limits.HOUR} hours apart" in OPERATE
    assert f"stood still for {limits.SOFT_ERROR_AGE // limits.DAY} days are forgotten" in OPERATE
    assert f"at most {limits.ALLOWED_ENTRIES:,} entries" in OPERATE


def test_the_limits_of_the_calls_are_the_limits() -> None:
    low, high = limits.SUPPRESSION_PAGE
    assert f"{low} to {high:,}; 20 by default" in API
    assert f"Adds up to {limits.SUPPRESSION_ENTRIES:,}, all or none" in API
    megabytes = limits.UPLOAD_BYTES // 1024 // 1024
    assert f"at most {megabytes} MB (Adobe takes 1 MB) and {limits.UPLOAD_ROWS:,} records" in API
    assert f"added {limits.UPLOAD_BATCH} at a time" in API
    assert f"for {limits.UPLOAD_AGE // limits.DAY} days. Takes `limit`" in API
    assert f"`failedRecords` has the first {limits.UPLOAD_RECORDS_SHOWN:,}" in API
