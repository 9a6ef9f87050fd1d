"""Text messages by SMPP: what an answer means, parts, what is in doubt, and what is said of an SMSC."""

from __future__ import annotations

import asyncio
import struct

import msgspec
import pytest

from channels.letters import NOON, trusting
from channels.texts import Ears, channel, configuration, examination, in_short, outgoing, standing
from outside.certificates import Authority
from outside.smsc import SYSTEM_ID, Conduct, Smsc, smsc
from outside.sockets import resetting, trap
from retour import limits
from retour.channels import smpp_link
from retour.channels.dialling import login_is_safe
from retour.channels.smpp_parts import validity
from retour.model import SmsSettings

LONG = "Dear Ann, " + "your order is on its way. " * 15


async def test_what_the_smsc_takes_is_sent_and_has_its_id() -> None:
    async with smsc() as center, channel() as smpp:
        receipt = await smpp.send(outgoing(center), NOON)
    assert in_short(receipt) == "sent m1"
    assert receipt.provider is not None
    facts = receipt.provider
    assert (facts.reference, facts.encoding, facts.parts) == ("m1", "GSM", 1)
    (submit,) = center.submits
    assert (submit.source_addr, submit.source_addr_ton, submit.source_addr_npi) == ("15550100", 1, 1)
    assert (submit.destination_addr, submit.dest_addr_ton, submit.dest_addr_npi) == ("4915112345670", 1, 1)
    assert (submit.short_message, submit.data_coding, submit.esm_class) == (b"Hi Ann", 0, 0)
    assert (submit.registered_delivery, submit.validity_period) == (1, "000002000000000R")
    assert center.commands == ["bind", "submit", "unbind"]
    assert center.binds == [("acme", "secret", "")]


@pytest.mark.parametrize(
    ("sender", "values", "source"),
    [
        ("+15550100", {}, ("15550100", 1, 1)),
        ("Luma", {}, ("Luma", 5, 0)),
        ("55501", {}, ("55501", 3, 0)),
        ("55501", {"sourceTon": "0", "sourceNpi": "1"}, ("55501", 0, 1)),
    ],
)
async def test_the_sender_is_a_number_a_short_code_or_a_name(
    sender: str, values: dict[str, str], source: tuple[str, int, int]
) -> None:
    async with smsc() as center, channel() as smpp:
        await smpp.send(outgoing(center, values=values | {"sender": sender}), NOON)
    (submit,) = center.submits
    assert (submit.source_addr, submit.source_addr_ton, submit.source_addr_npi) == source


async def test_a_text_beyond_gsm_travels_as_ucs2() -> None:
    async with smsc() as center, channel() as smpp:
        await smpp.send(outgoing(center, "Привет, Ann 😀"), NOON)
    (submit,) = center.submits
    assert submit.data_coding == 8
    assert submit.short_message.decode("utf-16-be") == "Привет, Ann 😀"


async def test_a_long_text_goes_in_parts_that_a_phone_can_join_and_all_their_ids_name_it() -> None:
    async with smsc() as center, channel() as smpp:
        assert in_short(await smpp.send(outgoing(center, LONG), NOON)) == "sent m1 m2 m3"
        await smpp.send(outgoing(center, LONG), NOON)
    first, again = center.submits[:3], center.submits[3:]
    assert [part.esm_class for part in first] == [0x40] * 3
    assert [tuple(part.short_message[:3]) for part in first] == [(5, 0, 3)] * 3
    assert [tuple(part.short_message[4:6]) for part in first] == [(3, 1), (3, 2), (3, 3)]
    assert b"".join(part.short_message[6:] for part in first).decode() == LONG
    assert {part.short_message[3] for part in first} == {part.short_message[3] for part in again}
    assert [part.registered_delivery for part in first] == [2, 2, 1]


@pytest.mark.parametrize(("receipts", "asked"), [("final", 1), ("all", 0x11), ("none", 0)])
async def test_receipts_are_asked_for_as_configured(receipts: str, asked: int) -> None:
    async with smsc() as center, channel() as smpp:
        await smpp.send(outgoing(center, values={"registeredDelivery": receipts}), NOON)
    assert center.submits[0].registered_delivery == asked


