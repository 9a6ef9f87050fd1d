"""What the words of a relay mean, without a relay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.letters import statuses
from retour.channels.smtp_replies import Stage, accepted, lost, provider_facts, refused, said
from retour.model import FeedbackStatus

REFERENCES = [
    ("2.0.0 Ok: queued as 4jYRck1JLTzJgG9", "4jYRck1JLTzJgG9"),
    ("OK id=1r6abc-0003Zk-2Q", "1r6abc-0003Zk-2Q"),
    ("2.6.0 <a@b.example> [InternalId=12345678901, Hostname=X] Queued mail for delivery", "12345678901"),
    ("2.0.0 kAO1AbCd012345 Message accepted for delivery", "kAO1AbCd012345"),
    ("Ok 0100018c1234abcd-11aa22bb-0000", "0100018c1234abcd-11aa22bb-0000"),
    ("ok 1795521600 qp 4711", "4711"),
    ("2.0.0 OK", None),
    ("ok, thank you very much", None),
]


@pytest.mark.parametrize(("text", "reference"), REFERENCES)
def test_the_queue_id_is_read_from_the_answers_of_the_usual_servers(text: str, reference: str | None) -> None:
    assert provider_facts(250, text).reference == reference


def test_a_refusal_has_no_reference() -> None:
    assert provider_facts(550, "not queued as 4jYRck1JLTzJgG9").reference is None


@given(st.sampled_from(Stage), st.integers(100, 999), st.text(max_size=80))
def test_no_words_at_any_stage_are_a_delivery(stage: Stage, code: int, text: str) -> None:
    for receipt in (accepted(code, text), refused(stage, code, text, "h"), lost(stage, "h", text)):
        assert FeedbackStatus.DELIVERED not in statuses(receipt)
        assert len(receipt.facts) + (receipt.soft is not None) + (receipt.trouble is not None) == 1


@pytest.mark.parametrize("stage", list(Stage))
def test_a_silence_is_trouble_until_mail_was_answered_and_soft_after(stage: Stage) -> None:
    receipt = lost(stage, "relay.test:25", "connection lost")
    assert (receipt.soft is not None) is (stage in {Stage.RCPT, Stage.DATA})


def test_a_relays_words_in_a_sentence_are_short_and_hold_no_address() -> None:
    sentence = said(Stage.HELLO, 550, "ann@acme.example " + "x" * 900, "relay.test:25")
    assert "ann@" not in sentence
    assert len(sentence) < 500
