# ruff: noqa: E501  (a reply is a line)
"""What mail hosts say, and the failure code that it must become."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retour.classify import TEXT_CHARACTERS, TOLD_CHARACTERS, classify, failure, last_word, parse_reply, told
from retour.classify.tables import ENHANCED, FAILURES, PATTERNS, REPLIES
from retour.model import Failure, FailureCategory, FailureType, ProviderFacts

SYNC, ASYNC = FailureCategory.SYNC, FailureCategory.ASYNC


def code_of(line: str, *, final: bool = True) -> str:
    """Classify a reply as the SMTP dialogue gives it: a code of three digits and its text."""
    reply = int(line[:3])
    enhanced, words = parse_reply(reply, line[4:])
    return classify(reply, enhanced, words, category=SYNC, final=final).code


GOOGLE = [
    (10, "550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces. For more information, go to https://support.google.com/mail/?p=NoSuchUser a1-2002 - gsmtp"),
    (10, "550 5.2.1 The email account that you tried to reach is inactive. For more information, go to https://support.google.com/mail/?p=DisabledUser a1 - gsmtp"),
    (22, "452 4.2.2 The email account that you tried to reach is over quota. Please direct the recipient to https://support.google.com/mail/?p=OverQuotaTemp"),
    (22, "552 5.2.2 The recipient's inbox is out of storage space. Please direct the recipient to https://support.google.com/mail/?p=OverQuotaPerm"),
    (52, "550 5.7.1 Our system has detected that this message is likely unsolicited mail. To reduce the amount of spam sent to Gmail, this message has been blocked."),
    (50, "421 4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP address. To protect our users from spam, mail sent from your IP address has been temporarily rate limited."),
    (50, "550 5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM."),
    (50, "550 5.7.26 Unauthenticated email from luma.example is not accepted due to domain's DMARC policy."),
    (51, "550 5.7.25 The IP address sending this message does not have a PTR record setup, or the corresponding forward DNS entry does not match the sending IP."),
    (51, "550 5.7.1 Our system has detected that this message is suspicious due to the very low reputation of the sending IP address."),
    (50, "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered. Please resend your message at a later time."),
    (23, "552 5.3.4 Your message exceeded Google's message size limits."),
    (52, "552 5.7.0 This message was blocked because its content presents a potential security issue."),
    (20, "451 4.3.0 Mail server temporarily rejected message."),
]  # fmt: skip
MICROSOFT = [
    (10, "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient anne@contoso.test not found by SMTP address lookup"),
    (10, "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found"),
    (10, "550 5.4.1 Recipient address rejected: Access denied. [DB5EUR03FT013.eop-EUR03.prod.protection.outlook.com]"),
    (10, "550 5.4.1 All recipient addresses rejected : Access denied [AM5EUR.prod.protection.outlook.com]"),
    (10, "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302)."),
    (51, "550 5.7.1 Unfortunately, messages from [203.0.113.9] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140)."),
    (51, "550 5.7.606 Access denied, banned sending IP [203.0.113.9]. To request removal from this list please visit https://sender.office.com/"),
    (51, "550 5.7.511 Access denied, banned sender[203.0.113.9]. To request removal from this list forward this message to delist@messaging.microsoft.com."),
    (51, "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP."),
    (54, "550 5.7.64 TenantAttribution; Relay Access Denied SMTPSRV"),
    (50, "421 RP-001 (BAY004) Unfortunately, some messages from 203.0.113.9 weren't sent. The mail server IP connecting to Outlook.com server has exceeded the rate limit allowed."),
    (50, "550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by organization policy"),
    (50, "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed because the sender was not authenticated when sending to this group"),
    (50, "550 5.1.8 Access denied, bad outbound sender. For more information please go to http://go.microsoft.com/fwlink/?LinkId=875724."),
    (50, "550 5.7.509 Access denied, sending domain LUMA.EXAMPLE does not pass DMARC verification and has a DMARC policy of reject."),
    (22, "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded"),
    (23, "550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient"),
    (24, "550 4.4.7 QUEUE.Expired; message expired"),
    (21, "550 5.4.310 DNS domain contoso.test does not exist [Message=InfoDomainNonexistent]"),
    (52, "550 5.6.0 Message was identified as SPAM by the hygiene filter"),
]  # fmt: skip
YAHOO = [
    (10, "554 delivery error: dd This user doesn't have a yahoo.com account (anne@yahoo.com) [0] - mta1.mail.ne1.yahoo.com"),
    (10, "554 30 Sorry, your message to anne@yahoo.com cannot be delivered. This mailbox is disabled (554.30)."),
    (10, "552 1 Requested mail action aborted, mailbox not found"),
    (51, "421 4.7.0 [TSS04] Messages from 203.0.113.9 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes"),
    (51, "553 5.7.1 [BL21] Connections will not be accepted from 203.0.113.9, because the ip is in Spamhaus's list; see http://postmaster.yahoo.com/550-bl23.html"),
    (50, "554 Message not allowed - [PH01] Email not accepted for policy reasons. Please visit https://postmaster.yahooinc.com"),
    (50, "550 5.7.9 This mail has been blocked because the sender is unauthenticated. Yahoo requires all senders to authenticate with either SPF or DKIM."),
    (22, "552 5.2.2 Mailbox full"),
]  # fmt: skip
POSTFIX = [
    (10, "550 5.1.1 <anne@luma.example>: Recipient address rejected: User unknown in virtual mailbox table"),
    (10, "550 5.1.1 <anne@luma.example>: Recipient address rejected: undeliverable address: host mx[127.0.0.1] said: 550 5.1.1 No such user"),
    (24, "450 4.1.1 <anne@luma.example>: Recipient address rejected: unverified address: connect to mx: Connection refused"),
    (50, "450 4.2.0 <anne@luma.example>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/luma.example.html"),
    (50, "450 4.1.8 <no-reply@luma.example>: Sender address rejected: Domain not found"),
    (50, "550 5.1.7 <no-reply@luma.example>: Sender address rejected: undeliverable address"),
    (54, "554 5.7.1 <anne@elsewhere.example>: Relay access denied"),
    (51, "554 5.7.1 Service unavailable; Client host [203.0.113.9] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/203.0.113.9"),
    (51, "450 4.7.25 Client host rejected: cannot find your hostname, [203.0.113.9]"),
    (50, "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname"),
    (22, "552 5.2.2 <anne@luma.example>: Quota exceeded (mailbox for user is full)"),
    (22, "452 4.3.1 Insufficient system storage"),
    (23, "552 5.3.4 Message size exceeds fixed limit"),
    (52, "550 5.7.1 Blocked by SpamAssassin"),
    (21, "550 5.4.4 <anne@nowhere.example>: Recipient address rejected: Host or domain name not found. Name service error for name=nowhere.example type=A"),
    (40, "554 5.4.6 mail for luma.example loops back to myself"),
    (20, "451 4.3.5 Server configuration problem"),
    (50, "554 5.7.1 <anne@luma.example>: Recipient address rejected: Access restricted by policy"),
]  # fmt: skip
OTHER = [
    (10, "550 No such user here"),
    (10, "550 Unknown user"),
    (10, "553 sorry, no mailbox here by that name (#5.1.1)"),
    (10, "511 sorry, this recipient is not in my validrcptto list (#5.1.1): user unknown"),
    (10, "550 5.1.1 User unknown; rejected by recipient table"),
    (10, "550 Requested action not taken: mailbox unavailable"),
    (10, "556 5.1.10 Recipient address has null MX"),
    (10, "550 User anne not listed in Domino Directory"),
    (10, "550 account closed, mailbox has been deactivated"),
    (10, "550 5.7.17 The owner of this address has changed"),
    (54, "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"),
    (54, "550 relay not permitted"),
    (54, "550 authentication required"),
    (21, "550 Unrouteable address"),
    (21, "550 all relevant MX records point to non-existent hosts"),
    (50, "550 Sender verify failed"),
    (50, "550 Sender verify failed: no such user at luma.example"),
    (51, "554 IP=203.0.113.9 - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.de to clarify.)"),
    (51, "554 Nemesis ESMTP Service not available, No SMTP service, Bad DNS PTR resource record"),
    (51, "550 5.7.1 Mail from your mail server is refused due to its poor reputation"),
    (50, "554 Transaction failed, Reject due to policy restrictions."),
    (50, "550 Access denied"),
    (50, "452 4.5.3 Too many recipients"),
    (50, "421 Too many concurrent SMTP connections from this host; please try again later"),
    (52, "554 5.7.1 Message rejected under suspicion of SPAM; https://ya.cc/1IrBc"),
    (52, "550 spam message rejected. Please visit http://help.mail.ru/notspam-support/id?c=x"),
    (52, "554 5.7.1 This message contains a virus (Eicar-Test-Signature)"),
    (52, "550 5.7.1 Attachment file type not allowed: .exe"),
    (52, "550 Mail content denied. http://service.mail.qq.com/cgi-bin/help"),
    (15, "550 5.7.1 The recipient has blocked your messages"),
    (15, "550 This user does not want to receive mail from you"),
    (15, "550 This user only accepts messages from known contacts"),
    (15, "550 Sender is not in my allow list"),
    (100, "550 Challenge-response required: follow the link to prove that you are a human"),
    (60, "550 I am out of the office until Monday"),
    (24, "421 Service not available, closing transmission channel"),
    (20, "451 Requested action aborted: local error in processing"),
    (22, "552 Requested mail action aborted: exceeded storage allocation"),
    (22, "452 Requested action not taken: insufficient system storage"),
    (23, "552 Message too large"),
    (24, "554 5.4.7 Delivery expired (message too old)"),
    (25, "550 5.3.5 System incorrectly configured"),
    (40, "550 5.6.7 SMTPUTF8 is required, but was not offered"),
    (40, "550 5.5.0 Protocol sequence"),
    (1, "599 xyzzy"),
]  # fmt: skip
ABROAD = [
    (10, "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]"),
    (10, "550 5.1.1 Utilisateur inconnu"),
    (10, "550 L'adresse de messagerie indiquée n'existe pas"),
    (22, "552 5.0.0 La boîte aux lettres du destinataire est pleine"),
    (50, "550 5.7.1 Service refusé. Message rejeté."),
    (52, "550 5.2.0 Mail rejete. Mail rejected. OFR_506 [506]"),
    (15, "550 Le destinataire refuse vos messages"),
    (20, "451 Service temporairement indisponible, veuillez essayer plus tard"),
    (10, "550 Empfänger unbekannt"),
    (10, "550 Benutzer existiert nicht"),
    (10, "550 Postfach nicht vorhanden"),
    (22, "552 Das Postfach des Empfängers ist voll"),
    (50, "554 Annahme verweigert"),
    (10, "550 宛先のユーザーが見つかりません"),
    (10, "550 指定されたメールアドレスは存在しません"),
    (22, "552 メールボックスの容量を超えています"),
    (15, "550 受信拒否設定により配信できません"),
    (50, "550 メールの受け取りを拒否しました"),
    (10, "550 Usuario desconocido"),
    (22, "552 La casella del destinatario è piena"),
    (10, "550 Gebruiker onbekend"),
]  # fmt: skip
ALL = GOOGLE + MICROSOFT + YAHOO + POSTFIX + OTHER + ABROAD


@pytest.mark.parametrize(("code", "line"), ALL, ids=[line[:60] for _, line in ALL])
def test_a_reply_of_the_outside_world_gets_its_code(code: int, line: str) -> None:
    assert code_of(line) == str(code)


def test_the_table_of_replies_is_large_enough_and_names_every_code_a_reply_can_have() -> None:
    assert len(ALL) >= 80
    assert {code for code, _ in ALL} == set(FAILURES) - {30, 70}


REPORTED = [
    # (Status of the DSN, Diagnostic-Code, code): what Postfix and its like report when they gave up
    ("5.1.1", "smtp; 550 5.1.1 <bob@hard.test>: Recipient address rejected: User unknown", 10),
    ("5.1.1", "smtp; 550 5.1.1 The account that you tried to reach does not exist", 10),
    ("5.4.4", "X-Postfix; Host or domain name not found. Name service error for name=no.test type=A: Host not found", 21),
    ("5.4.4", "X-Postfix; Host or domain name not found. Name service error for name=no.test type=A: Host found but no data record of requested type", 21),
    ("5.1.0", "X-Postfix; Domain no.test does not accept mail (nullMX)", 10),
    ("5.4.6", "X-Postfix; mail for no.test loops back to myself", 40),
    ("5.5.1", "smtp; 503 5.5.1 Error: need RCPT command", 40),
    ("4.7.1", "smtp; 554 5.7.1 Service unavailable; Client host [203.0.113.5] blocked using zen.no.test", 51),
    ("4.4.2", "X-Postfix; lost connection with mx1.no.test[127.0.1.3] while sending DATA command", 24),
    ("4.4.3", "X-Postfix; Host or domain name not found. Name service error for name=no.test type=MX: Host not found, try again", 21),
    ("4.0.0", "smtp; 421 4.0.0 Server closing connection", 24),
    ("4.3.2", "smtp; 451 4.3.2 System not accepting network messages", 20),
    ("4.4.1", "X-Postfix; connect to 127.0.0.1[127.0.0.1]:2699: Connection refused", 24),
    ("5.7.1", "smtp; 554 5.7.1 Message rejected as spam by Content Filtering", 52),
    ("5.2.2", "smtp; 552 5.2.2 Mailbox full: quota exceeded", 22),
    ("5.6.7", "X-Postfix; SMTPUTF8 is required, but was not offered by host 127.0.0.1[127.0.0.1]", 40),
    ("5.0.0", "host mx.no.test [192.0.2.1] SMTP error from remote mail server after RCPT TO:<bob@no.test>: 550 5.7.1 relaying denied", 54),
    ("5.0.0", "192.0.2.1 failed after I sent the message. Remote host said: 552 5.2.2 over quota", 22),
    (None, "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1) I'm not going to try again; this message has been in the queue too long.", 24),
    (None, "retry timeout exceeded", 24),
    ("5.0.0", "", 1),
    ("5.7.99", "", 50),
    ("4.7.1", "", 20),
]  # fmt: skip


@pytest.mark.parametrize(("status", "diagnostic", "code"), REPORTED)
def test_a_reported_failure_gets_its_code(status: str | None, diagnostic: str, code: int) -> None:
    assert classify(None, status, diagnostic, category=ASYNC, final=True).code == str(code)


def test_the_enhanced_code_in_the_words_outranks_the_status_field() -> None:
    assert classify(None, "4.7.1", "smtp; 554 5.1.1 no", category=ASYNC, final=True).code == "10"
    assert classify(None, "5.0.0", "smtp; 550 5.2.2 no", category=ASYNC, final=True).code == "22"


def test_octets_of_an_address_are_not_an_enhanced_code() -> None:
    assert classify(550, None, "go away 5.1.1.10", category=SYNC, final=True).code == "40"
    assert classify(550, None, "go away 10.5.1.1", category=SYNC, final=True).code == "40"


def test_names_inside_addresses_hosts_and_links_do_not_mislead() -> None:
    misleading = (
        "550 5.1.1 <spam@blocklist.example>: no such user; see https://virus.example/relay-denied",
        "550 5.1.1 quota.full@greylist.example: User unknown",
    )
    assert [code_of(line) for line in misleading] == ["10", "10"]


def test_code_25_is_ignored_on_the_wire_and_called_admin_failure() -> None:
    found = failure(25, SYNC)
    assert (found.type, found.reason, found.code) == ("Ignored", "Admin Failure", "25")


def test_there_are_18_codes_and_every_row_of_the_tables_uses_one_of_them() -> None:
    assert len(FAILURES) == 18
    used = {row.code for row in PATTERNS} | {c for row in ENHANCED.values() for c in row}
    assert used | {c for row in REPLIES.values() for c in row} <= set(FAILURES)
    assert all(row.source for row in PATTERNS)


def test_a_temporary_reply_is_a_transient_failure_while_it_is_retried_and_soft_at_the_end() -> None:
    assert code_of("450 4.7.1 come back", final=False) == "70"
    assert code_of("450 4.7.1 come back", final=True) == "20"
    assert code_of("451 hm", final=False) == "70"
    assert code_of("451 hm", final=True) == "20"


def test_the_last_word_of_a_transient_failure_is_a_soft_bounce_or_a_timeout() -> None:
    transient = failure(70, SYNC)
    busy = ProviderFacts(name="smtp", code="451", enhanced_code="4.3.2", text="System not accepting messages")
    lost = ProviderFacts(name="smtp", text="connection lost while naming the recipient (RCPT)")
    assert last_word(transient).code == "20"
    assert last_word(transient, busy).code == "20"
    assert last_word(transient, lost).code == "24"
    assert last_word(failure(20, SYNC), lost) == failure(24, SYNC)


def test_the_last_word_keeps_a_specific_reason_and_the_code_of_another_provider() -> None:
    full = failure(22, SYNC)
    absent = Failure(category=SYNC, type=FailureType.IGNORED, code="SIM-70", reason="Subscriber Absent")
    assert last_word(full, ProviderFacts(name="smtp", code="452", text="connection lost")) == full
    assert last_word(absent) == absent


def test_a_reply_is_split_into_its_enhanced_code_and_its_words_without_addresses() -> None:
    text = "5.1.1 <anne@luma.example>: Recipient\n5.1.1 address rejected: anne@luma.example"
    assert parse_reply(550, text) == ("5.1.1", "<…>: Recipient address rejected: <…>")
    assert parse_reply(250, "2.0.0 Ok: queued as 4jYRck") == ("2.0.0", "Ok: queued as 4jYRck")
    assert parse_reply(550, "") == (None, "")
    assert parse_reply(550, "4.1.1 of another class")[0] is None


def test_told_words_are_printable_short_and_on_one_line() -> None:
    assert told("a\r\nb\x00\x1b[31mc\u2028d") == "a b [31mc d"
    assert len(told("x" * 10_000)) == TOLD_CHARACTERS


REPLY_TEXT = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.sampled_from(
            [
                "550",
                "5.1.1",
                "4.7.1",
                "user",
                "unknown",
                "spam",
                "relay",
                "denied",
                "said:",
                "<a@b.c>",
                "mailbox",
                "full",
                "quota",
                "recipient",
                "address",
                "rejected:",
                "…",
                "connection",
                "timed",
                "out",
                "https://x/y",
                "host",
                "not",
                "found",
                "421",
            ]
        ),
        max_size=60,
    ).map(" ".join),
)


@settings(max_examples=300, deadline=None)
@given(
    st.none() | st.integers(-5, 999),
    st.none() | st.text(max_size=12) | st.from_regex(r"[245]\.\d{1,3}\.\d{1,3}", fullmatch=True),
    REPLY_TEXT,
    st.booleans(),
)
def test_any_answer_gets_a_code_of_the_table(
    reply: int | None, enhanced: str | None, text: str, final: bool
) -> None:
    found = classify(reply, enhanced, text, category=SYNC, final=final)
    assert (found.type, found.reason) == FAILURES[int(found.code)]
    assert not (final and found.code == "70")


@settings(max_examples=300, deadline=None)
@given(st.integers(400, 499), st.none() | st.just("5.1.1"), REPLY_TEXT, st.booleans())
def test_a_4xx_is_never_hard(reply: int, enhanced: str | None, text: str, final: bool) -> None:
    assert classify(reply, enhanced, text, category=SYNC, final=final).type is not FailureType.HARD


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 999), st.text(max_size=400))
def test_any_reply_can_be_split(code: int, text: str) -> None:
    enhanced, words = parse_reply(code, text)
    assert len(words) <= TOLD_CHARACTERS
    assert enhanced is None or enhanced[0] == str(code)[0]


UNITS = ["a", " ", "<", "@", "a@", ".", "a.", "5.1.1 ", "said: ", "user ", "user unknow", "sender domain ", "mail ", "(in reply to ", "after :", "after ::", "http://", "is spa ", "recipient address rejected:", "exceeded the ", "message size is ", "ip ip ", "relay to ", "メール", "\u0301", "\ufdfa", "was: ", "x-a", "\n", "domain ", "a-", "over the of the ", "usuario a ", "account ", "message from ", "must be ", "from 0 ", "attached file ", "spam", "not sufficient a ", "reject, id=", "the client host ", "is as a "]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_a_hostile_reply_costs_little_time(unit: str) -> None:
    text = unit * (TEXT_CHARACTERS * 4 // len(unit))
    begin = time.process_time()
    classify(550, None, text, category=SYNC, final=True)
    parse_reply(550, text)
    assert time.process_time() - begin < 0.5


def test_only_the_first_4096_characters_are_read() -> None:
    late = "x " * TEXT_CHARACTERS + "user unknown"
    assert classify(550, None, late, category=SYNC, final=True).code == "40"
