"""Whom a bounce is about, where only words tell it: the recipient, and never the sender or the host's own people."""

from __future__ import annotations

import logging

import pytest

from mailreports.mails import dsn, prose
from retour.mailreports import Kind, read

RETURNED = (
    "\n----- Original message -----\nFrom: shop@acme.example\nTo: Anne <anne@example.com>\nSubject: Order\n"
)


def recipients(mail: bytes) -> list[str]:
    """Of whom it tells."""
    found = read(mail)
    assert found.kind in (Kind.DSN, Kind.BOUNCE)
    return [one.recipient for one in found.told]


@pytest.mark.parametrize(
    "words",
    [
        "Could not be delivered to: <anne@example.com>",
        "The following recipients were affected:\n    anne@example.com",
        "anne@example.com  [User unknown]",
        "* anne@example.com",
        "anne@example.com: No valid route to remote MX",
        "'anne@example.com' on Mon, 3 Mar 2008 10:00:01 -0500",
        "\tRecipient: [SMTP:anne@example.com]",
        "Failed address: anne@example.com",
        "anne@example.com (user not found)",
        "送信できませんでした。anne@example.com宛のメールです。",
        "Your message to anne@example.com couldn't be delivered.",
    ],
)
def test_a_recipient_is_found_where_hosts_put_it(words: str) -> None:
    more = "For help, write to support@mx.example. Sender: shop@acme.example"
    assert recipients(prose(f"Undeliverable.\n\n{words}\n\n{more}")) == ["anne@example.com"]


def test_where_nobody_is_named_it_is_whom_the_returned_mail_was_written_to() -> None:
    assert recipients(prose("Your message could not be delivered: the mailbox is full." + RETURNED)) == [
        "anne@example.com"
    ]


def test_a_sender_is_no_recipient_though_a_host_names_him_alone() -> None:
    words = "SMTP error after MAIL FROM:<shop@acme.example>: 552 message too large. It was not delivered."
    assert recipients(prose(words)) == [""]
    refused = "It was not delivered.\n\nThe return address was <shop@acme.example>, which was refused."
    assert recipients(prose(refused)) == [""]


def test_of_a_mail_to_several_nobody_is_chosen() -> None:
    several = RETURNED.replace("Anne <anne@example.com>", "anne@example.com, bob@example.org")
    assert recipients(prose("Your message could not be delivered: a mailbox is full." + several)) == [""]


def test_a_recipient_who_looks_like_an_office_is_one_when_the_mail_was_written_to_him() -> None:
    returned = RETURNED.replace("Anne <anne@example.com>", "postmaster@example.com")
    words = "It could not be delivered.\n\npostmaster@example.com: mailbox full\n"
    assert recipients(prose(words + returned)) == ["postmaster@example.com"]
    assert recipients(prose(words)) == [""]


def test_a_form_without_an_address_is_about_whom_the_words_name() -> None:
    block = "Final-Recipient: x400; /S=anne\nAction: failed\nStatus: 5.1.1"
    assert recipients(dsn(block, words="Unknown user: anne@example.com")) == ["anne@example.com"]
    assert recipients(dsn("X-Actual-Recipient: rfc822; anne@example.com\nAction: failed\nStatus: 5.1.1")) == [
        "anne@example.com"
    ]


@pytest.mark.parametrize("header", ["From", "Subject", "Return-Path", "To"])
def test_comments_in_comments_trip_nothing(header: str, caplog: pytest.LogCaptureFixture) -> None:
    """Each of the detectors would fall, and write a thousand lines into the log."""
    mail = f"{header}: {'(' * 1_900}\n".encode() + prose("Could not be delivered to: <anne@example.com>")
    with caplog.at_level(logging.WARNING):
        assert read(mail).kind in [*Kind]
    assert [record.name for record in caplog.records] == []
