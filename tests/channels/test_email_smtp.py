"""The e-mail channel against a real SMTP server."""

from __future__ import annotations

import email
import email.policy

import msgspec
import pytest

from channels.letters import ID, LUMA, NOON, channel, in_short, outgoing, statuses, trusting
from outside.certificates import Authority
from outside.smtp import MESSAGE_END, Conduct, relay
from retour.channels import Receipt
from retour.channels.dialling import login_is_safe
from retour.channels.email_smtp import xtext
from retour.model import FailureCategory, FeedbackStatus, Rendered

DATA_END = MESSAGE_END


async def test_a_250_is_sent_with_the_words_and_the_queue_id_of_the_relay() -> None:
    async with relay() as mx, channel() as smtp:
        receipt = await smtp.send(outgoing(mx), NOON)
    (fact,) = receipt.facts
    assert (fact.status, fact.key, fact.failure) == (FeedbackStatus.SENT, "sent", None)
    assert fact.provider is not None
    assert (fact.provider.name, fact.provider.code, fact.provider.enhanced_code) == ("smtp", "250", "2.0.0")
    assert (fact.provider.text, fact.provider.reference) == ("Ok: queued as Q000001", "Q000001")
    assert (receipt.soft, receipt.trouble, receipt.again_at) == (None, None, None)


async def test_the_relay_gets_the_message_as_it_was_built() -> None:
    content = Rendered(subject="Grüße", text=".\n..dots\nHi\n", html="<p>Hi</p>")
    async with relay() as mx, channel() as smtp:
        await smtp.send(outgoing(mx, content=content), NOON)
    (got,) = mx.messages
    message = email.message_from_bytes(got.content, policy=email.policy.SMTP)
    assert message["Subject"] == "Grüße"
    assert message["Message-ID"] == f"<{ID}@luma.example>"
    part = message.get_body(("plain",))
    assert part is not None
    assert part.get_content().split() == [".", "..dots", "Hi"]
    assert (got.sender, got.recipients) == ("no-reply@luma.example", ["ann@acme.example"])


async def test_every_line_of_a_large_message_arrives_with_the_periods_that_it_had() -> None:
    lines = [".", "..", ".x", "x.", "", "...and so on"] * 5_000
    async with relay() as mx, channel() as smtp:
        receipt = await smtp.send(outgoing(mx, content=Rendered(subject="Hi", text="\n".join(lines))), NOON)
    assert statuses(receipt) == [FeedbackStatus.SENT]
    (got,) = mx.messages
    _, _, body = got.content.partition(b"\r\n\r\n")
    assert body.decode().splitlines() == lines


async def test_a_second_try_has_the_same_message_id() -> None:
    async with relay() as mx, channel() as smtp:
        await smtp.send(outgoing(mx), NOON)
        await smtp.send(outgoing(mx, attempt=2), NOON + 60_000_000)
    first, second = (email.message_from_bytes(got.content)["Message-ID"] for got in mx.messages)
    assert first == second


REFUSALS = [
    ("RCPT", "550 5.1.1 <ann@acme.example>: User unknown", "bounce 10 Hard"),
    ("RCPT", "550 5.2.1 disabled", "bounce 10 Hard"),
    ("RCPT", "554 5.7.1 <ann@acme.example>: Relay access denied", "bounce 54 Soft"),
    ("RCPT", "450 4.7.1 try later", "soft 20 Soft"),
    ("RCPT", "450 4.2.0 Greylisted", "soft 50 Ignored"),
    ("RCPT", "452 4.2.2 over quota", "soft 22 Soft"),
    ("RCPT", "501 5.5.4 Bad NOTIFY", "error 25 Ignored"),
    ("RCPT", "555 unknown parameter", "error 25 Ignored"),
    ("RCPT", "501 5.1.3 Bad recipient address syntax", "bounce 10 Hard"),
    ("RCPT", "504 5.5.2 <ann>: Recipient address rejected: need fully-qualified address", "bounce 10 Hard"),
    ("MAIL", "552 5.3.4 Message size exceeds fixed limit", "bounce 23 Ignored"),
    ("MAIL", "550 5.7.1 sender rejected", "bounce 50 Ignored"),
    ("MAIL", "451 4.3.0 hm", "soft 20 Soft"),
    ("MAIL", "421 4.3.2 shutting down", "soft 20 Soft"),
    ("MAIL", "503 5.5.1 bad sequence", "error 25 Ignored"),
    ("MAIL", "530 5.7.0 Authentication required", "trouble"),
    ("RCPT", "535 5.7.8 no", "trouble"),
    ("MAIL", "299 hm", "trouble"),
    ("DATA", "554 5.5.1 no valid recipients", "bounce 40 Ignored"),
    ("DATA", "451 4.3.0 hm", "soft 20 Soft"),
    ("DATA", "250 2.0.0 taken before it came", "trouble"),
    (DATA_END, "554 5.7.1 Message rejected as spam", "bounce 52 Ignored"),
    (DATA_END, "552 5.2.2 Mailbox full", "bounce 22 Soft"),
    (DATA_END, "451 4.7.1 greylisted, try again in 300 seconds", "soft 50 Ignored"),
    (DATA_END, "421 4.3.0 overloaded", "soft 20 Soft"),
]


