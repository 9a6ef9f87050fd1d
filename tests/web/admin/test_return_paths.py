"""Email settings say what will be learned, and look at the way back of mail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from cast import House, a_house
from outside.nameserver import Answers, naming
from retour import ids
from retour.catalog.inputs import ConfigurationInput, EmailInput, SmtpInput
from retour.channels import Receipt
from retour.model import Fact, FeedbackStatus
from retour.outbound.names import DnsResolver
from rooms.steps import Script, message_of, send_due
from web.admin.desk import DEV, Desk
from web.admin.test_messages import check_order

LIST = f"{DEV}/channel-configurations"
NAMES: Answers = {
    "feedback.luma.example": [["20 mx2.luma.example", "10 mx1.luma.example"]],
    "itself.luma.example": [["93.184.216.34"]],
    "refuses.luma.example": [["0 ."]],
}


@pytest.fixture
async def listening(tmp_path: Path) -> AsyncIterator[Desk]:
    """A house that takes mail, and a name server of its own."""
    async with (
        a_house(tmp_path, mail_listen="lmtp://127.0.0.1:2424") as house,
        naming(NAMES) as names,
        AsyncExitStack() as stack,
    ):
        house.retour.outbound._resolver = DnsResolver((names.address,))
        yield Desk(house, stack)


async def made(house: House, domain: str | None, notices: str = "success") -> str:
    """A channel configuration with this return path domain; its id."""
    given = ConfigurationInput(name=f"relay {domain} {notices}", channel="email", provider="smtp")
    given.email = EmailInput(
        sender_name="Luma",
        sender_email="no-reply@luma.example",
        return_path_domain=domain,
        delivery_notices=notices,
    )
    given.smtp = SmtpInput(host="127.0.0.1", port=2525)
    return (await house.retour.configurations.create(house.dev, given)).id


@pytest.mark.parametrize(
    ("domain", "notices", "said"),
    [
        ("feedback.luma.example", "success", "<b>delivered</b> when a host reports"),
        ("feedback.luma.example", "failure", "nobody is asked to report <b>delivered</b>"),
        ("feedback.luma.example", "none", "as no notices are asked for"),
        (None, "success", "nothing, without a return path domain."),
    ],
)
async def test_the_form_says_what_comes_back_by_mail(
    listening: Desk, domain: str | None, notices: str, said: str
) -> None:
    ann = await listening.browser("ann")
    text = (await ann.get(f"{LIST}/{await made(listening.house, domain, notices)}/edit")).text
    assert said in text
    assert ("complaints@feedback.luma.example" in text) is bool(domain)


async def test_the_form_says_when_no_mail_is_taken_here(desk: Desk, ann: httpx.AsyncClient) -> None:
    configuration = await made(desk.house, "feedback.luma.example")
    assert (
        "while <code>RETOUR_MAIL_LISTEN</code> is not set"
        in (await ann.get(f"{LIST}/{configuration}/edit")).text
    )
    blank = (await ann.get(f"{LIST}/new?channel=email")).text
    assert "without a return path domain and <code>RETOUR_MAIL_LISTEN</code>" in blank


async def test_the_way_back_is_looked_at(listening: Desk) -> None:
    ann = await listening.browser("ann")
    configuration = await made(listening.house, "feedback.luma.example")
    assert "Check return path" in (await ann.get(f"{LIST}/{configuration}/edit")).text
    text = (await ann.post(f"{LIST}/{configuration}/return-path")).text
    check_order(
        text, "The way back of mail", "lmtp://127.0.0.1:2424", "mx1.luma.example", ", then", "mx2.luma.example",
        "None yet in this sandbox", "complaints@feedback.luma.example",
    )  # fmt: skip


async def test_a_mail_that_came_back_is_told(listening: Desk) -> None:
    house, ann = listening.house, await listening.browser("ann")
    sent = Fact(status=FeedbackStatus.SENT, key="sent")
    house.retour.channels["simulated"] = Script(otherwise=Receipt(facts=(sent,)))
    simulated = await house.simulated()
    execution = await house.execute(await house.campaign(simulated), "bob@acme.example")
    await send_due(house, simulated)
    mark = house.retour.reports.marks.of(house.dev.id, await message_of(house, execution.id))
    await house.retour.reports.mail(
        f"bounce+{mark}@feedback.luma.example", b"Subject: Re: Hello\n\nHi", ids.now()
    )
    configuration = await made(house, "feedback.luma.example")
    text = (await ann.post(f"{LIST}/{configuration}/return-path")).text
    assert "None yet in this sandbox" not in text
    check_order(text, "Last came back", "<time ")


@pytest.mark.parametrize(
    ("domain", "heading", "said"),
    [
        ("itself.luma.example", "The way back of mail", "There is no MX record: it goes to"),
        ("refuses.luma.example", "Other hosts may not find the way back", "says that it takes no mail"),
        (
            "nowhere.luma.example",
            "Other hosts may not find the way back",
            "nowhere.luma.example can&#39;t be found.",
        ),
    ],
)
async def test_where_mail_can_not_come_back_it_is_said(
    listening: Desk, domain: str, heading: str, said: str
) -> None:
    ann = await listening.browser("ann")
    text = (await ann.post(f"{LIST}/{await made(listening.house, domain)}/return-path")).text
    check_order(text, heading, said)


async def test_without_a_listener_or_a_domain_it_is_said(desk: Desk, ann: httpx.AsyncClient) -> None:
    async with naming(NAMES) as names:
        desk.house.retour.outbound._resolver = DnsResolver((names.address,))
        configuration = await made(desk.house, "feedback.luma.example")
        text = (await ann.post(f"{LIST}/{configuration}/return-path")).text
    check_order(
        text, "Mail can’t come back", "<code>RETOUR_MAIL_LISTEN</code> is not set", "mx1.luma.example"
    )
    bare = await made(desk.house, None)
    assert "/return-path" not in (await ann.get(f"{LIST}/{bare}/edit")).text
    assert "The way back" not in (await ann.post(f"{LIST}/{bare}/return-path")).text


async def test_only_an_administrator_of_the_organization_looks(listening: Desk) -> None:
    configuration = await made(listening.house, "feedback.luma.example")
    for name, status in (("bob", 403), ("vera", 403), ("charlie", 404)):
        browser = await listening.browser(name)
        assert (await browser.post(f"{LIST}/{configuration}/return-path")).status_code == status
