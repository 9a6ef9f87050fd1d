"""A relay looked at without a message."""

from __future__ import annotations

import ssl
from typing import Any

from channels.letters import anywhere, channel, outgoing, trusting
from outside.certificates import Authority
from outside.smtp import Conduct, Relay, relay
from retour import ids
from retour.channels import Examinable, Examination, Examined
from retour.channels.simulated import SimulatedChannel
from retour.channels.smtp_connection import Dialer
from retour.channels.smtp_examination import examine
from retour.model import SmtpSettings
from retour.sealed import PASSWORD

LOGIN = (b"luma", b"sesame")


async def examined(mx: Relay, context: Any = None, password: str | None = None, **smtp: Any) -> Examined:
    """What Ann's channel hears of this relay."""
    async with channel(context) as made:
        secrets = {} if password is None else {PASSWORD: password}
        configuration = outgoing(mx, smtp=smtp).configuration
        return await made.examine(Examination(org="acme", configuration=configuration, secrets=secrets))


async def test_a_plain_relay_tells_what_it_offers_and_gets_no_message() -> None:
    async with relay(Conduct(dsn=True)) as mx:
        found = await examined(mx)
        assert found.trouble is None
        assert "SMTP" in found.banner
        assert (found.tls_version, found.certificate_names, found.logged_in) == (None, (), False)
        assert found.dsn
        assert found.smtputf8
        assert found.size is not None
        assert found.size > 0
        assert mx.verbs() == ["EHLO", "QUIT"]
        assert mx.messages == []


async def test_tls_and_login_are_told_with_the_names_of_the_certificate(authority: Authority) -> None:
    tls = authority.server("127.0.0.1", "relay.test")
    async with relay(Conduct(login=LOGIN), starttls=tls) as mx:
        found = await examined(mx, trusting(authority), "sesame", security="starttls", username="luma")
        assert found.trouble is None
        assert (found.tls_version or "").startswith("TLSv1.")
        assert "relay.test" in found.certificate_names
        assert (found.certificate_until or 0) > ids.now()
        assert found.logged_in


async def test_a_wrong_password_is_said_as_it_is_while_sending(authority: Authority) -> None:
    async with relay(Conduct(login=LOGIN), starttls=authority.server("127.0.0.1")) as mx:
        found = await examined(mx, trusting(authority), "wrong", security="starttls", username="luma")
        assert "refused the login" in (found.trouble or "")
        assert found.banner


async def test_a_certificate_that_nobody_trusts_is_named(authority: Authority) -> None:
    async with relay(tls=authority.server("127.0.0.1")) as mx:
        found = await examined(mx, security="tls")
        assert "can't be trusted" in (found.trouble or "")


async def test_a_relay_that_is_silent_ends_the_try() -> None:
    async with relay(Conduct(hang={"EHLO"})) as mx:
        settings = SmtpSettings(host=mx.host, port=mx.port)
        dialer = Dialer(settings, None, "acme", anywhere, ssl.create_default_context)
        found = await examine(dialer, budget_seconds=0.1)
        assert "timed out after 0.1 s" in (found.trouble or "")


def test_there_is_nothing_to_try_of_the_simulator() -> None:
    assert not isinstance(SimulatedChannel(), Examinable)