@pytest.mark.parametrize(("verb", "answer", "expected"), REFUSALS)
async def test_an_answer_at_each_stage_becomes_a_fact_or_a_soft_failure_or_trouble(
    verb: str, answer: str, expected: str
) -> None:
    async with relay(Conduct(answers={verb: answer})) as mx, channel() as smtp:
        receipt = await smtp.send(outgoing(mx), NOON)
    assert in_short(receipt) == expected
    for failure in [fact.failure for fact in receipt.facts] + [receipt.soft]:
        assert failure is None or failure.category is FailureCategory.SYNC
    assert receipt.provider is not None
    assert receipt.provider.code == answer[:3]
    assert "ann" not in (receipt.provider.text or "")


@pytest.mark.parametrize("code", [200, 220, 250, 251, 252, 354, 421, 450, 499, 500, 550, 552, 559])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", DATA_END])
async def test_no_answer_of_a_relay_is_ever_a_delivery(verb: str, code: int) -> None:
    words = "2.0.0 delivered to mailbox, delivery successful"
    async with relay(Conduct(answers={verb: f"{code} {words}"})) as mx, channel(budget_seconds=0.3) as smtp:
        receipt = await smtp.send(outgoing(mx), NOON)
    assert FeedbackStatus.DELIVERED not in statuses(receipt)
    assert set(statuses(receipt)) <= {FeedbackStatus.SENT, FeedbackStatus.BOUNCE, FeedbackStatus.ERROR}


BEFORE_THE_MESSAGE = [
    (Conduct(answers={"220": "554 5.7.1 go away"}), "said 554 5.7.1 go away while waiting for its greeting"),
    (Conduct(answers={"220": "421 4.3.2 later"}), "said 421"),
    (Conduct(answers={"EHLO": "550 no"}), "while greeting it (EHLO)"),
    (Conduct(drop={"220"}), "failed while waiting for its greeting: connection lost"),
    (Conduct(drop={"EHLO"}), "failed while greeting it (EHLO): connection lost"),
    (Conduct(drop={"MAIL"}), "failed while naming the sender (MAIL): connection lost"),
    (Conduct(hang={"220"}), "timed out after 0.2 s"),
    (Conduct(hang={"EHLO"}), "timed out after 0.2 s"),
    (Conduct(hang={"MAIL"}), "timed out after 0.2 s"),
]  # fmt: skip


@pytest.mark.parametrize(("conduct", "sentence"), BEFORE_THE_MESSAGE)
async def test_a_relay_that_fails_before_it_knows_the_recipient_is_trouble(
    conduct: Conduct, sentence: str
) -> None:
    async with relay(conduct) as mx, channel(budget_seconds=0.2) as smtp:
        receipt = await smtp.send(outgoing(mx), NOON)
    assert in_short(receipt) == "trouble"
    assert sentence in (receipt.trouble or "")
    assert f"127.0.0.1:{mx.port}" in (receipt.trouble or "")
    assert (receipt.trouble or "").endswith(".")


@pytest.mark.parametrize("verb", ["RCPT", "DATA", DATA_END])
async def test_a_connection_lost_after_mail_is_soft(verb: str) -> None:
    async with relay(Conduct(drop={verb})) as mx, channel() as smtp:
        receipt = await smtp.send(outgoing(mx), NOON)
    assert in_short(receipt) == "soft 20 Soft"


