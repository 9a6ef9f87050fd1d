# ruff: noqa: E501  (mails stand as they are written)
"""A mail comes back: what it is and what it says, whatever it holds."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailreports.mails import HEAD, POSTFIX, complaint, dsn, failure, meaning, prose
from retour.mailreports import Action, Kind, meaning_of, read
from retour.model import FeedbackStatus

FAILED = "Final-Recipient: rfc822; anne@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user"


def test_a_notification_tells_of_each_recipient() -> None:
    second = (
        FAILED.replace("anne@", "bert@").replace("5.1.1", "5.2.2").replace("no such user", "mailbox full")
    )
    found = read(dsn(FAILED, second))
    assert (found.kind, [one.recipient for one in found.told]) == (
        Kind.DSN,
        ["anne@example.com", "bert@example.com"],
    )
    assert [one.status for one in found.told] == ["5.1.1", "5.2.2"]
    assert (found.envelope_id, found.message_id) == ("e-1", "<m1@acme.example>")
    assert (found.return_path, found.mail_id) == ("bounce+t@back.example", "<report@mx.example>")


def test_the_address_that_was_sent_to_is_told_not_the_one_that_it_became() -> None:
    found = read(
        dsn("Original-Recipient: rfc822; anne@example.com\n" + FAILED.replace("anne@", "a.forward@"))
    )
    assert found.told[0].recipient == "anne@example.com"


def test_an_empty_line_inside_a_recipient_s_fields_parts_nothing() -> None:
    found = read(dsn(FAILED.replace("\nAction", "\n\nAction")))
    assert [(one.recipient, one.action) for one in found.told] == [("anne@example.com", Action.FAILED)]


def test_no_empty_line_between_two_recipients_joins_nothing() -> None:
    found = read(dsn(FAILED + "\n" + FAILED.replace("anne@", "bert@")))
    assert [one.recipient for one in found.told] == ["anne@example.com", "bert@example.com"]


def test_an_address_of_any_script_is_read() -> None:
    """RFC 6533: the type message/global-delivery-status, addresses as they are or written in hexadecimal."""
    for written in ("utf-8; ж@example.com", r"utf-8; \x{436}@example.com"):
        mail = dsn(FAILED.replace("rfc822; anne@example.com", written), kind="message/global-delivery-status")
        assert read(mail).told[0].recipient == "ж@example.com"


def test_a_status_that_was_sent_in_base64_is_read() -> None:
    inner = base64.encodebytes(f"Reporting-MTA: dns; mx.example\n\n{FAILED}\n".encode()).decode()
    mail = (
        HEAD
        + (
            'Content-Type: multipart/report; boundary="x"\n\n--x\nContent-Type: message/delivery-status\n'
            f"Content-Transfer-Encoding: base64\n\n{inner}\n--x--\n"
        ).encode()
    )
    assert [one.recipient for one in read(mail).told] == ["anne@example.com"]


def test_a_diagnostic_that_says_nothing_is_helped_by_the_words_beside_it() -> None:
    mute = FAILED.replace("Status: 5.1.1", "Status: 5.0.0").replace("550 5.1.1 no such user", "550")
    assert failure(dsn(mute, words="<anne@example.com>: 550 mailbox is full, try later")).code == "22"


def test_lines_that_end_as_on_the_wire_are_read_as_well() -> None:
    assert read(dsn(FAILED).replace(b"\n", b"\r\n")) == read(dsn(FAILED))


@pytest.mark.parametrize(
    ("words", "recipient", "code"),
    [
        ("<anne@example.com>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nspam", "anne@example.com", "10"),
        ("Hi. This is the qmail-send program at mx.example.\n\n<anne@example.com>:\nUser's mailbox is over quota\n", "anne@example.com", "22"),
        ("Votre message n'a pas pu etre delivre.\n\n<anne@example.com> : utilisateur inconnu", "", "10"),
    ],
)  # fmt: skip
def test_a_host_s_own_words_are_understood(words: str, recipient: str, code: str) -> None:
    found = read(prose(words))
    assert found.kind is Kind.BOUNCE
    assert recipient in [one.recipient for one in found.told] or not recipient
    assert failure(prose(words)).code == code


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("收件人邮箱不存在。", "10"),
        ("发件人地址不存在。", "50"),
        ("发信IP地址错误，已被列入黑名单。", "51"),
        ("对方邮箱空间不足。", "22"),
        ("用户拒收此邮件。", "15"),
        ("系统繁忙，请稍后再试。", "20"),
        ("Такой адрес не существует.", "10"),
        ("Почтовый ящик получателя не найден.", "10"),
        ("Почтовый ящик переполнен.", "22"),
        ("Адрес отправителя не существует.", "50"),
        ("Письмо похоже на спам.", "52"),
    ],
)
def test_reasons_in_chinese_and_russian_are_understood(words: str, code: str) -> None:
    assert failure(prose(words, subject="退信 / Не доставлено")).code == code


@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
def test_a_subject_that_was_not_encoded_is_read_all_the_same(charset: str) -> None:
    """RFC 6532, and what hosts did before it."""
    mail = "From: MAILER-DAEMON@mx.example\nSubject: Échec de la remise\n\nSee above.\n".encode(charset)
    assert read(mail).kind is Kind.BOUNCE


def test_a_warning_is_a_delay_and_no_failure() -> None:
    warning = prose(
        "THIS IS A WARNING ONLY. Your mail to <anne@example.com> has not yet been delivered. It will be retried."
    )
    assert {one.action for one in read(warning).told} == {Action.DELAYED}
    assert meaning(warning).status is FeedbackStatus.DELAY


def test_the_opening_of_a_list_is_no_news_of_its_members() -> None:
    assert meaning_of(read(dsn(FAILED.replace("failed", "expanded"))).told[0]) is None


def test_what_is_returned_with_a_bounce_is_not_taken_for_its_reason() -> None:
    words = "<anne@example.com>: 550 5.1.1 unknown user\n\n------ This is a copy of the message ------\n\nmailbox full, spam, quota"
    assert failure(prose(words)).code == "10"


@pytest.mark.parametrize(
    "subject", ["Out of office: back on Monday", "Automatische Antwort: abwesend", "Re: Your order"]
)
def test_a_machine_that_answers_for_a_person_is_no_bounce(subject: str) -> None:
    mail = f"From: Anne <anne@example.com>\nSubject: {subject}\nAuto-Submitted: auto-replied\n\nI am away. 550 5.1.1\n"
    assert read(mail.encode()).kind is Kind.AUTO_REPLY


def test_a_person_s_answer_is_nothing_of_ours() -> None:
    mail = b"From: Anne <anne@example.com>\nSubject: Re: Your order\n\nThank you, when does it arrive?\n"
    assert (read(mail).kind, read(mail).told) == (Kind.OTHER, ())


def test_a_complaint_names_its_kind_and_whose_copy_it_was() -> None:
    found = read(complaint())
    assert (found.kind, found.complaint) == (Kind.COMPLAINT, "abuse")
    assert [one.recipient for one in found.told] == ["anne@example.com"]
    assert found.return_path == "bounce+t@back.example"


def test_a_complaint_whose_recipient_was_taken_out_is_still_one() -> None:
    found = read(complaint(recipient="redacted"))
    assert (found.kind, found.told, found.message_id) == (Kind.COMPLAINT, (), "<m1@acme.example>")


def test_a_report_on_authentication_is_no_complaint() -> None:
    assert read(complaint("auth-failure")).kind is Kind.OTHER


def test_a_read_receipt_is_nothing_of_ours_unless_the_mail_was_rejected() -> None:
    receipt = (
        "From: anne@example.com\nSubject: Read\nContent-Type: multipart/report; boundary=x\n\n--x\nContent-Type: text/plain\n\nQuota exceeded\n"
        "--x\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; anne@example.com\n\n--x--\n"
    )
    assert read(receipt.encode()).kind is Kind.OTHER
    rejected = read(b"Auto-Submitted: auto-replied (rejected)\n" + receipt.encode())
    assert (rejected.kind, rejected.told[0].recipient) == (Kind.BOUNCE, "anne@example.com")


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("Order not delivered", "The parcel was not delivered. Write to anne@example.com."),
        (
            "Fwd: Undelivered Mail Returned to Sender",
            "What is this?\n> 550 5.1.1 unknown user bob@example.org",
        ),
        (
            "AW: failure notice",
            "It could not be delivered, you say?\n\n-- Original message --\nTo: anne@example.com",
        ),
        ("Re: Delivery status", "My mailbox is full of your mails."),
    ],
)
def test_people_who_write_of_deliveries_are_no_hosts(subject: str, words: str) -> None:
    assert read(prose(words, sender="anne@example.com", subject=subject)).kind is Kind.OTHER


HOSTILE = {
    "nested a hundred thousand times": HEAD + b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\nContent-Type: multipart/mixed; boundary=a\n\n" * 100_000,
    "a header of five megabytes": HEAD + b"X: " + b"a" * 5_000_000 + b"\n\nbody",
    "a million header lines": HEAD + b"X: a\n" * 1_000_000 + b"\nbody",
    "a broken encoded word": b"From: MAILER-DAEMON@x\nSubject: =?utf-8?b?a?= =?nonsense?q?=ff?=\n\n550",
    "a charset that is none": HEAD + b"Content-Type: text/plain; charset=zlib\n\n550 5.1.1 unknown",
    "parameters without end": HEAD + b"Content-Type: multipart/mixed;" + b" a*1*=x;" * 20_000 + b"\n\n",
    "nothing but open brackets": HEAD + b"\n" + b"<" * 1_000_000,
    "nothing but addresses": HEAD + b"\n" + b"a@b.c " * 200_000,
    "an address on each of its lines": HEAD + b"\n" + b"* <anne@example.com>:\n" * 100_000,
    "nothing but labels": HEAD + b"\n" + b"message aa bb cc to user " * 50_000,
    "comments in comments": b"From: " + b"(" * 100_000 + b"\n" + HEAD + b"\n550 5.1.1 unknown",
    "nothing but scripts": HEAD + b"Content-Type: text/html\n\n" + b"<script " * 200_000,
    "nothing but empty lines": HEAD + b"\n" * 2_000_000,
    "zeros": b"\0" * 1_000_000,
    "nothing": b"",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_is_read_like_any_other(name: str) -> None:
    found = read(HOSTILE[name])
    assert found.kind in [*Kind]
    assert len(found.told) <= 101


SPECIMENS = [path.read_bytes() for path in sorted(POSTFIX.glob("*.eml"))] + [
    complaint(),
    prose("550 5.1.1 <a@b.example>"),
]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(SPECIMENS),
    st.lists(st.tuples(st.integers(0, 4_000), st.binary(max_size=12), st.integers(0, 40)), max_size=12),
)
def test_a_mail_with_any_damage_is_read(mail: bytes, damage: list[tuple[int, bytes, int]]) -> None:
    for place, put, taken in damage:
        mail = mail[:place] + put + mail[place + taken :]
    for one in read(mail).told:
        found = meaning_of(one)
        assert found is None or found.status in [*FeedbackStatus]


def test_an_action_that_stands_before_the_recipients_is_said_of_each_that_has_none() -> None:
    silent = "Final-Recipient: rfc822; anne@example.com\nStatus: 4.7.0\nDiagnostic-Code: x-list; Sender not pre-approved"
    mail = dsn(silent).replace(b"Reporting-MTA:", b"Action: failed\nReporting-MTA:")
    assert [(one.recipient, one.action, one.status) for one in read(mail).told] == [
        ("anne@example.com", Action.FAILED, "4.7.0")
    ]
    assert failure(mail).code == "100"


def test_a_boundary_into_whose_line_something_else_ran_is_found() -> None:
    mail = dsn(FAILED).replace(b'boundary="x"\n', b'boundary="x" Message-Id: <1@mx.example>\n')
    assert [one.recipient for one in read(mail).told] == ["anne@example.com"]


def test_a_picture_is_no_letter_and_what_is_no_address_is_nobody() -> None:
    noise = base64.encodebytes(b"\x89PNG \x00<\x04?\x01@\x0b\x1b.\x02>\r\n  \xff@\xfe:\r\n" * 60).decode()
    mail = (
        b"From: Ann <ann@home.example>\nSubject: Re:\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/related; boundary="x"\n\n--x\n\nLook.\n'
        b"--x\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n" + noise.encode() + b"\n--x--\n"
    )
    assert (read(mail).kind, read(mail).told) == (Kind.OTHER, ())


@pytest.mark.parametrize(
    "words",
    [
        "This mailbox is guarded. Please follow the link below so that your address is added to the list of approved senders list.",
        "Thank you! I have put your mail aside. Add yourself to my guest list: https://guard.example/c/1",
        "Your message waits. To let it through, confirm that you are a real person:\nhttps://guard.example/c/1",
        "Your e-mail to me is being held until you confirm it by a click. This happens only once.",
    ],
)
def test_a_mail_that_asks_whether_the_sender_is_a_person_is_a_challenge(words: str) -> None:
    mail = prose(words, sender="anne@example.com", subject="Re: Your order")
    assert (read(mail).kind, failure(mail).code) == (Kind.BOUNCE, "100")


@pytest.mark.parametrize(
    "words",
    [
        "Please follow the link below to see our list of prices.",
        "I confirm that you are welcome on Monday. Your real person of contact is Bob.",
        "Thank you for your message. It is waiting for you in the portal.",
        "Click the link below to add us to your safe senders list, so that you miss nothing.",
    ],
)
def test_other_letters_are_none(words: str) -> None:
    assert read(prose(words, sender="anne@example.com", subject="Re: Your order")).kind is Kind.OTHER


def test_a_boundary_that_is_told_nowhere_is_seen_where_the_body_begins() -> None:
    told = b'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\n'
    for spoilt in (b"", b"Content-Type: multipart/report\n"):
        mail = dsn(FAILED).replace(told, spoilt)
        assert [one.recipient for one in read(mail).told] == ["anne@example.com"]


def test_a_boundary_of_the_mail_that_is_returned_is_none_of_the_report() -> None:
    words = (
        "This message was created automatically.\n\n  anne@example.com\n    mailbox is full\n\n"
        "------ This is a copy of the message ------\n\nContent-Type: multipart/mixed; boundary=y\n\n"
        "--y\nContent-Type: text/plain\n\nHello\n--y--"
    )
    assert failure(prose(words)).code == "22"


def test_empty_lines_before_the_headers_end_nothing() -> None:
    assert [one.recipient for one in read(b"\n\r\n" + dsn(FAILED)).told] == ["anne@example.com"]


def test_a_recipient_without_action_and_status_fails_by_the_reply_that_is_quoted() -> None:
    fields = (
        "Final-Recipient: rfc822; anne@example.com\nDiagnostic-Code: smtp; {} mailbox disk quota exceeded"
    )
    for reply, action in (("552", Action.FAILED), ("452", Action.DELAYED)):
        assert [one.action for one in read(dsn(fields.format(reply))).told] == [action]
    assert failure(dsn(fields.format(552))).code == "22"


def test_japanese_that_is_shifted_in_the_open_is_read() -> None:
    reason = "宛先のメールボックスが見つかりません".encode("iso-2022-jp")
    mail = dsn(FAILED.replace("5.1.1", "5.0.0")).replace(b"no such user", reason)
    assert failure(mail).code == "10"
    subject = "メールエラー通知".encode("iso-2022-jp")
    letter = (
        b"From: no-reply@mail.example\nSubject: "
        + subject
        + b"\nContent-Type: text/plain; charset=iso-2022-jp\n\n"
        b"Could not be delivered to: <anne@example.com>\n  As their mailbox is full.\n"
    )
    assert (read(letter).kind, read(letter).told[0].recipient) == (Kind.BOUNCE, "anne@example.com")
    assert failure(letter).code == "22"


def test_a_host_that_quotes_a_refusal_under_the_subject_of_the_mail_tells_of_a_bounce() -> None:
    words = "Error: invalid address\n\n550 - no such user here\n\n  RCPT TO: anne@example.com"
    mail = prose(words, sender="post_master@mx.example", subject="Re:Your order")
    assert (read(mail).kind, failure(mail).code) == (Kind.BOUNCE, "10")


def test_a_mail_that_was_given_up_after_days_is_over_though_it_says_deferred() -> None:
    words = "----- Transcript of session follows -----\n421 mx.example... Deferred: Connection timed out\n<anne@example.com>"
    found = read(prose(words, subject="Returned mail: Cannot send message for 4 days"))
    assert found.told[0].action is Action.FAILED


def test_dots_after_an_address_are_not_of_it() -> None:
    assert (
        failure(
            dsn(
                FAILED.replace("5.1.1", "5.0.0").replace(
                    "550 5.0.0 no such user", "550 anne@example.com...User unknown"
                )
            )
        ).code
        == "10"
    )
