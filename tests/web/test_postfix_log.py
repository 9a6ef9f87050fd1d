"""A Postfix's log: what its lines say, and how it is followed over rotations and restarts."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cast import House, until
from outside.postfix import Postfix
from retour import limits
from retour.catalog.inputs import ConfigurationInput, EmailInput, SmtpInput
from retour.channels import Receipt
from retour.errors import Busy
from retour.mailreports import Action
from retour.model import Fact, FeedbackStatus
from retour.postfixlog import Line, PostfixLog, following, parse
from retour.stores.sqlite import SqliteStore
from rooms.steps import Script, message_of, send_due, told_of

HEAD = "Nov 24 08:15:00 mta.lab.test postfix"
QUEUE_ID = "4jYRxk0n1Jz5"

# Lines as the Postfix 3.7 of these tests writes them, and one of an older one with short queue ids and syslog's head.
LINES: tuple[tuple[str, Line | None], ...] = (
    (
        f"{HEAD}/qmgr[812]: {QUEUE_ID}: from=<bounce+x@feedback.test>, size=1022, nrcpt=1 (queue active)",
        Line("entered", QUEUE_ID, sender="bounce+x@feedback.test"),
    ),
    (
        f"{HEAD}/smtp[815]: {QUEUE_ID}: to=<anne@ok.test>, relay=127.0.0.1[127.0.0.1]:2600, delay=0.05, "
        "delays=0.01/0/0/0.04, dsn=2.0.0, status=sent (250 2.0.0 Ok)",
        Line("tried", QUEUE_ID, action=Action.RELAYED, status="2.0.0", words="250 2.0.0 Ok"),
    ),
    (
        f"{HEAD}/smtp[815]: {QUEUE_ID}: to=<anne@hard.test>, orig_to=<a@alias.test>, relay=mx.test[192.0.2.1]:25, "
        "delay=1, delays=0/0/1/0, dsn=5.1.1, status=bounced (host mx.test[192.0.2.1] said: 550 5.1.1 "
        "<anne@hard.test>: User unknown (in reply to RCPT TO command))",
        Line(
            "tried",
            QUEUE_ID,
            action=Action.FAILED,
            status="5.1.1",
            words="host mx.test[192.0.2.1] said: 550 5.1.1 <anne@hard.test>: User unknown "
            "(in reply to RCPT TO command)",
        ),
    ),
    (
        f"{HEAD}/error[9]: {QUEUE_ID}: to=<a@down.test>, relay=none, delay=3, delays=3/0/0/0, dsn=4.4.1, "
        "status=deferred (delivery temporarily suspended: connect to 127.0.0.1[127.0.0.1]:2699: Connection refused)",
        Line(
            "tried",
            QUEUE_ID,
            action=Action.DELAYED,
            status="4.4.1",
            words="delivery temporarily suspended: connect to 127.0.0.1[127.0.0.1]:2699: Connection refused",
        ),
    ),
    (
        f"{HEAD}/local[9]: {QUEUE_ID}: to=<a@b.test>, relay=local, delay=0, delays=0/0/0/0, dsn=2.0.0, "
        "status=sent (forwarded as 4jYRxk0n1Jz6)",
        Line("tried", QUEUE_ID, action=Action.EXPANDED, status="2.0.0", words="forwarded as 4jYRxk0n1Jz6"),
    ),
    (
        f"{HEAD}/qmgr[812]: {QUEUE_ID}: from=<bounce+x@feedback.test>, status=expired, returned to sender",
        Line("expired", QUEUE_ID, sender="bounce+x@feedback.test"),
    ),
    (f"{HEAD}/qmgr[812]: {QUEUE_ID}: removed", Line("removed", QUEUE_ID)),
    ("Nov  4 08:15:00 mta postfix-out/qmgr[812]: 3F2A1B0C9D: removed", Line("removed", "3F2A1B0C9D")),
    (f"{HEAD}/smtpd[811]: {QUEUE_ID}: client=localhost[127.0.0.1]", None),
    (f"{HEAD}/cleanup[811]: {QUEUE_ID}: message-id=<x@luma.example>", None),
    (f"{HEAD}/bounce[811]: {QUEUE_ID}: sender non-delivery notification: 4jYRxk0n1Jz7", None),
    (f"{HEAD}/smtp[815]: connect to mx.test[192.0.2.1]:25: Connection timed out", None),
    (f"{HEAD}/smtp[815]: {QUEUE_ID}: to=<a@b.test>, relay=none, dsn=2.0.0, status=deliverable (ok)", None),
    ("Nov 24 08:15:00 mta sshd[1]: Accepted publickey for ann", None),
    ("", None),
)


@pytest.mark.parametrize(("text", "line"), LINES)
def test_each_line_says_what_it_says(text: str, line: Line | None) -> None:
    assert parse(text) == line


@given(st.text(max_size=200), st.sampled_from([text for text, _ in LINES]), st.integers(0, 300))
def test_no_line_is_too_strange(junk: str, text: str, place: int) -> None:
    for strange in (junk, text[:place] + junk + text[place:], text[:place]):
        assert parse(strange) is None or isinstance(parse(strange), Line)


def test_of_a_line_the_beginning_is_read() -> None:
    text, line = LINES[1]
    room = limits.POSTFIX_LINE - len(text)
    assert parse(" " * room + text) == line
    assert parse(" " * limits.POSTFIX_LINE + text) is None


@dataclass
class Scene:
    """Ann's message to Bob, which Postfix took, and its log."""

    house: House
    path: Path
    message: str

    @property
    def sender(self) -> str:
        """The message's return path."""
        marks = self.house.retour.reports.marks
        return f"bounce+{marks.of(self.house.dev.id, self.message)}@feedback.test"

    def write(self, *lines: str, end: str = "\n") -> None:
        """Postfix writes."""
        with self.path.open("a") as file:
            file.write("\n".join(lines) + end)

    def entered(self, sender: str = "") -> str:
        """The line of a mail that comes into the queue."""
        return f"{HEAD}/qmgr[8]: {QUEUE_ID}: from=<{sender or self.sender}>, size=10, nrcpt=1 (queue active)"

    def follower(self) -> PostfixLog:
        """Somebody who follows it, newly started."""
        retour = self.house.retour
        return PostfixLog(retour.reports, retour.store, retour.shelves, self.path)

    async def told(self) -> list[str]:
        """What was recorded of the message."""
        return await told_of(self.house, self.message)


