"""Mails that came back, on a message's page and by themselves: shown as text, to those who may read them."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
import pytest

from cast import House
from mailreports.mails import complaint, dsn, prose
from retour import ids, limits
from retour.channels import Receipt
from retour.model import Fact, FeedbackStatus
from retour.retention import Ages, Retention
from retour.web.admin import returned
from rooms.steps import Script, message_of, send_due
from web.admin.desk import DEV, Desk
from web.admin.test_messages import check_order

GONE = (
    "Final-Recipient: rfc822; bob@acme.example\nAction: failed\nStatus: 5.1.1\n"
    "Diagnostic-Code: smtp; 550 5.1.1 no such user"
)
AWAY = b"From: bob@acme.example\nSubject: Out of office\nAuto-Submitted: auto-replied\n\nBack on Monday.\n"


@dataclass
class Came:
    """Ann's message to Bob, to which mails come back."""

    house: House
    message: str

    async def back(self, *mails: bytes) -> list[str]:
        """They come back, in this order; the ids of all that are kept."""
        mark = self.house.retour.reports.marks.of(self.house.dev.id, self.message)
        for mail in mails:
            await self.house.retour.reports.mail(f"bounce+{mark}@back.luma.example", mail, ids.now())
        kept = await self.house.retour.returned.returned_mails(self.house.dev.id, self.message)
        return [mail.id for mail in kept]

    @property
    def path(self) -> str:
        """The message's page."""
        return f"{DEV}/messages/{self.message}"


@pytest.fixture
async def came(desk: Desk) -> Came:
    """Sent, and nothing has come back yet."""
    house = desk.house
    sent = Fact(status=FeedbackStatus.SENT, key="sent")
    house.retour.channels["simulated"] = Script(otherwise=Receipt(facts=(sent,)))
    configuration = await house.simulated()
    execution = await house.execute(await house.campaign(configuration), "bob@acme.example")
    await send_due(house, configuration)
    return Came(house, await message_of(house, execution.id))


async def test_each_stands_before_what_it_led_to(came: Came, ann: httpx.AsyncClient) -> None:
    notice, away, _ = await came.back(dsn(GONE), AWAY, complaint())
    text = (await ann.get(came.path)).text
    check_order(
        text, "Handed over", "#1", "Mail came back: delivery notice", 'Led to <a href="#event-2">#2</a>', notice,
        "Bounced", "#2", "Mail came back: automatic reply", "Changed nothing.", away,
        "Mail came back: complaint", "Complaint: abuse", "#3",
    )  # fmt: skip


async def test_one_is_shown_as_text_with_what_was_read_out_of_it(came: Came, ann: httpx.AsyncClient) -> None:
    (mail,) = await came.back(dsn(GONE, words="<b>Sorry</b>"))
    text = (await ann.get(f"{came.path}/mail/{mail}")).text
    check_order(
        text, "Delivery notice,", f'href="{came.path}#event-2"', "For 30 days, until", "bob@acme.example", "Failed",
        "5.1.1", "no such user", "Invalid Recipient (code 10, Hard)", "&lt;b&gt;Sorry&lt;/b&gt;",
    )  # fmt: skip


async def test_a_complaint_says_what_it_is_told_as(came: Came, ann: httpx.AsyncClient) -> None:
    (mail,) = await came.back(complaint())
    text = (await ann.get(f"{came.path}/mail/{mail}")).text
    check_order(text, "Complaint", "abuse", "Spam Block (code 51, Ignored)")


async def test_of_a_large_one_the_beginning_is_kept_and_the_size_told(
    came: Came, ann: httpx.AsyncClient
) -> None:
    raw = prose("550 5.1.1 no such user\n\n" + "x" * 100_000)
    (mail,) = await came.back(raw)
    text = (await ann.get(f"{came.path}/mail/{mail}")).text
    assert f"{len(raw):,} bytes, of which the first {limits.RETURNED_MAIL_KEPT:,} are kept" in text


async def test_it_is_downloaded_as_it_came(came: Came, ann: httpx.AsyncClient) -> None:
    raw = dsn(GONE, words="<script>alert(1)</script> \x00\x1b ж")
    (mail,) = await came.back(raw)
    answer = await ann.get(f"{came.path}/mail/{mail}/eml")
    assert answer.content == raw
    assert answer.headers["content-disposition"] == f'attachment; filename="returned-{mail[:12]}.eml"'
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_vera_sees_that_it_came_and_does_not_read_it_and_charlie_sees_nothing(
    desk: Desk, came: Came
) -> None:
    (mail,) = await came.back(dsn(GONE))
    vera, bob, charlie = [await desk.browser(name) for name in ("vera", "bob", "charlie")]
    shown = (await vera.get(came.path)).text
    assert "Mail came back: delivery notice" in shown
    assert mail not in shown
    for path in (f"{came.path}/mail/{mail}", f"{came.path}/mail/{mail}/eml"):
        assert (await vera.get(path)).status_code == 403
        assert (await bob.get(path)).status_code == 200
        assert (await charlie.get(path)).status_code == 404
        assert (await charlie.get(path.replace(DEV, "/admin/other@Org/prod"))).status_code == 404


async def test_what_is_not_there_or_too_old_is_not_found(came: Came, ann: httpx.AsyncClient) -> None:
    (mail,) = await came.back(dsn(GONE))
    assert (await ann.get(f"{came.path}/mail/{'0' * 32}")).status_code == 404
    store = came.house.retour.store
    await Retention(store, Ages()).run(ids.now() + 31 * limits.DAY)
    assert (await ann.get(f"{came.path}/mail/{mail}")).status_code == 404


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"a\r\nb\tc\n", "a\nb\tc\n"),
        (b"a\x00\x1b[2J\x7f\r", "a␀␛[2J␡␍"),
        ("a\u202eb\u200bc\ufeff".encode(), r"a\u{202e}b\u{200b}c\u{feff}"),
        (b"caf\xe9", r"caf\xe9"),
        ("ж配信".encode(), "ж配信"),
    ],
)
def test_nothing_hides_in_the_text(raw: bytes, shown: str) -> None:
    assert returned.text(raw) == shown