@pytest.mark.parametrize(
    ("status", "came"),
    [
        (0x0B, "bounce Hard 0x0000000B"),
        (0x0A, "error Ignored 0x0000000A"),
        (0x45, "error Ignored 0x00000045"),
        (0x58, "throttled"),
        (0x14, "throttled"),
        (0x08, "throttled"),
        (0x04, "trouble"),
        (0x420, "error Ignored 0x00000420"),
    ],
)
async def test_an_answer_that_is_no_yes_is_told_for_what_it_is(status: int, came: str) -> None:
    async with smsc(Conduct(statuses={"submit": status})) as center, channel() as smpp:
        receipt = await smpp.send(outgoing(center), NOON)
    assert in_short(receipt) == came
    assert receipt.provider is not None
    assert receipt.provider.code == f"0x{status:08X}"


async def test_a_refusal_of_one_message_does_not_touch_the_next() -> None:
    async with smsc(Conduct(statuses={"4915112345671": 0x0B})) as center, channel() as smpp:
        assert in_short(await smpp.send(outgoing(center, address="+4915112345671"), NOON)).startswith(
            "bounce"
        )
        assert in_short(await smpp.send(outgoing(center), NOON)) == "sent m1"
    assert len(center.binds) == 1


async def test_a_session_that_takes_nothing_is_left_for_another() -> None:
    async with smsc(Conduct(statuses={"submit": 0x04})) as center, channel() as smpp:
        assert in_short(await smpp.send(outgoing(center), NOON)) == "trouble"
        center.conduct.statuses.clear()
        assert in_short(await smpp.send(outgoing(center), NOON)) == "sent m1"
    assert len(center.binds) == 2


async def test_who_waits_for_an_answer_on_a_session_that_is_left_gets_it() -> None:
    async with smsc(Conduct(hang={"submit"})) as center, channel() as smpp:
        first = asyncio.create_task(smpp.send(outgoing(center), NOON))
        await center.submitted(1)
        center.conduct.hang.clear()
        center.conduct.statuses["submit"] = 0x04
        assert in_short(await smpp.send(outgoing(center), NOON)) == "trouble"
        await center.answer_hung()
        assert in_short(await first) == "sent m1"


async def test_a_connection_cut_in_mid_window_leaves_the_submits_in_doubt_and_repeats_none() -> None:
    async with smsc(Conduct(hang={"submit"})) as center, channel() as smpp:
        tries = [asyncio.create_task(smpp.send(outgoing(center), NOON)) for _ in range(3)]
        await center.until(lambda: len(center.submits) == 3)
        center.conduct.hang.clear()
        await center.hang_up()
        assert [in_short(await each) for each in tries] == ["uncertain"] * 3
        assert in_short(await smpp.send(outgoing(center), NOON)) == "sent m4"
    assert (len(center.submits), len(center.binds)) == (4, 2)


async def test_an_answer_to_something_else_is_no_yes() -> None:
    async with smsc(Conduct(hang={"submit"})) as center, channel() as smpp:
        task = asyncio.create_task(smpp.send(outgoing(center), NOON))
        await center.submitted(1)
        await center.send_raw(struct.pack("!IIII", 16, 0x80000015, 0, center.submits[0].sequence_number))
        assert in_short(await task) == "uncertain"


async def test_a_generic_nack_is_no_yes() -> None:
    async with smsc(Conduct(hang={"submit"})) as center, channel() as smpp:
        task = asyncio.create_task(smpp.send(outgoing(center), NOON))
        await center.submitted(1)
        await center.send_raw(struct.pack("!IIII", 16, 0x80000000, 0, center.submits[0].sequence_number))
        assert in_short(await task) == "error Ignored 0x000000FF"


async def test_an_answer_that_does_not_come_in_time_is_in_doubt() -> None:
    async with smsc(Conduct(hang={"submit"})) as center, channel(budget_seconds=0.5) as smpp:
        assert in_short(await smpp.send(outgoing(center), NOON)) == "uncertain"
        await center.answer_hung()


