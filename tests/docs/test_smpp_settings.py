"""What is configured for an SMSC stands on the page of channels."""

from __future__ import annotations

from house.tree import ROOT
from retour.smsproviders.smpp import FIELDS
from retour.smsproviders.smpp_codes import STATES, STATUSES

PAGE = (ROOT / "docs" / "channels.md").read_text().split("\n## SMPP\n")[1].split("\n## ")[0]


def test_every_setting_and_choice_is_on_the_page() -> None:
    words = {field.name for field in FIELDS} | {
        choice for field in FIELDS for choice in field.choices if not choice.isdecimal()
    }
    assert sorted(word for word in words if f"`{word}`" not in PAGE and f".{word}`" not in PAGE) == []


def test_every_state_and_every_status_that_is_tried_again_is_on_the_page() -> None:
    words = {state.word for state in STATES.values()} | {one.name for one in STATUSES.values() if one.busy}
    assert sorted(word for word in words if f"`{word}`" not in PAGE) == []