SENT = LINES[1][0]
BOUNCED = LINES[2][0]
DEFERRED = LINES[3][0]
EXPIRED = LINES[5][0]
REMOVED = LINES[6][0]


@pytest.fixture
async def scene(house: House, tmp_path: Path) -> Scene:
    """A log in which others' mails stand already."""
    house.retour.channels["simulated"] = Script(
        otherwise=Receipt(facts=(Fact(status=FeedbackStatus.SENT, key="sent"),))
    )
    configuration = await house.simulated()
    execution = await house.execute(await house.campaign(configuration), "bob@acme.example")
    await send_due(house, configuration)
    made = Scene(house, tmp_path / "mail.log", await message_of(house, execution.id))
    made.write(*(text for text, _ in LINES))
    return made


async def all_of(follower: PostfixLog) -> None:
    """Read as far as there is something."""
    while await follower.step():
        await follower.remember()


async def started(scene: Scene) -> PostfixLog:
    """A follower that has come to the end."""
    follower = scene.follower()
    await follower.resume()
    await all_of(follower)
    return follower


async def test_a_delivery_is_told_and_what_is_none_of_ours_is_not(scene: Scene) -> None:
    follower = await started(scene)
    scene.write(scene.entered("somebody@else.test"), BOUNCED, REMOVED)
    scene.write(scene.entered(), SENT, REMOVED, BOUNCED)
    await all_of(follower)
    assert await scene.told() == ["sent", "delivered"]


async def test_a_delay_is_told_once_and_what_expires_is_a_bounce_for_the_last_reason(scene: Scene) -> None:
    follower = await started(scene)
    scene.write(scene.entered(), DEFERRED, scene.entered(), DEFERRED)
    await all_of(follower)
    assert await scene.told() == ["sent", "delay"]
    scene.write(EXPIRED, REMOVED)
    await all_of(follower)
    events = await scene.house.retour.shelves.events(scene.house.dev.id, scene.message)
    assert [event.status for event in events] == ["sent", "delay", "bounce"]
    assert b'"code":"24"' in events[-1].body


async def test_a_restart_goes_on_where_it_stopped_with_the_mails_that_are_open(scene: Scene) -> None:
    follower = await started(scene)
    scene.write(scene.entered())
    await all_of(follower)
    scene.write(BOUNCED)
    after = scene.follower()
    await after.resume()
    await all_of(after)
    assert await scene.told() == ["sent", "bounce"]


async def test_half_a_line_is_left_until_it_is_whole(scene: Scene) -> None:
    follower = await started(scene)
    scene.write(scene.entered())
    scene.write(SENT[:90], end="")
    await all_of(follower)
    assert await scene.told() == ["sent"]
    scene.write(SENT[90:])
    await all_of(follower)
    assert await scene.told() == ["sent", "delivered"]


@pytest.mark.parametrize("written", ["before", "after"])
async def test_a_rotated_log_is_read_to_its_end(scene: Scene, written: str) -> None:
    follower = await started(scene)
    scene.write(scene.entered())
    if written == "after":
        await all_of(follower)
        scene.write("Nov 24 08:16:00 mta postfix/anvil[1]: statistics")
    scene.path.rename(scene.path.with_suffix(".log.1"))
    scene.write(SENT)
    await all_of(follower)
    assert await scene.told() == ["sent", "delivered"]


