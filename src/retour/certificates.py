"""A certificate authority of our own for trying things out: HTTPS on this machine without anybody's help.

`serve` trusts `<data>/ca/ca.pem`; `retour listen` and `retour demo` answer with leaves of such a CA. Profile:
RFC 5280, with the key identifiers that strict verifiers (Python 3.13 and later) ask for.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from retour.errors import ConfigError

FOLDER = "ca"  # in the data directory
LOOPBACK_NAMES = ("127.0.0.1", "::1", "localhost")
CA_AGE = timedelta(days=3_650)
LEAF_AGE = timedelta(days=30)  # longer than anyone keeps `retour listen` open
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True)
class Ca:
    """A certificate authority: where its certificate lies (`path`), the certificate and its key."""

    path: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def issue(self, names: Sequence[str], folder: Path) -> tuple[Path, Path]:
        """A new leaf for these names and addresses: the files of its certificate and its key, both 0600.

        folder: where to write `leaf.pem` and `leaf.key`; it is made if it is missing.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _leaf(self, key, names)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        chain = _pem(certificate) + _pem(self.certificate)
        write_private(folder / "leaf.pem", chain)
        write_private(folder / "leaf.key", _key_pem(key))
        return folder / "leaf.pem", folder / "leaf.key"


def ensure_ca(folder: Path) -> Ca:
    """The CA in this folder (`<data>/ca`: `ca.pem`, and `ca.key` 0600), made once.

    Two processes may call it at the same time: certificate and key are written aside and take their place by
    one rename, and the one who comes second uses what the first made. Raises ConfigError.
    """
    if not folder.exists() or not any(folder.iterdir()):
        _make(folder)
    return _load(folder)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads (0600), whole or not at all."""
    number, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(number, "wb") as file:  # mkstemp makes it 0600
        file.write(content)
    Path(temporary).replace(path)


def _make(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    write_private(aside / "ca.key", _key_pem(key))
    write_private(aside / "ca.pem", _pem(_authority(key)))
    try:
        aside.rename(folder)  # only onto a folder that is missing or empty
    except OSError:
        shutil.rmtree(aside)
        if not folder.is_dir():
            raise


def _load(folder: Path) -> Ca:
    path = folder / "ca.pem"
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        key = load_pem_private_key((folder / "ca.key").read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The CA in {folder} can't be read. Remove that folder to get a new one: {error}."
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise ConfigError(f"{folder}: ca.key does not belong to ca.pem. Remove that folder to get a new CA.")
    return Ca(path=path, certificate=certificate, key=key)


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """A name of its own for each CA: two of the same name in one bundle confuse verifiers."""
    name = _name(f"Retour local CA {secrets.token_hex(4)}")
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        _builder(name, name, key.public_key(), CA_AGE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


def _leaf(ca: Ca, key: ec.EllipticCurvePrivateKey, names: Sequence[str]) -> x509.Certificate:
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key())
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    alternatives = x509.SubjectAlternativeName([_alternative(name) for name in names])
    return (
        _builder(_name("Retour local endpoint"), ca.certificate.subject, key.public_key(), LEAF_AGE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(alternatives, critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(issuer, critical=False)
        .sign(ca.key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, age: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + age)
    )


def _usage(*, certificates: bool) -> x509.KeyUsage:
    """A CA signs certificates and nothing else; a leaf signs handshakes and nothing else."""
    return x509.KeyUsage(
        digital_signature=not certificates,
        key_cert_sign=certificates,
        crl_sign=certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
