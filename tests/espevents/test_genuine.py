"""Who posts: signatures of each provider, as their own libraries make and verify them, and what is refused."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sendgrid.helpers.eventwebhook import EventWebhook

from espevents.providers import CERTIFICATE, SUBSCRIBE, TOPIC, Callback, Mailgun, Postmark, SendGrid, Ses
from retour import ids, limits
from retour.espevents import PROVIDERS, Posted, sns

EVENT = {"event": "delivered", "retour": "m" * 56}
LATE = limits.CALLBACK_AGE + limits.MINUTE


def genuine(provider: str, callback: Callback, key: str, now: int | None = None) -> bool:
    """Whether it is taken for genuine."""
    posted = Posted(callback.headers, callback.raw, json.loads(callback.raw))
    return PROVIDERS[provider].genuine(posted, key, now or ids.now())


# --- SendGrid ---


def test_sendgrid_s_own_library_verifies_what_the_tests_sign_and_so_do_we() -> None:
    """The library's word is the specification: where both accept the same, our reading of it is right."""
    provider, webhook = SendGrid(), EventWebhook()
    made = provider.post(EVENT, ids.now())
    signature, timestamp = made.headers.values()
    key = webhook.convert_public_key_to_ecdsa(provider.key)
    assert webhook.verify_signature(made.raw.decode(), signature, timestamp, key)
    assert genuine("sendgrid", made, provider.key)
    tampered = made.raw.replace(b"delivered", b"bounce")
    assert not webhook.verify_signature(tampered.decode(), signature, timestamp, key)
    assert not genuine("sendgrid", Callback(made.headers, tampered), provider.key)


