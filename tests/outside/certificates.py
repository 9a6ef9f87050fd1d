"""A certificate authority for tests. Nothing outside the test trusts it, unless it is given its file.

authority = Authority()
ca_files = (authority.write(tmp_path),)
tls = authority.server("hooks.test", "127.0.0.1")
"""

from __future__ import annotations

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Authority:
    """Signs certificates for servers of tests."""

    def __init__(self, name: str = "Test Authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        builder = self._builder(self._name, self._key, _now() + timedelta(days=30))
        self._certificate = builder.add_extension(constraints, critical=True).sign(self._key, SHA256())

    @property
    def pem(self) -> bytes:
        """Its own certificate."""
        return self._certificate.public_bytes(Encoding.PEM)

    def write(self, directory: Path) -> Path:
        """Its certificate as a file, for whoever shall trust it."""
        path = directory / "authority.pem"
        path.write_bytes(self.pem)
        return path

    def issue(self, *names: str, expires_at: datetime | None = None) -> tuple[bytes, bytes]:
        """Certificate and key (PEM) for names and addresses. Default: good for 30 days."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        builder = self._builder(subject, key, expires_at or _now() + timedelta(days=30))
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
        certificate = builder.add_extension(alternatives, critical=False).sign(self._key, SHA256())
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return certificate.public_bytes(Encoding.PEM), private

    def server(self, *names: str, expires_at: datetime | None = None) -> ssl.SSLContext:
        """What a server of these names needs for TLS."""
        certificate, key = self.issue(*names, expires_at=expires_at)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile() as file:
            file.write(certificate + key)
            file.flush()
            context.load_cert_chain(file.name)
        return context

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, expires_at: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(_now(), expires_at) - timedelta(days=60))
            .not_valid_after(expires_at)
        )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
