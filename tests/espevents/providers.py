"""The mail providers, as far as they post events: their keys, and callbacks as they would send them."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from retour.limits import SECOND

PAYLOADS = Path(__file__).parent / "payloads"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail-events"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem"
SUBSCRIBE = (
    f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37fb"
)


class Case(NamedTuple):
    """An event of a provider, and what it means: `status`, `status code`, `nothing`."""

    provider: str
    means: str
    event: dict[str, Any]

    def of(self, mark: str) -> dict[str, Any]:
        """The event of a message."""
        made: dict[str, Any] = json.loads(json.dumps(self.event).replace("MARK", mark))
        return made


def cases(provider: str) -> list[Case]:
    """Every recorded one of a provider."""
    read = json.loads((PAYLOADS / f"{provider}.json").read_text())
    return [Case(provider, case["means"], case["event"]) for case in read["cases"]]


ALL = [case for provider in ("ses", "sendgrid", "mailgun", "postmark") for case in cases(provider)]


class Callback(NamedTuple):
    """What a provider posts."""

    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        """Decoded."""
        return json.loads(self.raw)


@dataclass
class SendGrid:
    """Signs batches of events."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def key(self) -> str:
        """The verification key, as SendGrid shows it."""
        made = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(made).decode()

    def post(self, event: Any, now: int) -> Callback:
        """A batch. SendGrid's bodies end with CR LF."""
        events = event if isinstance(event, list) else [event]
        raw = json.dumps(events).encode() + b"\r\n"
        timestamp = str(now // SECOND)
        signature = self.private.sign(timestamp.encode() + raw, ec.ECDSA(SHA256()))
        headers = {
            "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
            "x-twilio-email-event-webhook-timestamp": timestamp,
        }
        return Callback(headers, raw)


@dataclass
class Mailgun:
    """Signs timestamp and token."""

    key: str = "key-0123456789abcdef"

    def post(self, event: Any, now: int) -> Callback:
        """One event."""
        timestamp, token = str(now // SECOND), uuid4().hex
        signature = hmac.new(self.key.encode(), (timestamp + token).encode(), "sha256").hexdigest()
        signed = {"timestamp": timestamp, "token": token, "signature": signature}
        return Callback({}, json.dumps({"signature": signed, "event-data": event}).encode())


@dataclass
class Postmark:
    """Shows name and password."""

    key: str = "luma:open sesame"

    def post(self, event: Any, now: int) -> Callback:
        """One event."""
        shown = base64.b64encode(self.key.encode()).decode()
        return Callback({"authorization": f"Basic {shown}"}, json.dumps(event).encode())


@dataclass
class Ses:
    """A topic of SNS with a key and a certificate of its own; what it gives to whoever fetches."""

    private: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    key: str = TOPIC
    fetched: list[str] = field(default_factory=list)
    down: bool = False

    def certificate(self, days: int = 30) -> bytes:
        """PEM, good for so many days from yesterday on."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        begin = datetime.now(UTC) - timedelta(days=1)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.private.public_key())
            .serial_number(1)
            .not_valid_before(begin - timedelta(days=60))
            .not_valid_after(begin + timedelta(days=days))
            .sign(self.private, SHA256())
        )
        return made.public_bytes(Encoding.PEM)

    async def fetch(self, url: str, org: str, sandbox: str) -> bytes | None:
        """What is at SNS's addresses."""
        self.fetched.append(url)
        return None if self.down else self.certificate() if url == CERTIFICATE else b"<Confirmed/>"

    def post(self, event: Any, now: int, version: str = "2", **more: Any) -> Callback:
        """A notification."""
        return self.signed({"Type": "Notification", "Message": json.dumps(event), **more}, now, version)

    def confirmation(self, now: int, **more: Any) -> Callback:
        """What SNS posts first."""
        said = {"Type": "SubscriptionConfirmation", "Message": "You have chosen to subscribe …"}
        return self.signed(said | {"Token": "2336412f37fb", "SubscribeURL": SUBSCRIBE} | more, now, "1")

    def signed(self, said: dict[str, Any], now: int, version: str) -> Callback:
        """With the fields that every message has, signed over those that AWS lists."""
        stamp = datetime.fromtimestamp(now / SECOND, UTC).isoformat(timespec="milliseconds")
        common = {"MessageId": str(uuid4()), "TopicArn": TOPIC, "Timestamp": stamp.replace("+00:00", "Z")}
        body = common | {"SignatureVersion": version, "SigningCertURL": CERTIFICATE} | said
        names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        text = "".join(f"{name}\n{body[name]}\n" for name in names if name in body)
        hashed = SHA1() if version == "1" else SHA256()
        signature = self.private.sign(text.encode(), padding.PKCS1v15(), hashed)
        body["Signature"] = base64.b64encode(signature).decode()
        return Callback({"content-type": "text/plain; charset=UTF-8"}, json.dumps(body).encode())