async def test_a_part_in_doubt_names_those_that_were_taken() -> None:
    conduct = Conduct()

    def cut_at_the_second(number: int) -> str:
        if number == 2:
            conduct.drop.add("submit")
        return f"m{number}"

    conduct.message_id = cut_at_the_second
    async with smsc(conduct) as center, channel() as smpp:
        receipt = await smpp.send(outgoing(center, LONG), NOON)
    assert in_short(receipt) == "uncertain m1"
    assert len(center.submits) == 2


async def test_a_part_that_is_put_off_puts_off_the_message() -> None:
    conduct = Conduct()

    def full_after_the_first(number: int) -> str:
        conduct.statuses["submit"] = 0x14
        return f"m{number}"

    conduct.message_id = full_after_the_first
    async with smsc(conduct) as center, channel() as smpp:
        assert in_short(await smpp.send(outgoing(center, LONG), NOON)) == "throttled"


async def test_no_more_submits_wait_for_an_answer_than_the_window_allows() -> None:
    async with smsc(Conduct(hang={"submit"})) as center, channel() as smpp:
        tries = [
            asyncio.create_task(smpp.send(outgoing(center, values={"window": 2}), NOON)) for _ in range(6)
        ]
        for answered in (2, 4, 6):
            await center.submitted(answered)
            await center.answer_hung()
        assert [in_short(await each).split()[0] for each in tries] == ["sent"] * 6
    assert center.most_waiting == 2


async def test_a_window_without_a_free_place_is_trouble_and_nothing_is_in_doubt() -> None:
    one = {"window": 1}
    async with smsc(Conduct(hang={"submit"})) as center, channel() as smpp:
        first = asyncio.create_task(smpp.send(outgoing(center, values=one), NOON))
        await center.until(lambda: center.submits)
        smpp.budget_seconds = 0.3
        second = await smpp.send(outgoing(center, values=one), NOON)
        await center.answer_hung()
        assert in_short(await first) == "sent m1"
    assert "Raise the window" in (second.trouble or "")
    assert len(center.submits) == 1


async def test_a_wrong_number_a_wrong_sender_and_missing_settings_are_told_before_anybody_is_called() -> None:
    async with smsc() as center, channel() as smpp:
        wrong_number = await smpp.send(outgoing(center, address="ann@acme.example"), NOON)
        wrong_sender = await smpp.send(outgoing(center, values={"sender": "Łuma"}), NOON)
        bare = msgspec.structs.replace(configuration(center), provider_settings=None)
        nothing = await smpp.send(outgoing(center, configuration=bare), NOON)
    assert in_short(wrong_number) == "error Ignored 25"
    assert [in_short(wrong_sender), in_short(nothing)] == ["trouble", "trouble"]
    assert center.commands == []


async def test_asking_for_news_of_a_sent_message_sends_nothing() -> None:
    async with smsc() as center, channel() as smpp:
        assert in_short(await smpp.send(outgoing(center, content=None), NOON)) == ""
    assert center.commands == []


# --- trouble ---


async def test_a_wrong_password_is_trouble_that_says_what_to_check() -> None:
    async with smsc(Conduct(password="another")) as center, channel() as smpp:
        receipt = await smpp.send(outgoing(center), NOON)
    assert receipt.trouble == (
        f"The SMSC 127.0.0.1:{center.port} refused the bind: invalid password (ESME_RINVPASWD). "
        "Check system id, password and system type of the channel configuration."
    )
    assert center.submits == []


async def test_an_smsc_that_is_not_there_is_trouble() -> None:
    async with smsc() as center:
        pass
    async with channel() as smpp:
        receipt = await smpp.send(outgoing(center), NOON)
    assert receipt.trouble is not None
    assert "can't be reached: connection refused" in receipt.trouble


async def test_an_smsc_that_resets_each_connection_is_trouble_whenever_it_does() -> None:
    """Sometimes it is gone before anybody asks who it was."""
    with resetting() as port:
        there = Smsc(Conduct())
        there.port = port
        async with channel() as smpp:
            for _ in range(100):
                examined = await smpp.examine(examination(there))
                assert examined.trouble is not None
                assert f"The SMSC 127.0.0.1:{port} " in examined.trouble