@pytest.mark.parametrize("verb", ["RCPT", "DATA", DATA_END])
async def test_a_silence_after_mail_is_soft(verb: str) -> None:
    async with relay(Conduct(hang={verb})) as mx, channel(budget_seconds=0.2) as smtp:
        receipt = await smtp.send(outgoing(mx), NOON)
        assert in_short(receipt) == "soft 24 Ignored"
        await mx.until(lambda: mx.open == 0)


async def test_nobody_listening_is_trouble_that_says_what_to_do() -> None:
    async with relay() as mx:
        gone = mx
    async with channel() as smtp:
        receipt = await smtp.send(outgoing(gone), NOON)
    assert receipt.trouble == (
        f"The relay 127.0.0.1:{gone.port} can't be reached: connection refused. "
        "Check host and port, and that the relay runs."
    )


async def test_the_next_address_is_dialled_when_the_first_does_not_answer() -> None:
    async def two(host: str, port: int, org: str) -> tuple[str, ...] | str:
        return ("127.0.0.2", "127.0.0.1")

    async with relay() as mx, channel(vet=two) as smtp:
        assert in_short(await smtp.send(outgoing(mx), NOON)) == "sent"


async def test_an_address_that_may_not_be_dialled_is_trouble_in_the_guards_words() -> None:
    asked = []

    async def guard(host: str, port: int, org: str) -> tuple[str, ...] | str:
        asked.append((host, port, org))
        return "10.0.0.1 is not allowed: add 10.0.0.1/32:25 to RETOUR_RELAY_ALLOW."

    async with relay() as mx, channel(vet=guard) as smtp:
        receipt = await smtp.send(outgoing(mx, smtp={"host": "mail.internal"}), NOON)
    assert receipt.trouble == "10.0.0.1 is not allowed: add 10.0.0.1/32:25 to RETOUR_RELAY_ALLOW."
    assert asked == [("mail.internal", mx.port, "acme")]
    assert mx.connections == 0


# --- TLS and login


async def test_starttls_and_tls_verify_the_name_of_the_relay(authority: Authority) -> None:
    server = authority.server("relay.luma.example")
    named = {"host": "relay.luma.example"}
    async with relay(starttls=server) as mx, channel(trusting(authority)) as smtp:
        assert in_short(await smtp.send(outgoing(mx, smtp={**named, "security": "starttls"}), NOON)) == "sent"
        assert mx.messages[0].encrypted
    async with relay(tls=server) as mx, channel(trusting(authority)) as smtp:
        assert in_short(await smtp.send(outgoing(mx, smtp={**named, "security": "tls"}), NOON)) == "sent"
        assert mx.messages[0].encrypted


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_for_another_name_or_of_a_stranger_is_trouble(
    authority: Authority, security: str
) -> None:
    server = authority.server("relay.luma.example")
    starttls, tls = (server, None) if security == "starttls" else (None, server)
    for context, host in ((trusting(authority), "other.example"), (None, "relay.luma.example")):
        async with relay(starttls=starttls, tls=tls) as mx, channel(context) as smtp:
            receipt = await smtp.send(outgoing(mx, smtp={"host": host, "security": security}), NOON)
        assert in_short(receipt) == "trouble"
        assert "certificate" in (receipt.trouble or "")
        assert "RETOUR_CA_FILE" in (receipt.trouble or "")
        assert mx.messages == []


async def test_a_relay_without_starttls_is_trouble_and_gets_nothing(authority: Authority) -> None:
    async with relay() as mx, channel(trusting(authority)) as smtp:
        receipt = await smtp.send(outgoing(mx, smtp={"security": "starttls"}), NOON)
    assert "does not offer STARTTLS" in (receipt.trouble or "")
    assert "MAIL" not in mx.verbs()


async def test_a_refused_starttls_is_trouble(authority: Authority) -> None:
    conduct = Conduct(answers={"STARTTLS": "454 4.7.0 TLS not available"})
    async with (
        relay(conduct, starttls=authority.server("127.0.0.1")) as mx,
        channel(trusting(authority)) as smtp,
    ):
        receipt = await smtp.send(outgoing(mx, smtp={"security": "starttls"}), NOON)
    assert "said 454" in (receipt.trouble or "")
    assert "starting TLS" in (receipt.trouble or "")


async def test_tls_to_a_port_that_speaks_plain_smtp_is_trouble(authority: Authority) -> None:
    async with relay() as mx, channel(trusting(authority)) as smtp:
        receipt = await smtp.send(outgoing(mx, smtp={"security": "tls"}), NOON)
    assert (receipt.trouble or "").startswith(f"TLS with the relay 127.0.0.1:{mx.port} failed")


