"""Ann's messages go out by a real Postfix to real mail hosts: what her webhook hears, at once and later."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from cast import House, a_house
from outside.certificates import Authority
from outside.https import Endpoint, serving
from outside.postfix import Postfix
from retour.catalog.inputs import ConfigurationInput, EmailInput, SmtpInput
from retour.config import MailListener
from retour.mailin import receiving

pytestmark = [
    pytest.mark.peer("postfix"),
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="Postfix starts as root alone"),
]
PATIENCE = 60

# Recipient -> what the webhook hears, in order; after a colon AJO's code.
HEARD = {
    "anne@final.test": ["sent", "delivered"],
    "anne@ok.test": ["sent", "delivered"],
    "anne@hard.test": ["sent", "bounce:10"],
    "anne@full.test": ["sent", "bounce:22"],
    "anne@spam.test": ["sent", "bounce:52"],
    "anne@soft.test": ["sent", "delay:70", "bounce:20"],
    "anne@down.test": ["sent", "delay:70", "bounce:24"],
    "жанна@ok.test": ["sent", "bounce:40"],  # that host knows no SMTPUTF8
    "team@alias.test": ["sent", "bounce:52"],  # two members, both refused, in one notification
    "nobody@relay.test": ["bounce:10"],
    "policy@ok.test": ["bounce:50"],
    # found by name
    "anne@good.test": ["sent", "delivered"],
    "anne@gone.test": ["sent", "bounce:10"],
    "anne@nxdomain.test": ["sent", "bounce:21"],
    "anne@nullmx.test": ["sent", "bounce:10"],
    "anne@loop.test": ["sent", "bounce:40"],
    "anne@servfail.test": ["sent", "delay:70", "bounce:21"],
    "anne@b421.test": ["sent", "delay:70", "bounce:24"],
    "anne@blocked.test": ["sent", "delay:70", "bounce:51"],
}
LAST = {"grey@ok.test": ["delay:50"]}  # goes on trying: what is heard so far


def said(body: dict[str, Any]) -> str:
    """`bounce:10`."""
    feedback = body["messageDeliveryFeedback"]
    failure = feedback["messageFailure"]
    return f"{feedback['feedbackStatus']['value']}" + (f":{failure['code']}" if failure else "")


def heard(receiver: Endpoint) -> dict[str, list[str]]:
    """Recipient -> what was heard, in the order of the events."""
    bodies = {json.loads(request.body)["_id"]: json.loads(request.body) for request in receiver.requests}
    found: dict[str, list[tuple[int, str]]] = {}
    for body in bodies.values():
        address = body["channelContext"]["profileAddress"]
        found.setdefault(address, []).append((body["retour"]["sequence"], said(body)))
    return {address: [what for _, what in sorted(events)] for address, events in found.items()}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """One journey for all: everything goes out at once, and what the webhook heard when it was over."""
    return asyncio.run(_journey(tmp_path_factory.mktemp("postfix")))


async def _journey(folder: Path) -> dict[str, list[str]]:
    authority = Authority()
    async with (
        serving(tls=authority.server("127.0.0.1", "localhost")) as receiver,
        a_house(folder, authority.write(folder)) as house,
        receiving(house.retour.reports, (MailListener("lmtp", "127.0.0.1", 0),)) as ports,
        _postfix(ports[0]) as postfix,
    ):
        await house.webhook(receiver.url("/feedback"))
        campaign = await house.campaign(await _configuration(house, postfix.port))
        async with house.working():
            for address in (*HEARD, *LAST):
                await house.execute(campaign, address)
            await _until_over(receiver)
        return heard(receiver)


async def _configuration(house: House, port: int) -> str:
    given = ConfigurationInput(name="postfix", channel="email", provider="smtp")
    given.email = EmailInput(
        sender_name="Luma",
        sender_email="no-reply@luma.example",
        return_path_domain="feedback.test",
        delivery_notices="success",
    )
    given.smtp = SmtpInput(host="127.0.0.1", port=port)
    return (await house.retour.configurations.create(house.dev, given)).id


class _postfix:  # noqa: N801 - used like a function
    """A running Postfix."""

    def __init__(self, feedback: int) -> None:
        self._postfix, self._feedback = Postfix(), feedback

    async def __aenter__(self) -> Postfix:
        await asyncio.to_thread(self._postfix.start, self._feedback)
        return self._postfix

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._postfix.stop)


async def _until_over(receiver: Endpoint) -> None:
    """Until every recipient's story has as many parts as it should, or the time is up: the tests tell which has not."""
    try:
        async with asyncio.timeout(PATIENCE):
            while any(len(heard(receiver).get(to, ())) < len(what) for to, what in (HEARD | LAST).items()):
                await receiver.arrived(len(receiver.requests) + 1, PATIENCE)
    except TimeoutError:
        pass


@pytest.mark.parametrize("recipient", [*HEARD, *LAST])
def test_the_webhook_hears(results: dict[str, list[str]], recipient: str) -> None:
    assert results.get(recipient) == (HEARD | LAST)[recipient]
