"""The demo's mail host answers like real ones do; asked by the standard library's client."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Callable

import pytest

from retour.demo import mailhost
from retour.demo.cases import DOMAIN, SPAM_WORD, Relay
from retour.demo.mailhost import MailHost

SENDER = "no-reply@luma.example"


def talk(port: int, to: str, text: str = "hello", login: tuple[str, str] | None = None) -> tuple[int, str]:
    """Send one letter; the reply to its last command, or the refusal."""
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        try:
            if login:
                client.login(*login)
            client.sendmail(SENDER, [to], f"Subject: x\r\n\r\n{text}\r\n")
        except smtplib.SMTPRecipientsRefused as refused:
            code, words = refused.recipients[to]
            return code, words.decode()
        except smtplib.SMTPResponseException as refused:
            return refused.smtp_code, str(refused.smtp_error)
    return 250, ""


async def ask(*arguments: object, call: Callable[..., tuple[int, str]] = talk) -> tuple[int, str]:
    return await asyncio.to_thread(call, *arguments)


@pytest.mark.parametrize(
    ("to", "text", "code", "words"),
    [
        ("ann", "hello", 250, ""),
        ("nobody", "hello", 550, "5.1.1"),
        ("full", "hello", 552, "5.2.2"),
        ("bob", SPAM_WORD, 554, "5.7.1"),
    ],
)
async def test_each_recipient_gets_the_reply_of_its_case(to: str, text: str, code: int, words: str) -> None:
    async with MailHost() as host:
        reply, said = await ask(host.port(Relay.OPEN), f"{to}@{DOMAIN}", text)
    assert reply == code
    assert words in said


async def test_a_greylisted_recipient_is_accepted_the_second_time() -> None:
    async with MailHost() as host:
        first = await ask(host.port(Relay.OPEN), f"grey@{DOMAIN}")
        second = await ask(host.port(Relay.OPEN), f"grey@{DOMAIN}")
    assert (first[0], second[0]) == (450, 250)


async def test_the_closed_relay_refuses_connections_until_it_is_opened_at_the_same_port() -> None:
    async with MailHost() as host:
        port = host.port(Relay.CLOSED)
        with pytest.raises(ConnectionRefusedError):
            await ask(port, f"ann@{DOMAIN}")
        await host.open_relay()
        assert host.port(Relay.CLOSED) == port
        assert (await ask(port, f"ann@{DOMAIN}"))[0] == 250


async def test_the_login_is_refused_with_a_wrong_password_and_taken_with_the_right_one() -> None:
    async with MailHost() as host:
        port, to = host.port(Relay.LOGIN), f"ann@{DOMAIN}"
        assert (await ask(port, to, "hello", (mailhost.USER, "wrong")))[0] == 535
        assert (await ask(port, to, "hello", (mailhost.USER, host.password)))[0] == 250
        assert (await ask(port, to))[0] == 530


async def test_a_broken_host_refuses_what_it_would_accept() -> None:
    async with MailHost(broken=True) as host:
        assert (await ask(host.port(Relay.OPEN), f"ann@{DOMAIN}"))[0] == 550
        assert (await ask(host.port(Relay.OPEN), f"bob@{DOMAIN}", SPAM_WORD))[0] == 554