ANN_LOGIN = {"username": "ann", "security": "starttls"}


async def test_a_login_goes_over_tls(authority: Authority) -> None:
    conduct = Conduct(login=(b"ann", b"secret"), login_required=True)
    async with (
        relay(conduct, starttls=authority.server("127.0.0.1")) as mx,
        channel(trusting(authority)) as smtp,
    ):
        receipt = await smtp.send(outgoing(mx, smtp=ANN_LOGIN, password="secret"), NOON)
    assert in_short(receipt) == "sent"
    assert mx.messages[0].login == b"ann"


async def test_a_wrong_password_is_trouble_and_its_text_holds_no_password(authority: Authority) -> None:
    conduct = Conduct(login=(b"ann", b"secret"), login_required=True)
    async with (
        relay(conduct, starttls=authority.server("127.0.0.1")) as mx,
        channel(trusting(authority)) as smtp,
    ):
        receipt = await smtp.send(outgoing(mx, smtp=ANN_LOGIN, password="guess"), NOON)
    assert "refused the login (535" in (receipt.trouble or "")
    assert "Check user name and password" in (receipt.trouble or "")
    assert "guess" not in (receipt.trouble or "")
    assert receipt.facts == ()


async def test_a_login_service_that_is_down_is_trouble_but_not_a_wrong_password(authority: Authority) -> None:
    conduct = Conduct(answers={"AUTH": "454 4.7.0 Temporary authentication failure"})
    async with (
        relay(conduct, starttls=authority.server("127.0.0.1")) as mx,
        channel(trusting(authority)) as smtp,
    ):
        receipt = await smtp.send(outgoing(mx, smtp=ANN_LOGIN, password="secret"), NOON)
    assert "said 454" in (receipt.trouble or "")
    assert "refused the login" not in (receipt.trouble or "")


async def test_a_login_in_clear_text_is_for_loopback_only() -> None:
    conduct = Conduct(login=(b"ann", b"secret"), login_required=True, login_in_clear=True)
    clear = {"username": "ann"}
    async with relay(conduct) as mx, channel() as smtp:
        receipt = await smtp.send(outgoing(mx, smtp=clear, password="secret"), NOON)
        assert in_short(receipt) == "sent"


@pytest.mark.parametrize(
    ("security", "peer", "safe"),
    [
        ("none", "127.0.0.1", True),
        ("none", "::1", True),
        ("none", "192.0.2.1", False),
        ("none", "fe80::1%eth0", False),
        ("starttls", "192.0.2.1", True),
        ("tls", "192.0.2.1", True),
    ],
)
def test_a_password_leaves_this_machine_over_tls_only(security: str, peer: str, safe: bool) -> None:
    assert login_is_safe(security, peer) is safe


async def test_a_relay_that_offers_no_login_is_trouble() -> None:
    async with relay() as mx, channel() as smtp:
        receipt = await smtp.send(outgoing(mx, smtp={"username": "ann"}, password="secret"), NOON)
    assert "offers no login" in (receipt.trouble or "")


# --- DSN, return path, internationalised addresses


async def test_dsn_is_asked_for_where_the_relay_offers_it() -> None:
    sender = msgspec.structs.replace(LUMA, delivery_notices="success")
    async with relay(Conduct(dsn=True)) as mx, channel() as smtp:
        await smtp.send(outgoing(mx, email=sender, address="ann+a=b@acme.example"), NOON)
        await smtp.send(
            outgoing(mx, email=msgspec.structs.replace(LUMA, delivery_notices="failure"), version=2), NOON
        )
    first, second = mx.messages
    assert {"RET=HDRS", f"ENVID={ID}"} <= set(first.mail_options)
    assert first.rcpt_options == ["NOTIFY=SUCCESS,FAILURE,DELAY", "ORCPT=rfc822;ann+2Ba+3Db@acme.example"]
    assert second.rcpt_options == ["NOTIFY=FAILURE,DELAY", "ORCPT=rfc822;ann@acme.example"]


async def test_dsn_is_not_asked_for_where_nobody_wants_it_or_the_relay_does_not_know_it() -> None:
    wanting = msgspec.structs.replace(LUMA, delivery_notices="success")
    for dsn, sender in ((True, LUMA), (False, wanting)):
        async with relay(Conduct(dsn=dsn)) as mx, channel() as smtp:
            assert in_short(await smtp.send(outgoing(mx, email=sender), NOON)) == "sent"
        assert not any(option.startswith(("RET", "ENVID")) for option in mx.messages[0].mail_options)
        assert mx.messages[0].rcpt_options == []


