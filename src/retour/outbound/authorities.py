"""Which certificate authorities are trusted: the system's, else certifi's, and the operator's."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO

import certifi

from retour.errors import ConfigError

# Where Debian, Fedora and RHEL, SUSE, Alpine and macOS keep their bundle.
BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_BEGIN = b"-----BEGIN CERTIFICATE-----"


class Authorities:
    """A PEM file to verify servers with; `path` is good until `close`.

    It has to be a file: OpenSSL's parsed store is kept by libcurl for a day if it came from one, but parsed
    anew for every connection if it came from memory (CAINFO_BLOB), which costs more than the handshake.
    Added authorities need no file on disk where the kernel has files in memory.
    """

    def __init__(self, added: tuple[Path, ...] = (), bundles: tuple[str, ...] = BUNDLES) -> None:
        system = next((path for path in bundles if Path(path).is_file()), certifi.where())
        self._merged: IO[bytes] | None = None
        self.path = system
        if added:
            self._merged, self.path = _in_memory(b"\n".join((Path(system).read_bytes(), *map(_pem, added))))

    def close(self) -> None:
        """Give the merged file back."""
        if self._merged is not None:
            self._merged.close()


def _pem(path: Path) -> bytes:
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"RETOUR_CA_FILE: {path} can't be read: {error.strerror}.") from error
    if _BEGIN not in pem:
        raise ConfigError(f"RETOUR_CA_FILE: {path} holds no certificate in PEM.")
    return pem


def _in_memory(pem: bytes) -> tuple[IO[bytes], str]:
    """An open file and the path to read it by. Elsewhere than on Linux: a private temporary file."""
    if hasattr(os, "memfd_create"):
        file: IO[bytes] = os.fdopen(os.memfd_create("authorities"), "wb")
        path = f"/proc/{os.getpid()}/fd/{file.fileno()}"
    else:
        temporary = tempfile.NamedTemporaryFile(prefix="retour-", suffix=".pem")  # noqa: SIM115
        file, path = temporary, temporary.name
    file.write(pem)
    file.flush()
    return file, path