def test_sendgrid_s_signature_is_over_the_timestamp_too_and_grows_old() -> None:
    provider, now = SendGrid(), ids.now()
    made = provider.post(EVENT, now)
    assert genuine("sendgrid", made, provider.key, now + 24 * limits.HOUR)
    assert not genuine("sendgrid", made, provider.key, now + LATE)
    assert not genuine("sendgrid", made, provider.key, now - limits.HOUR)
    name = "x-twilio-email-event-webhook-timestamp"
    later = made.headers | {name: str(now // limits.SECOND + 1)}
    assert not genuine("sendgrid", Callback(later, made.raw), provider.key)


@pytest.mark.parametrize("name", ["signature", "timestamp"])
@pytest.mark.parametrize("value", [None, "", "x", "ä", "AAAA", "-1", "1e9", "9" * 40])
def test_sendgrid_s_headers_may_be_anything_and_are_then_refused(name: str, value: str | None) -> None:
    provider = SendGrid()
    made = provider.post(EVENT, ids.now())
    headers = {**made.headers}
    del headers[f"x-twilio-email-event-webhook-{name}"]
    if value is not None:
        headers[f"x-twilio-email-event-webhook-{name}"] = value
    assert not genuine("sendgrid", Callback(headers, made.raw), provider.key)


def test_another_key_of_sendgrid_does_not_do() -> None:
    made = SendGrid().post(EVENT, ids.now())
    assert not genuine("sendgrid", made, SendGrid().key)


def test_a_verification_key_is_a_p256_key() -> None:
    wrong_key = PROVIDERS["sendgrid"].wrong_key
    assert wrong_key(SendGrid().key) is None
    other = ec.generate_private_key(ec.SECP384R1()).public_key()
    der = other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for key in ("", "x", "MFkw", base64.b64encode(der).decode(), "ä"):
        assert wrong_key(key), key


# --- Mailgun ---


def test_mailgun_s_signature_is_an_hmac_of_timestamp_and_token() -> None:
    """As Mailgun's page on securing webhooks has it: each of the three counts."""
    provider, now = Mailgun(), ids.now()
    made = provider.post(EVENT, now)
    assert genuine("mailgun", made, provider.key)
    assert not genuine("mailgun", made, "another key")
    assert not genuine("mailgun", made, provider.key, now + LATE)
    for name in ("timestamp", "token", "signature"):
        body = made.body
        body["signature"][name] = body["signature"][name][:-1] + "x"
        assert not genuine("mailgun", Callback({}, json.dumps(body).encode()), provider.key), name


def test_a_token_of_mailgun_is_not_good_for_another_body() -> None:
    """The signature is not over the event, so this is all that stands against a changed one."""
    provider = Mailgun()
    made = provider.post(EVENT, ids.now())
    assert genuine("mailgun", made, provider.key)
    assert genuine("mailgun", made, provider.key)
    tampered = Callback({}, made.raw.replace(b"delivered", b"complained"))
    assert not genuine("mailgun", tampered, provider.key)


@pytest.mark.parametrize("body", [[], {}, {"signature": 1}, {"signature": {"token": {}}}, 5, None, "ä"])
def test_mailgun_s_body_may_be_anything(body: Any) -> None:
    assert not genuine("mailgun", Callback({}, json.dumps(body).encode()), Mailgun().key)


# --- Postmark ---


def test_postmark_shows_name_and_password_where_they_are_asked_for() -> None:
    provider = Postmark()
    made = provider.post(EVENT, ids.now())
    assert genuine("postmark", made, provider.key)
    assert genuine("postmark", Callback({}, made.raw), "")
    for header in ("", "Basic", "Basic x", "Bearer " + provider.key, "Basic bHVtYTp3cm9uZw==", "ä"):
        assert not genuine("postmark", Callback({"authorization": header}, made.raw), provider.key)
    wrong_key = PROVIDERS["postmark"].wrong_key
    assert [wrong_key(key) is None for key in ("a:b", "a", ":b", "a:", "ä:b")] == [True, *[False] * 4]


# --- SNS ---


def test_the_text_that_sns_signs_is_the_one_of_its_page() -> None:
    """The example of "Verifying the signatures of Amazon SNS messages", with and without a subject."""
    body = {
        "Type": "Notification",
        "MessageId": "4d4dc071-ddbf-465d-bba8-08f81c89da64",
        "TopicArn": "arn:aws:sns:us-east-2:123456789012:s4-MySNSTopic-1G1WEFCOXTC0P",
        "Subject": "My subject",
        "Message": "My Test Message",
        "Timestamp": "2019-01-31T04:37:04.321Z",
    }
    expected = (
        "Message\nMy Test Message\nMessageId\n4d4dc071-ddbf-465d-bba8-08f81c89da64\nSubject\nMy subject\n"
        "Timestamp\n2019-01-31T04:37:04.321Z\n"
        "TopicArn\narn:aws:sns:us-east-2:123456789012:s4-MySNSTopic-1G1WEFCOXTC0P\nType\nNotification\n"
    )
    assert sns.signed_text(body) == expected.encode()
    del body["Subject"]
    assert sns.signed_text(body) == expected.replace("Subject\nMy subject\n", "").encode()
    assert sns.signed_text(body | {"Type": "SubscriptionConfirmation"}) is None
    assert sns.signed_text(body | {"Type": "Other"}) is None
    assert sns.signed_text([]) is None


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_message_of_sns_verifies_with_its_certificate(version: str) -> None:
    provider, now = Ses(), ids.now()
    made = provider.post(EVENT, now, version, Subject="Amazon SES Email Event Notification")
    assert sns.is_signed_by(made.body, provider.certificate(), now)
    assert not sns.is_signed_by(made.body, Ses().certificate(), now)
    assert not sns.is_signed_by(made.body, provider.certificate(days=0), now)
    assert not sns.is_signed_by(made.body, b"no certificate", now)
    assert not sns.is_signed_by(made.body, provider.certificate(), now + LATE)
    for name in ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type", "Signature"):
        body = made.body
        body[name] = "2026-11-24T08:00:00Z" if name == "Timestamp" else body[name] + "x"
        assert not sns.is_signed_by(body, provider.certificate(), now), name


def test_a_signature_of_one_version_is_none_of_the_other() -> None:
    provider, now = Ses(), ids.now()
    made = provider.post(EVENT, now, "1")
    for version in ("2", "3", "", [1], None):
        body = made.body | {"SignatureVersion": version}
        assert not sns.is_signed_by(body, provider.certificate(), now), version


GOOD = (CERTIFICATE, "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-1.pem")
BAD = (
    "http://sns.eu-west-1.amazonaws.com/x.pem",
    "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem",
    "https://evil.example/sns.eu-west-1.amazonaws.com/x.pem",
    "https://sns.eu-west-1.amazonaws.com@evil.example/x.pem",
    "https://evil.example\\@sns.eu-west-1.amazonaws.com/x.pem",
    "https://sns.eu-west-1.amazonaws.com:8443/x.pem",
    "https://sns.eu-west-1.amazonaws.com:x/x.pem",
    "https://sns.a.b.amazonaws.com/x.pem",
    "https://bucket.s3.amazonaws.com/x.pem",
    "https://sns.eu-west-1.amazonaws.com./x.pem",
    "https://SNS.eu-west-1.amazonaws.com\n/x.pem",
    "https://[::1]/x.pem",
    "https://[/x.pem",
    "https://sns.eu-west-1.amazonaws.com/x.txt",
    "https://sns.eu-west-1.amazonaws.com/?x.pem",
    "",
)


def test_a_certificate_comes_from_sns_and_from_nowhere_else() -> None:
    assert [sns.certificate_url({"SigningCertURL": url}) for url in GOOD] == [*GOOD]
    for url in BAD:
        assert sns.certificate_url({"SigningCertURL": url}) is None, url
    strange: Any
    for strange in (None, 5, [], {}):
        assert sns.certificate_url({"SigningCertURL": strange}) is None


def test_a_subscription_is_confirmed_at_sns_and_nowhere_else() -> None:
    assert sns.subscribe_url({"SubscribeURL": SUBSCRIBE}) == SUBSCRIBE
    for url in ("http://169.254.169.254/latest/meta-data/", "https://127.0.0.1/", *BAD[:13]):
        assert sns.subscribe_url({"SubscribeURL": url}) is None, url


def test_a_message_of_another_topic_is_not_genuine() -> None:
    provider = Ses()
    made = provider.post(EVENT, ids.now())
    assert genuine("ses", made, TOPIC)
    assert not genuine("ses", made, TOPIC + "2")
    wrong_key = PROVIDERS["ses"].wrong_key
    assert wrong_key(TOPIC) is None
    assert wrong_key("arn:aws-cn:sns:cn-north-1:123456789012:x") is None
    for key in ("", "arn:aws:sqs:eu-west-1:123456789012:x", TOPIC + "\n", "mail-events"):
        assert wrong_key(key), key