def test_xtext_escapes_what_rfc_3461_says() -> None:
    assert xtext("a+b=c d\u00e9~!") == "a+2Bb+3Dc+20d+C3+A9~!"


async def test_bounces_have_an_address_for_each_message_where_there_is_a_domain_for_them() -> None:
    sender = msgspec.structs.replace(LUMA, return_path_domain="feedback.luma.example")
    async with relay() as mx, channel() as smtp:
        await smtp.send(outgoing(mx, email=sender), NOON)
    assert mx.messages[0].sender == f"bounce+{ID}@feedback.luma.example"
    assert email.message_from_bytes(mx.messages[0].content)["From"] == "Luma <no-reply@luma.example>"


async def test_an_international_domain_is_sent_in_ascii_to_any_relay() -> None:
    async with relay(Conduct(smtputf8=False)) as mx, channel() as smtp:
        assert in_short(await smtp.send(outgoing(mx, address="ann@bücher.example"), NOON)) == "sent"
    assert mx.messages[0].recipients == ["ann@xn--bcher-kva.example"]


async def test_an_international_mailbox_needs_smtputf8() -> None:
    notices = msgspec.structs.replace(LUMA, delivery_notices="success")
    async with relay(Conduct(dsn=True)) as mx, channel() as smtp:
        assert (
            in_short(await smtp.send(outgoing(mx, address="ж@acme.example", email=notices), NOON)) == "sent"
        )
    assert mx.messages[0].recipients == ["ж@acme.example"]
    assert "SMTPUTF8" in mx.messages[0].mail_options
    assert r"ORCPT=utf-8;\x{436}@acme.example" in mx.messages[0].rcpt_options
    async with relay(Conduct(smtputf8=False)) as mx, channel() as smtp:
        receipt = await smtp.send(outgoing(mx, address="ж@acme.example"), NOON)
    assert in_short(receipt) == "error 25 Ignored"
    assert "MAIL" not in mx.verbs()


@pytest.mark.parametrize(
    "address", ["ann", "ann@acme.example\r\nRCPT TO:<charlie@other.example>", "a b@c.example"]
)
async def test_what_is_no_address_is_an_error_and_the_relay_is_not_called(address: str) -> None:
    async with relay() as mx, channel() as smtp:
        assert in_short(await smtp.send(outgoing(mx, address=address), NOON)) == "error 25 Ignored"
    assert mx.connections == 0


@pytest.mark.parametrize(
    "address", ['"ann smith"@acme.example', "a..b.@docomo.example", "ann+tag@acme.example"]
)
async def test_unusual_addresses_go_as_they_are(address: str) -> None:
    async with (
        relay(Conduct(answers={"RCPT": "250 ok", "DATA": "554 5.1.1 enough"})) as mx,
        channel() as smtp,
    ):
        await smtp.send(outgoing(mx, address=address), NOON)
    assert ("RCPT", f"TO:<{address}>") in mx.commands


async def test_a_template_cannot_add_a_header_or_a_command() -> None:
    evil = "x\r\nBcc: charlie@other.example\r\n.\r\nRCPT TO:<charlie@other.example>"
    content = Rendered(subject=evil, text=evil, html=evil)
    sender = msgspec.structs.replace(LUMA, sender_name=evil)
    async with relay() as mx, channel() as smtp:
        assert in_short(await smtp.send(outgoing(mx, content=content, email=sender), NOON)) == "sent"
    assert len(mx.messages) == 1
    assert mx.messages[0].recipients == ["ann@acme.example"]
    assert email.message_from_bytes(mx.messages[0].content)["Bcc"] is None
    assert mx.verbs().count("RCPT") == 1


async def test_a_sender_that_is_no_address_is_trouble() -> None:
    sender = msgspec.structs.replace(LUMA, sender_email="no-reply")
    async with relay() as mx, channel() as smtp:
        assert "not an e-mail address" in ((await smtp.send(outgoing(mx, email=sender), NOON)).trouble or "")


async def test_a_message_that_was_sent_has_no_more_news_here() -> None:
    async with relay() as mx, channel() as smtp:
        assert await smtp.send(outgoing(mx, content=None, step=1), NOON) == Receipt()
    assert mx.connections == 0