async def test_an_smsc_that_cuts_each_bind_is_trouble() -> None:
    async with smsc(Conduct(drop={"bind"})) as center, channel() as smpp:
        receipt = await smpp.send(outgoing(center), NOON)
    assert "did not answer while binding" in (receipt.trouble or "")


async def test_an_address_that_is_not_allowed_is_never_dialled() -> None:
    async def nowhere(host: str, port: int, org: str) -> tuple[str, ...] | str:
        return "127.0.0.1 is a private address. Add it to RETOUR_RELAY_ALLOW."

    with trap() as port:
        center = Smsc(Conduct())
        center.port = port.port
        async with channel(vet=nowhere) as smpp:
            receipt = await smpp.send(outgoing(center), NOON)
        assert receipt.trouble == "127.0.0.1 is a private address. Add it to RETOUR_RELAY_ALLOW."
        assert not port.touched


async def test_by_tls_the_certificate_has_to_be_of_the_hosts_name() -> None:
    authority = Authority()
    tls = authority.server("smsc.test")
    async with smsc(tls=tls) as center, channel(context=trusting(authority)) as smpp:
        center.host = "smsc.test"
        assert in_short(await smpp.send(outgoing(center, values={"security": "tls"}), NOON)) == "sent m1"
        center.host = "another.test"
        other = await smpp.send(outgoing(center, values={"security": "tls"}, version=2), NOON)
    assert "can't be trusted" in (other.trouble or "")


async def test_a_login_in_clear_text_that_would_leave_this_machine_is_not_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    peers = []

    def elsewhere(security: str, peer: str) -> bool:
        peers.append(peer)
        return login_is_safe(security, "192.0.2.1")  # the tests stay on loopback

    monkeypatch.setattr(smpp_link, "login_is_safe", elsewhere)
    async with smsc() as center, channel() as smpp:
        receipt = await smpp.send(outgoing(center), NOON)
    assert "No login to the SMSC" in (receipt.trouble or "")
    assert (peers, center.commands) == (["127.0.0.1"], [])


# --- verify ---


async def test_verify_binds_and_unbinds_and_says_who_answered() -> None:
    async with smsc() as center, channel() as smpp:
        examined = await smpp.examine(examination(center, {"password": "secret"}))
        await center.until(lambda: not center.bound)
    assert (examined.trouble, examined.banner, examined.logged_in) == (None, SYSTEM_ID, True)
    assert center.commands == ["bind", "unbind"]


async def test_verify_uses_the_session_that_is_bound() -> None:
    async with smsc() as center, channel(Ears()) as smpp:
        smpp.keep([standing(center)])
        await center.until(lambda: center.bound)
        await smpp.send(outgoing(center), NOON)
        assert (await smpp.examine(examination(center, {"password": "secret"}))).trouble is None
    assert center.commands == ["bind", "submit", "enquire", "unbind"]


async def test_verify_tells_the_certificate_and_the_trouble() -> None:
    authority = Authority()
    async with (
        smsc(tls=authority.server("smsc.test")) as center,
        channel(context=trusting(authority)) as smpp,
    ):
        center.host = "smsc.test"
        good = await smpp.examine(examination(center, {"password": "secret"}, security="tls"))
        bad = await smpp.examine(examination(center, {"password": "wrong"}, security="tls"))
    assert good.tls_version == "TLSv1.3"
    assert good.certificate_names == ("smsc.test",)
    assert good.learned[1] == "TLSv1.3, with a certificate for smsc.test."
    assert "invalid password" in (bad.trouble or "")


async def test_the_longest_try_ends_within_the_lease() -> None:
    assert limits.SMPP_SECONDS * limits.SECOND < limits.SENDING_LEASE


def test_an_smsc_s_last_word_comes_while_it_is_waited_for() -> None:
    assert SmsSettings(sender_number="Luma").report_hours * 60 > limits.SMPP_VALIDITY_MINUTES


@pytest.mark.parametrize(
    ("minutes", "time"),
    [
        (0.05, "000000000100000R"),
        (90, "000000013000000R"),
        (2_879.5, "000001235930000R"),
        (2_880, "000002000000000R"),
    ],
)
def test_a_validity_period_is_a_relative_time(minutes: float, time: str) -> None:
    assert validity(minutes) == time
