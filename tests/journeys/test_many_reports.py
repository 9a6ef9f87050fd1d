"""Ten thousand notices come back, some before their `sent` is written down, some twice: each is told once."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import apsw
import pytest

from cast import House, until
from mailreports.mails import dsn
from retour import ids
from retour.channels import Outgoing, Receipt
from retour.model import ChannelKind, Fact, FeedbackStatus
from retour.reports import Heard, Reports

MESSAGES = 10_000
PER_CALL = 20
AT_ONCE = 50
GONE = "Final-Recipient: rfc822; {}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user"


@dataclass
class Quick:
    """A relay that takes everything, and whose notices are faster than its answer for every third message."""

    reports: Reports
    kinds: tuple[ChannelKind, ...] = (ChannelKind.EMAIL,)
    repeats = True
    taken: int = 0
    heard: Counter[Heard] = field(default_factory=Counter)
    running: set[asyncio.Task[None]] = field(default_factory=set)
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def send(self, outgoing: Outgoing, now: int) -> Receipt:
        """See channels.Channel."""
        self.taken += 1
        notice = asyncio.ensure_future(self._notice(outgoing, times=2 if self.taken % 10 == 0 else 1))
        self.running.add(notice)
        notice.add_done_callback(self.running.discard)
        if self.taken % 3 == 0:
            await asyncio.sleep(0)
        return Receipt(facts=(Fact(status=FeedbackStatus.SENT, key="sent"),))

    async def _notice(self, outgoing: Outgoing, times: int) -> None:
        path, mail = f"bounce+{outgoing.mark}@back.example", dsn(GONE.format(outgoing.address))
        for _ in range(times):
            heard = Heard.LATER
            while heard is Heard.LATER:
                async with self.places:
                    heard = await self.reports.mail(path, mail, ids.now())
            self.heard[heard] += 1

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.slow
async def test_each_of_ten_thousand_notices_is_told_once(house: House) -> None:
    relay = Quick(house.retour.reports)
    house.retour.channels["simulated"] = relay
    campaign = await house.campaign(await house.simulated())
    async with house.working():
        for call in range(MESSAGES // PER_CALL):
            await house.execute(campaign, *(f"p{call}.{one}@example.com" for one in range(PER_CALL)))

        async def over() -> bool:
            return relay.heard[Heard.TOLD] == MESSAGES and not relay.running

        await until(over, seconds=400)
    assert relay.heard == {Heard.TOLD: MESSAGES, Heard.KNOWN: MESSAGES // 10}
    assert _recorded(house) == {(1, "sent"): MESSAGES, (2, "bounce"): MESSAGES}


def _recorded(house: House) -> dict[tuple[object, object], object]:
    """How many events there are, by sequence and status."""
    with apsw.Connection(str(house.retour.settings.database_file)) as outside:
        rows = outside.execute(
            "SELECT sequence, status, COUNT(*) FROM event GROUP BY sequence, status"
        ).fetchall()
    outside.close()
    return {(sequence, status): count for sequence, status, count in rows}
