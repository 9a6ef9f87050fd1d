"""docs/channels.md has what a provider is configured with, and what its codes mean as the code has it."""

from __future__ import annotations

import re

import pytest

from house.tree import ROOT
from retour.model import FailureType, FeedbackStatus
from retour.smsproviders import PROVIDERS, twilio_codes, vonage_codes
from retour.smsproviders.shapes import Row

PAGE = (ROOT / "docs" / "channels.md").read_text()


def section(name: str) -> str:
    """What stands under a provider's name."""
    found = re.search(rf"^### {name}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("provider", ["twilio", "vonage"])
def test_the_page_has_every_setting_in_its_order(provider: str) -> None:
    file = PROVIDERS[provider]
    table = section(file.NAME).strip().partition("\n\n")[0]
    cells = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", table, re.MULTILINE)
    assert re.findall(r"\w+", " ".join(cells)) == [field.name for field in file.FIELDS]
    assert f"| `{provider}` | sms |" in PAGE


def codes(rows: dict[str, Row], status: FeedbackStatus, kind: FailureType | None = None) -> set[str]:
    """Those that mean this."""
    return {code for code, row in rows.items() if row.status == status and kind in (None, row.type)}


def named(pattern: str, text: str) -> set[str]:
    """The codes that the page has there."""
    found = re.search(pattern, text)
    assert found is not None, pattern
    return set(re.findall(r"\d+", found[1]))


def test_the_page_has_what_vonage_s_codes_mean() -> None:
    bounce, error = FeedbackStatus.BOUNCE, FeedbackStatus.ERROR
    text, receipts, submits = section("Vonage"), vonage_codes.RECEIPTS, vonage_codes.SUBMITS
    for kind in FailureType:
        assert named(rf"{kind} \(([\d, ]+)", text) == codes(receipts, bounce, kind)
    assert named(r"ours to mend \(([\d, ]+)\)", text) == codes(receipts, error)
    assert named(r"`error` for ([\d, ]+) and unknown ones", text) == codes(submits, error)
    assert named(r"Hard for ([\d, and]+),", text) == codes(submits, bounce)
    assert named(r"\n\| ([\d, ]+), or HTTP 429", text) == set(vonage_codes.BUSY)
    assert named(r"\n\| ([\d, ]+), or HTTP 401", text) == set(vonage_codes.TROUBLES)


def test_the_page_names_codes_of_twilio_that_mean_what_it_says() -> None:
    text = section("Twilio")
    for kind in FailureType:
        assert named(rf"{kind} \(([\d, ]+)", text) <= codes(twilio_codes.CODES, FeedbackStatus.BOUNCE, kind)
    assert named(r"ours to mend \(([\d, ]+)", text) <= codes(twilio_codes.CODES, FeedbackStatus.ERROR)
    assert named(r"\n\| ([\d, ]+), or HTTP 429", text) == set(twilio_codes.BUSY)
