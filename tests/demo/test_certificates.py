"""The CA of the data directory and its leaves, as OpenSSL sees them."""

from __future__ import annotations

import socket
import ssl
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from retour import certificates
from retour.errors import ConfigError


def shake_hands(leaf: tuple[Path, Path], trusted: Path, name: str) -> dict[str, object]:
    """One TLS handshake over a real socket; returns the certificate that the client saw."""
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(*leaf)
    client_side = ssl.create_default_context(cafile=str(trusted))
    client_side.verify_flags |= ssl.VERIFY_X509_STRICT
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(5)

        def serve() -> None:
            connection, _ = door.accept()
            with connection:
                try:
                    server_side.wrap_socket(connection, server_side=True).close()
                except ssl.SSLError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with (
                socket.create_connection(door.getsockname(), timeout=5) as plain,
                client_side.wrap_socket(plain, server_hostname=name) as secured,
            ):
                return dict(secured.getpeercert() or {})
        finally:
            thread.join(5)


@pytest.mark.parametrize("name", certificates.LOOPBACK_NAMES)
def test_whoever_trusts_the_ca_trusts_a_leaf_under_each_of_its_names(tmp_path: Path, name: str) -> None:
    ca = certificates.ensure_ca(tmp_path / "ca")
    leaf = ca.issue(certificates.LOOPBACK_NAMES, tmp_path / "leaf")
    assert shake_hands(leaf, ca.path, name)["subjectAltName"]


def test_a_leaf_is_not_trusted_under_another_name(tmp_path: Path) -> None:
    ca = certificates.ensure_ca(tmp_path / "ca")
    leaf = ca.issue(["localhost"], tmp_path / "leaf")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(leaf, ca.path, "127.0.0.1")


def test_a_leaf_of_another_ca_is_not_trusted(tmp_path: Path) -> None:
    ann = certificates.ensure_ca(tmp_path / "ann")
    charlie = certificates.ensure_ca(tmp_path / "charlie")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(charlie.issue(["localhost"], tmp_path / "leaf"), ann.path, "localhost")


def test_the_ca_is_made_once(tmp_path: Path) -> None:
    first = certificates.ensure_ca(tmp_path / "ca")
    second = certificates.ensure_ca(tmp_path / "ca")
    assert first.certificate == second.certificate


def test_many_who_ask_at_once_get_the_same_ca_with_the_key_that_belongs_to_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(certificates.ensure_ca, [tmp_path / "ca"] * 8))
    assert len({ca.certificate.serial_number for ca in made}) == 1
    assert all(ca.key.public_key() == ca.certificate.public_key() for ca in made)
    assert [path.name for path in tmp_path.iterdir()] == ["ca"]


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    ca = certificates.ensure_ca(tmp_path / "ca")
    certificate, key = ca.issue(["localhost"], tmp_path / "leaf")
    for path in (tmp_path / "ca" / "ca.key", certificate, key):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_ca_lives_ten_years_and_a_leaf_a_month(tmp_path: Path) -> None:
    ca = certificates.ensure_ca(tmp_path / "ca")
    certificate, _ = ca.issue(["localhost"], tmp_path / "leaf")
    leaf = x509.load_pem_x509_certificate(certificate.read_bytes())
    now = datetime.now(UTC)
    assert ca.certificate.not_valid_after_utc - now > timedelta(days=3_649)
    assert leaf.not_valid_after_utc - now < timedelta(days=31)
    assert leaf.not_valid_before_utc < now


def test_a_key_that_belongs_to_another_certificate_is_told_with_what_to_do(tmp_path: Path) -> None:
    certificates.ensure_ca(tmp_path / "ann")
    certificates.ensure_ca(tmp_path / "bob")
    (tmp_path / "bob" / "ca.key").rename(tmp_path / "ann" / "ca.key")
    with pytest.raises(ConfigError, match="Remove that folder"):
        certificates.ensure_ca(tmp_path / "ann")


def test_a_file_that_is_no_certificate_is_told_with_what_to_do(tmp_path: Path) -> None:
    certificates.ensure_ca(tmp_path / "ca")
    (tmp_path / "ca" / "ca.pem").write_text("nothing")
    with pytest.raises(ConfigError, match="Remove that folder"):
        certificates.ensure_ca(tmp_path / "ca")