async def test_a_log_that_was_cut_or_replaced_is_begun_again(scene: Scene) -> None:
    follower = await started(scene)
    scene.path.write_text("")
    scene.write(scene.entered(), DEFERRED)
    await all_of(follower)
    assert await scene.told() == ["sent", "delay"]
    scene.path.rename(scene.path.with_name("gone"))
    assert await follower.step() is False
    scene.write(SENT)
    await all_of(follower)
    assert await scene.told() == ["sent", "delay", "delivered"]


async def test_nothing_is_passed_while_the_store_is_busy(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = await started(scene)
    scene.write(scene.entered(), SENT)
    real = SqliteStore.write

    async def busy(*_: object, **__: object) -> None:
        raise Busy(begun=False)

    monkeypatch.setattr(SqliteStore, "write", busy)
    with pytest.raises(Busy):
        await follower.step()
    monkeypatch.setattr(SqliteStore, "write", real)
    await all_of(follower)
    assert await scene.told() == ["sent", "delivered"]


async def test_so_many_open_mails_are_remembered_and_a_line_without_end_is_passed_over(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = await started(scene)
    monkeypatch.setattr(limits, "POSTFIX_OPEN", 3)
    monkeypatch.setattr(limits, "POSTFIX_CHUNK", 2_000)
    scene.write("x" * 4_000)
    scene.write(scene.entered(), DEFERRED.replace("suspended", "s" * 900))
    await all_of(follower)
    assert await _kept(scene, follower) < 800
    scene.write(*(scene.entered().replace(QUEUE_ID, f"4jYRxk0n1Jz{letter}") for letter in "abcde"))
    await all_of(follower)
    position = await scene.house.retour.shelves.setting(follower.name)
    assert position is not None
    assert [f"Jz{letter}" in position for letter in "abcde"] == [False, False, True, True, True]


async def _kept(scene: Scene, follower: PostfixLog) -> int:
    return len(await scene.house.retour.shelves.setting(follower.name) or "")


async def test_it_is_followed_while_the_service_runs(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "POSTFIX_PAUSE", 0.01)
    retour = scene.house.retour
    async with following(retour.reports, retour.store, retour.shelves, str(scene.path)):
        await until(lambda: _begun(scene.house, scene.path))
        scene.write(scene.entered(), SENT)
        await until(lambda: _delivered(scene))
    async with following(retour.reports, retour.store, retour.shelves, ""):
        pass


async def _delivered(scene: Scene) -> bool:
    return "delivered" in await scene.told()


@pytest.mark.peer("postfix")
@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="Postfix starts as root alone")
async def test_a_real_postfix_is_understood_without_a_single_notice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "POSTFIX_PAUSE", 0.05)
    expected = {
        "anne@final.test": ["sent", "delivered"],
        "anne@ok.test": ["sent", "delivered"],
        "anne@hard.test": ["sent", "bounce"],
        "anne@full.test": ["sent", "bounce"],
        "anne@soft.test": ["sent", "delay", "bounce"],
        "anne@down.test": ["sent", "delay", "bounce"],
        "anne@nxdomain.test": ["sent", "bounce"],
    }
    postfix, retour = Postfix(), house.retour
    await asyncio.to_thread(postfix.start, 1)
    try:
        async with following(retour.reports, retour.store, retour.shelves, str(postfix.log)), house.working():
            await until(lambda: _begun(house, postfix.log))
            campaign = await house.campaign(await _configuration(house, postfix.port))
            messages = {}
            for address in expected:
                execution = await house.execute(campaign, address)
                messages[address] = await message_of(house, execution.id)
            with_all = len([status for told in expected.values() for status in told])
            await until(lambda: _count(house, messages, with_all), 60)
            found = {address: await told_of(house, message) for address, message in messages.items()}
    finally:
        await asyncio.to_thread(postfix.stop)
    assert found == expected


async def _begun(house: House, path: Path) -> bool:
    """Once it has looked at the log for the first time, which is at its end."""
    retour = house.retour
    name = PostfixLog(retour.reports, retour.store, retour.shelves, path).name
    return await retour.shelves.setting(name) is not None


async def _count(house: House, messages: dict[str, str], wanted: int) -> bool:
    return sum([len(await told_of(house, message)) for message in messages.values()]) >= wanted


async def _configuration(house: House, port: int) -> str:
    given = ConfigurationInput(name="postfix", channel="email", provider="smtp")
    given.email = EmailInput(
        sender_name="Luma", sender_email="no-reply@luma.example", return_path_domain="feedback.test"
    )
    given.smtp = SmtpInput(host="127.0.0.1", port=port)
    return (await house.retour.configurations.create(house.dev, given)).id
