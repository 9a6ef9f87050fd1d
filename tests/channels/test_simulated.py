"""The simulator does what docs/simulator.md says, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retour.channels import Outgoing, Receipt
from retour.channels.simulated import NUMBERS, OUTCOMES, SMS_FAILURES, SimulatedChannel, outcome_of
from retour.classify.tables import FAILURES
from retour.limits import SECOND
from retour.model import ChannelConfiguration, ChannelKind, Fact, FeedbackStatus, Rendered

NOON = 1_795_521_600_000_000
DOC = Path(__file__).parents[2] / "docs" / "simulator.md"
ROWS = re.findall(r"^\| `([^`]+)` \| (.+?) \|$", DOC.read_text(), re.MULTILINE)


def outgoing(address: str, *, attempt: int = 1, step: int = 0) -> Outgoing:
    """A message to this address or number."""
    kind = ChannelKind.EMAIL if "@" in address else ChannelKind.SMS
    configuration = ChannelConfiguration(
        sandbox="dev", id="sim", name="sim", channel=kind, provider="simulated"
    )
    return Outgoing(
        org="acme",
        sandbox="dev",
        mark="019a0000-0000-7000-8000-000000000001",
        channel=kind,
        address=address,
        attempt=attempt,
        step=step,
        configuration=configuration,
        content=None if step else Rendered(text="Hi"),
    )


async def life(address: str, tries: int = 8) -> str:
    """Play a message to its end as the sending room does, and tell it in the words of the document."""
    channel, said, put_off, step, now, waited = SimulatedChannel(), [], [], 0, NOON, 0
    for attempt in range(1, tries + 1):
        receipt = await channel.send(outgoing(address, attempt=attempt, step=step), now)
        assert receipt == await channel.send(outgoing(address, attempt=attempt, step=step), now)
        if receipt.trouble:
            return "relay trouble"
        if receipt.soft:
            put_off.append(f"put off ({receipt.soft.code} {receipt.soft.reason})")
            continue
        said += [told(fact, waited if number == 0 else 0) for number, fact in enumerate(receipt.facts)]
        step += len(receipt.facts)
        if receipt.again_at is None:
            break
        waited = (receipt.again_at - now) // SECOND
        now = receipt.again_at
    if put_off and not said:
        return f"{put_off[0]} every time"
    return ", ".join(([f"{put_off[0]} {len(put_off)} times"] if put_off else []) + said)


def told(fact: Fact, waited: int) -> str:
    """A fact in the words of the document."""
    assert fact.provider is not None
    assert fact.provider.name == "simulated"
    why = fact.failure
    words = f" ({why.category} {why.type} {why.code} {why.reason})" if why else ""
    return fact.status.value + words + (f" after {waited} s" if waited else "")


@pytest.mark.parametrize(("address", "expected"), ROWS)
async def test_each_listed_address_does_what_the_document_says(address: str, expected: str) -> None:
    assert await life(address) == expected


def test_the_document_lists_every_outcome_number_and_code() -> None:
    addresses = {address for address, _ in ROWS}
    assert {f"{name}@example.com" for name in OUTCOMES} <= addresses
    assert {f"+155501{digits}" for digits in NUMBERS} <= addresses
    assert set(NUMBERS.values()) | {"greylist"} == set(OUTCOMES)
    codes = re.search(r"A code is any of (.+?);", DOC.read_text())
    assert codes is not None
    assert {int(code) for code in re.findall(r"\d+", codes[1])} == set(FAILURES) - {70}


@pytest.mark.parametrize("code", sorted(set(FAILURES) - {70}))
async def test_a_bounce_can_have_each_code(code: int) -> None:
    assert f" {code} " in await life(f"Bounce+{code}@EXAMPLE.com")


@pytest.mark.parametrize("suffix", ["70", "999", "order-17", "", "52x", "-1", "٥٢", "9" * 5000, "4000s", "s"])
async def test_any_other_suffix_is_a_tag(suffix: str) -> None:
    assert await life(f"bounce+{suffix}@example.com") == await life("bounce@example.com")
    assert await life(f"delivered+{suffix}@example.com") == "sent, delivered"


async def test_a_delay_is_counted_from_now_and_the_room_is_asked_to_come_again() -> None:
    receipt = await SimulatedChannel().send(outgoing("slow@example.com"), NOON)
    assert [fact.status for fact in receipt.facts] == [FeedbackStatus.SENT]
    assert receipt.again_at == NOON + 5 * SECOND
    later = await SimulatedChannel().send(outgoing("slow@example.com", attempt=2, step=1), NOON + 9 * SECOND)
    assert [fact.status for fact in later.facts] == [FeedbackStatus.DELIVERED]
    assert later.again_at is None


async def test_a_message_whose_script_is_over_has_no_more_news() -> None:
    assert await SimulatedChannel().send(outgoing("sent@example.com", attempt=2, step=1), NOON) == Receipt()


@pytest.mark.parametrize(
    ("text", "encoding", "parts"),
    [("Hi", "GSM", 1), ("a" * 161, "GSM", 2), ("Hi 😀", "UNICODE", 1), ("ж" * 135, "UNICODE", 3)],
)
async def test_a_text_message_is_told_with_encoding_and_parts_and_when_it_was_delivered(
    text: str, encoding: str, parts: int
) -> None:
    message = msgspec.structs.replace(outgoing("+15550100"), content=Rendered(text=text))
    sent, delivered = (fact.provider for fact in (await SimulatedChannel().send(message, NOON)).facts)
    assert sent is not None
    assert delivered is not None
    assert (sent.encoding, sent.parts, sent.at) == (encoding, parts, None)
    assert (delivered.encoding, delivered.parts, delivered.at) == (encoding, parts, NOON)


async def test_of_a_text_message_that_is_gone_only_the_time_is_told() -> None:
    (fact,) = (await SimulatedChannel().send(outgoing("+15550105", attempt=2, step=1), NOON)).facts
    assert fact.provider is not None
    assert (fact.provider.encoding, fact.provider.parts, fact.provider.at) == (None, None, NOON)


async def test_of_an_e_mail_nothing_of_the_kind_is_told() -> None:
    for fact in (await SimulatedChannel().send(outgoing("delivered@example.com"), NOON)).facts:
        assert fact.provider is not None
        assert (fact.provider.encoding, fact.provider.parts, fact.provider.at) == (None, None, None)


def test_every_outcome_of_a_number_has_its_failure_in_the_sms_table() -> None:
    for name in NUMBERS.values():
        outcome = OUTCOMES[name]
        codes = {step.code for step in outcome.steps if step.code} | (
            {outcome.soft_code} if outcome.soft else set()
        )
        assert codes <= set(SMS_FAILURES)


@given(st.sampled_from(ChannelKind), st.text(max_size=60))
def test_any_address_has_an_outcome_in_which_sent_comes_first(kind: ChannelKind, address: str) -> None:
    outcome = outcome_of(kind, address)
    order = [step.status for step in outcome.steps]
    assert FeedbackStatus.DELIVERED not in order or order.index(FeedbackStatus.SENT) < order.index(
        FeedbackStatus.DELIVERED
    )
    assert len(order) == len(set(order))
