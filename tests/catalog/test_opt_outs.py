"""Vera answers a text message of Ann's: what she says holds from the next message on, and stands in no log."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from cast import House
from retour import ids
from retour.audit import Deed, Noun
from retour.catalog.opt_outs import Did
from retour.model import Actor, ActorKind
from retour.suppression import EntryKind, ListName

VERA = "+31612345678"


async def heard(house: House, text: str, number: str = VERA) -> Did:
    """Somebody answers."""
    return await house.retour.opt_outs.heard(house.dev.id, number, text, "text", ids.now())


async def listed(house: House) -> list[str]:
    """The numbers of the list."""
    chunks = house.retour.suppressed.all(house.dev.id, ListName.SUPPRESSED, (EntryKind.NUMBER,))
    return [entry.value async for chunk in chunks for entry in chunk]


@pytest.mark.parametrize(
    "number", [VERA, "31612345678", "0031612345678", " +31 6 12 34 56 78", "+31-6-12345678"]
)
async def test_a_number_is_one_however_a_provider_writes_it(house: House, number: str) -> None:
    assert await heard(house, "STOP", number) is Did.OPTED_OUT
    assert await listed(house) == [VERA]


@pytest.mark.parametrize(
    "number",
    ["", "+", "Luma", "12345", "0612345678", "+31612345678901234", "+31612345678 or so", "x" * 9_999],
)
async def test_who_has_no_number_is_not_listed(house: House, number: str) -> None:
    assert await heard(house, "STOP", number) is Did.NOTHING
    assert await listed(house) == []


async def test_each_change_is_in_the_audit_log_once_with_who_heard_it_and_the_word(house: House) -> None:
    for text in ("Stop.", "STOP", "help", "I like it", "start", "START"):
        await heard(house, text)
    entries = await house.retour.audit.page(house.dev, noun=Noun.SUPPRESSION)
    assert [(one.deed, one.subject) for one in entries] == [(Deed.REMOVED, VERA), (Deed.ADDED, VERA)]
    back, out = entries
    assert out.actor == back.actor == Actor(kind=ActorKind.PROVIDER, id="text", name="text")
    assert out.after == {"list": "SMS denylist", "entries": VERA, "comment": "STOP"}
    assert back.before["comment"] == "START"
    assert await house.retour.audit.page(house.other, noun=Noun.SUPPRESSION) == []


async def test_nothing_of_it_is_logged(house: House) -> None:
    with capture_logs() as logs:
        for text in ("STOP", "My secret is 17", "START"):
            await heard(house, text)
            await heard(house, text, "Luma")
    assert logs == []
