"""What an SMTP reply, or its absence, means for a message. Pure.

A 250 after DATA is `sent` and nothing more: the next hop has it, nobody has read it. What the recipient's
side refuses is a fact about the message; what our own relay can't do is `trouble`, told on the channel
configuration, and says nothing about the message (channels G.6).
"""

from __future__ import annotations

import re
from enum import StrEnum

from retour.channels import Receipt
from retour.classify import classify, failure, parse_reply, told
from retour.model import Fact, FailureCategory, FeedbackStatus, ProviderFacts

PROVIDER = "smtp"
TROUBLE_CHARACTERS = 200
"""Of the relay's own words in a sentence about it."""

OWN_SYNTAX = frozenset({501, 503, 504, 555})
LOGIN_REPLIES = frozenset({530, 534, 535, 538})
ADMIN_FAILURE, SOFT_BOUNCE = 25, 20

_REFERENCE = re.compile(
    r"queued (?:mail )?(?:as|for delivery as) ([\w.-]{4,64})"  # Postfix, OpenSMTPD
    r"|\bid=([\w-]{6,64})"  # Exim
    r"|internalid=(\d{1,32})"  # Exchange
    r"|^([\w-]{8,64}) message accepted for delivery"  # sendmail
    r"|^ok:? ([\w-]{16,80})$"  # Amazon SES
    r"|^ok \d{9,12} qp (\d{1,10})",  # qmail
    re.IGNORECASE,
)
_ADDRESS_REFUSED = re.compile(r"(recipient|sender) address", re.IGNORECASE)


class Stage(StrEnum):
    """How far a try came: what was last asked and not yet answered."""

    ROOM = "waiting for a free connection"
    CONNECT = "connecting"
    GREETING = "waiting for its greeting"
    HELLO = "greeting it (EHLO)"
    TLS = "starting TLS"
    LOGIN = "logging in"
    MAIL = "naming the sender (MAIL)"
    RCPT = "naming the recipient (RCPT)"
    DATA = "handing over the message (DATA)"


def accepted(code: int, text: str) -> Receipt:
    """The relay took the message: `sent`, whatever it says in its words."""
    facts = provider_facts(code, text)
    return Receipt(facts=(Fact(status=FeedbackStatus.SENT, key="sent", provider=facts),), provider=facts)


def refused(stage: Stage, code: int, text: str, host: str) -> Receipt:
    """The relay answered MAIL, RCPT, DATA or the message's end with something else than yes."""
    facts = provider_facts(code, text)
    if code in LOGIN_REPLIES:
        return trouble(login_refused(host, code, text), facts)
    if _is_our_syntax(code, facts):
        return error(facts)
    if 400 <= code < 500:
        soft = classify(
            code, facts.enhanced_code, facts.text or "", category=FailureCategory.SYNC, final=False
        )
        return Receipt(soft=soft, provider=facts)
    if 500 <= code < 600:
        why = classify(code, facts.enhanced_code, facts.text or "", category=FailureCategory.SYNC, final=True)
        fact = Fact(status=FeedbackStatus.BOUNCE, key="bounce", failure=why, provider=facts)
        return Receipt(facts=(fact,), provider=facts)
    return trouble(f"The relay {host} broke the protocol while {stage}. Is it an SMTP server?", facts)


def lost(stage: Stage, host: str, why: str) -> Receipt:
    """No answer: the connection broke or the time was up.

    Before MAIL was answered the relay knew nothing of the recipient: trouble. After it: soft. Where the
    message was sent and its answer lost, nobody knows whether the relay took it: it goes again under the same
    Message-ID, since a repeat can be recognised and a loss cannot (RFC 1047).
    """
    if stage in {Stage.RCPT, Stage.DATA}:
        facts = ProviderFacts(name=PROVIDER, text=f"{why} while {stage}")
        soft = classify(None, None, why, category=FailureCategory.SYNC, final=False)
        known = soft if soft.code != "1" else failure(SOFT_BOUNCE, FailureCategory.SYNC)
        return Receipt(soft=known, provider=facts)
    return trouble(f"The relay {host} failed while {stage}: {why}. {_advice(stage)}")


def error(facts: ProviderFacts) -> Receipt:
    """The message can't be sent as it is, by us: `error` 25 at once."""
    why = failure(ADMIN_FAILURE, FailureCategory.SYNC)
    fact = Fact(status=FeedbackStatus.ERROR, key="error", failure=why, provider=facts)
    return Receipt(facts=(fact,), provider=facts)


def trouble(sentence: str, facts: ProviderFacts | None = None) -> Receipt:
    """Our own relay is in the way."""
    return Receipt(trouble=sentence, provider=facts)


def login_refused(host: str, code: int, text: str) -> str:
    """What to do about a login that the relay did not take."""
    return (
        f"The relay {host} refused the login ({code} {_brief(text)}). "
        "Check user name and password of the channel configuration."
    )


def said(stage: Stage, code: int, text: str, host: str) -> str:
    """What to do about a relay that said no before any message was named."""
    return f"The relay {host} said {code} {_brief(text)} while {stage}. {_advice(stage)}"


def provider_facts(code: int, text: str) -> ProviderFacts:
    """The relay's answer in its own words, without addresses."""
    enhanced, words = parse_reply(code, text)
    return ProviderFacts(
        name=PROVIDER, code=str(code), enhanced_code=enhanced, text=words, reference=_reference(code, words)
    )


def _reference(code: int, words: str) -> str | None:
    """The queue id that the relay gave the message, from the answers of the usual servers."""
    found = _REFERENCE.search(words) if code == 250 else None
    return next((group for group in found.groups() if group), None) if found else None


def _is_our_syntax(code: int, facts: ProviderFacts) -> bool:
    """501 and its kin are our bug, unless they speak of an address (Postfix: 501 5.1.3, 504 5.5.2)."""
    about_address = (facts.enhanced_code or "").startswith("5.1.") or _ADDRESS_REFUSED.search(
        facts.text or ""
    )
    return code in OWN_SYNTAX and not about_address


def _brief(text: str) -> str:
    return told(text)[:TROUBLE_CHARACTERS].rstrip(" .")


def _advice(stage: Stage) -> str:
    if stage is Stage.ROOM:
        return "It is slow: raise maxConnections, or look at its queue."
    if stage in {Stage.TLS, Stage.LOGIN}:
        return "Check security, user name and password of the channel configuration."
    return "Check host, port and security of the channel configuration, and that the relay runs."
