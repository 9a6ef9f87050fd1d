"""What the demo plays: who writes to whom through what, and what has to come back. Data only."""

from __future__ import annotations

from enum import StrEnum

from retour.model import ChannelKind, Value

PROD = "prod"
DEV = "dev"
DOMAIN = "recipients.example"
SPAM_WORD = "jackpot"  # the mail host refuses content with it
SHORT_RETRY_MINUTES = 0.1
RETRY_MINUTES = 60.0


class Break(StrEnum):
    """A real part that is damaged, so that everyone can see the demo notice it."""

    SECRET = "secret"  # noqa: S105 - a word
    DROP_ONE = "drop-one"
    DUPLICATE = "duplicate"
    RELAY = "relay"


class Relay(StrEnum):
    """An entrance of the recipients' mail host."""

    OPEN = "open"
    CLOSED = "closed"
    LOGIN = "login"


class Repair(StrEnum):
    """What is put right once the `delay` was told."""

    OPEN_RELAY = "open_relay"
    CORRECT_PASSWORD = "correct_password"  # noqa: S105 - a word


class Sender(Value, frozen=True):
    """A channel configuration, and the campaign that uses it. relay None: simulated."""

    name: str
    sandbox: str
    channel: ChannelKind = ChannelKind.EMAIL
    relay: Relay | None = None
    retry_minutes: float = RETRY_MINUTES


class Case(Value, frozen=True):
    """One message. expected: feedback statuses in order. code: of the bounce or error at its end."""

    name: str
    sender: str
    recipient: str
    expected: tuple[str, ...]
    code: str | None = None
    repair: Repair | None = None
    offer: str = "a new password"


SENDERS = (
    Sender(name="demo-mail", sandbox=PROD, relay=Relay.OPEN),
    Sender(name="demo-relay-down", sandbox=PROD, relay=Relay.CLOSED),
    Sender(name="demo-login", sandbox=PROD, relay=Relay.LOGIN),
    Sender(name="demo-login-lost", sandbox=PROD, relay=Relay.LOGIN, retry_minutes=SHORT_RETRY_MINUTES),
    Sender(name="demo-simulated-mail", sandbox=DEV),
    Sender(name="demo-simulated-text", sandbox=DEV, channel=ChannelKind.SMS),
)

CASES = (
    Case(name="sent", sender="demo-mail", recipient=f"ann@{DOMAIN}", expected=("sent",)),
    Case(
        name="hard bounce",
        sender="demo-mail",
        recipient=f"nobody@{DOMAIN}",
        expected=("bounce",),
        code="10",
    ),
    Case(
        name="mailbox full", sender="demo-mail", recipient=f"full@{DOMAIN}", expected=("bounce",), code="22"
    ),
    Case(
        name="content refused",
        sender="demo-mail",
        recipient=f"bob@{DOMAIN}",
        expected=("bounce",),
        code="52",
        offer=SPAM_WORD,
    ),
    Case(
        name="greylisted then sent",
        sender="demo-mail",
        recipient=f"grey@{DOMAIN}",
        expected=("delay", "sent"),
    ),
    Case(
        name="relay down then back",
        sender="demo-relay-down",
        recipient=f"carol@{DOMAIN}",
        expected=("delay", "sent"),
        repair=Repair.OPEN_RELAY,
    ),
    Case(
        name="login refused then corrected",
        sender="demo-login",
        recipient=f"dave@{DOMAIN}",
        expected=("delay", "sent"),
        repair=Repair.CORRECT_PASSWORD,
    ),
    Case(
        name="login never corrected",
        sender="demo-login-lost",
        recipient=f"erin@{DOMAIN}",
        expected=("delay", "error"),
        code="25",
    ),
    Case(
        name="simulated e-mail delivered",
        sender="demo-simulated-mail",
        recipient="delivered@example.com",
        expected=("sent", "delivered"),
    ),
    Case(
        name="simulated late bounce",
        sender="demo-simulated-mail",
        recipient="late-bounce@example.com",
        expected=("sent", "bounce"),
        code="10",
    ),
    Case(
        name="simulated SMS delivered",
        sender="demo-simulated-text",
        recipient="+15550100",
        expected=("sent", "delivered"),
    ),
    Case(
        name="simulated SMS bounced",
        sender="demo-simulated-text",
        recipient="+15550101",
        expected=("bounce",),
        code="SIM-10",
    ),
)


def sender_of(case: Case) -> Sender:
    """The sender that a case uses."""
    return next(sender for sender in SENDERS if sender.name == case.sender)
