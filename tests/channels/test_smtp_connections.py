"""Connections of the e-mail channel: shared, bounded, replaced when dead, let go when idle."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from channels.letters import NOON, anywhere, channel, in_short, outgoing
from outside.smtp import MESSAGE_END, Conduct, Relay, relay
from retour.channels.email_smtp import SmtpChannel
from retour.channels.smtp_connection import Dialer, Progress
from retour.channels.smtp_pool import Connection, Pool
from retour.channels.smtp_replies import Stage, lost
from retour.model import SmtpSettings

DATA_END = MESSAGE_END


def pool_to(mx: Relay, *, size: int = 1, idle_seconds: float = 30.0) -> Pool:
    """A pool of connections to this relay."""
    settings = SmtpSettings(host=mx.host, port=mx.port)
    dialer = Dialer(settings, None, "acme", anywhere, ssl.create_default_context)
    return Pool(dialer, size, idle_seconds=idle_seconds)


async def test_an_idle_connection_is_let_go_with_quit() -> None:
    async with relay() as mx:
        pool = pool_to(mx, idle_seconds=0.05)
        async with pool.borrow(Progress()) as loan:
            assert isinstance(await loan.connect(), Connection)
        await mx.until(lambda: mx.verbs() == ["EHLO", "QUIT"] and mx.open == 0)
        await pool.close()


async def test_a_try_without_a_free_place_waits_and_its_trouble_names_the_limit() -> None:
    async with relay() as mx:
        pool, second = pool_to(mx), Progress()
        async with pool.borrow(Progress()):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05), pool.borrow(second):
                    pytest.fail("there is one place only")
        assert second.stage is Stage.ROOM
        assert "maxConnections" in (lost(second.stage, "relay.test:25", "timed out").trouble or "")
        async with asyncio.timeout(5), pool.borrow(Progress()):
            pass  # the place is free again


async def test_one_connection_carries_many_messages() -> None:
    async with relay() as mx, channel() as smtp:
        for _ in range(5):
            assert in_short(await smtp.send(outgoing(mx), NOON)) == "sent"
    assert (mx.connections, len(mx.messages)) == (1, 5)
    assert mx.verbs()[-1] == "QUIT"


async def test_a_connection_is_reset_after_a_refusal_and_used_again() -> None:
    async with relay(Conduct(answers={"RCPT": "550 5.1.1 no"})) as mx, channel() as smtp:
        await smtp.send(outgoing(mx), NOON)
        mx.conduct.answers.clear()
        assert in_short(await smtp.send(outgoing(mx), NOON)) == "sent"
    assert mx.connections == 1
    assert mx.verbs() == ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA", "QUIT"]


async def test_a_connection_ends_after_a_hundred_messages() -> None:
    async with relay() as mx, channel() as smtp:
        for _ in range(101):
            await smtp.send(outgoing(mx), NOON)
    assert mx.connections == 2


async def test_a_pooled_connection_that_died_is_replaced_unnoticed() -> None:
    async with relay() as mx, channel() as smtp:
        await smtp.send(outgoing(mx), NOON)
        await mx.hang_up()
        assert in_short(await smtp.send(outgoing(mx), NOON)) == "sent"
    assert mx.connections == 2


@pytest.mark.parametrize("farewell", ["drop", "421"])
async def test_a_pooled_connection_that_dies_at_its_first_word_is_replaced_once(farewell: str) -> None:
    async with relay() as mx, channel() as smtp:
        await smtp.send(outgoing(mx), NOON)
        if farewell == "drop":
            mx.conduct.drop.add("MAIL")
        else:
            mx.conduct.answers["MAIL"] = "421 4.4.2 idle for too long"
        receipt = await smtp.send(outgoing(mx), NOON)
    assert in_short(receipt) == ("trouble" if farewell == "drop" else "soft 20 Soft")
    assert (mx.connections, mx.verbs().count("MAIL")) == (2, 3)


async def test_a_connection_that_does_not_answer_rset_is_replaced() -> None:
    async with relay(Conduct(answers={"RCPT": "550 5.1.1 no"})) as mx, channel() as smtp:
        await smtp.send(outgoing(mx), NOON)
        mx.conduct.answers.clear()
        mx.conduct.drop.add("RSET")
        assert in_short(await smtp.send(outgoing(mx), NOON)) == "sent"
    assert mx.connections == 2


async def test_no_more_connections_than_the_configuration_says() -> None:
    async with relay(Conduct(hang={DATA_END})) as mx, channel() as smtp:
        tasks = [
            asyncio.create_task(smtp.send(outgoing(mx, smtp={"max_connections": 3}), NOON)) for _ in range(9)
        ]
        await mx.until(lambda: mx.busy == 3)
        mx.conduct.hang.clear()
        mx.released.set()
        await asyncio.gather(*tasks)
    assert mx.busiest == 3
    assert mx.connections == 3


async def test_a_cancelled_try_closes_its_connection_and_frees_its_place() -> None:
    async with relay(Conduct(hang={DATA_END})) as mx, channel() as smtp:
        one = {"max_connections": 1}
        task = asyncio.create_task(smtp.send(outgoing(mx, smtp=one), NOON))
        await mx.until(lambda: mx.busy == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        mx.conduct.hang.clear()
        async with asyncio.timeout(5):
            assert in_short(await smtp.send(outgoing(mx, smtp=one), NOON)) == "sent"


async def test_a_new_version_of_the_configuration_gets_new_connections() -> None:
    async with relay() as mx, channel() as smtp:
        await smtp.send(outgoing(mx), NOON)
        await smtp.send(outgoing(mx, version=2), NOON)
        await mx.until(lambda: "QUIT" in mx.verbs() and mx.open == 1)
        assert mx.connections == 2


async def test_closing_says_quit() -> None:
    async with relay() as mx:
        smtp = SmtpChannel(anywhere, ssl.create_default_context)
        await smtp.send(outgoing(mx), NOON)
        await smtp.close()
        assert mx.verbs()[-1] == "QUIT"
        await mx.until(lambda: mx.open == 0)
