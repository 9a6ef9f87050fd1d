"""Mails that come back, put together for a test."""

from __future__ import annotations

from pathlib import Path

from retour.mailreports import Meaning, meaning_of, read
from retour.model import Failure

POSTFIX = Path(__file__).parent / "postfix"
HEAD = (
    b"From: Mail Delivery System <MAILER-DAEMON@mx.example>\nSubject: Undelivered Mail Returned to Sender\n"
)


def dsn(
    *recipients: str, words: str = "I could not deliver it.", kind: str = "message/delivery-status"
) -> bytes:
    """A delivery status notification (RFC 3464) with these blocks of recipient fields."""
    blocks = "\n\n".join(recipients)
    return (
        HEAD
        + (
            "MIME-Version: 1.0\nMessage-ID: <report@mx.example>\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\n\n'
            f"--x\nContent-Type: text/plain\n\n{words}\n\n"
            f"--x\nContent-Type: {kind}\n\nReporting-MTA: dns; mx.example\nOriginal-Envelope-Id: e-1\n\n{blocks}\n\n"
            "--x\nContent-Type: text/rfc822-headers\n\nReturn-Path: <bounce+t@back.example>\n"
            "Message-ID: <m1@acme.example>\nSubject: Your order\n\n--x--\n"
        ).encode()
    )


def prose(words: str, *, sender: str = "MAILER-DAEMON@mx.example", subject: str = "failure notice") -> bytes:
    """A bounce in a host's own words."""
    return f"From: {sender}\nSubject: {subject}\nMessage-ID: <p@mx.example>\n\n{words}\n".encode()


def complaint(
    kind: str = "abuse", recipient: str = "anne@example.com", form: str = "message/feedback-report"
) -> bytes:
    """A feedback report (RFC 5965)."""
    return (
        "From: <abuse@provider.example>\nSubject: FW: Your order\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="x"\n\n'
        "--x\nContent-Type: text/plain\n\nThis is a report for an email message.\n\n"
        f"--x\nContent-Type: {form}\n\nFeedback-Type: {kind}\nUser-Agent: Provider/1\nVersion: 1\n"
        f"Original-Rcpt-To: <{recipient}>\n\n"
        "--x\nContent-Type: message/rfc822\n\nReturn-Path: <bounce+t@back.example>\nMessage-ID: <m1@acme.example>\n"
        "Subject: Your order\n\nHello\n\n--x--\n"
    ).encode()


def meaning(mail: bytes, place: int = 0) -> Meaning:
    """What a mail means for the recipient in that place."""
    found = meaning_of(read(mail).told[place])
    assert found is not None
    return found


def failure(mail: bytes) -> Failure:
    """Why, of its first recipient."""
    found = meaning(mail).failure
    assert found is not None
    return found
