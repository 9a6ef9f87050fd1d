"""Nothing in the environment leads a request astray: proxies, key logs, .netrc, other authorities."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from outside.certificates import Authority
from outside.https import serving
from outside.sockets import trap
from retour.errors import ConfigError
from retour.outbound import harden_environment
from retour.outbound.authorities import Authorities

ASK = """
import asyncio, json, os, sys
from pathlib import Path
from retour.outbound.addresses import LOOPBACK
from retour.outbound import Ask, Outbound

async def main(url, trusted):
    files = (Path(trusted),) if trusted else ()
    outbound = Outbound(allowed=LOOPBACK, ca_files=files, user_agent="Retour/test")
    answer = await outbound.ask(Ask(url=url, headers=(), body=b"{}", deadline_seconds=5, org="acme", sandbox="prod"))
    await outbound.close()
    print(json.dumps([answer.status_code, answer.trouble, answer.detail, "SSLKEYLOGFILE" in os.environ]))

asyncio.run(main(*sys.argv[1:]))
"""


async def _ask_in(environment: dict[str, str], url: str, trusted: Path | str) -> list[Any]:
    """A whole process in this environment, since libcurl reads some of it when it is loaded."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ASK, url, str(trusted)),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | environment,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    answer: list[Any] = json.loads(output)
    return answer


async def test_proxies_of_the_environment_are_not_used(authority: Authority, tmp_path: Path) -> None:
    tls = authority.server("localhost")
    names = ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY")
    trusted = authority.write(tmp_path)
    async with serving(tls=tls) as secure, serving() as plain:
        with trap() as proxy:
            environment = dict.fromkeys(names, f"http://127.0.0.1:{proxy.port}") | {"no_proxy": ""}
            assert (await _ask_in(environment, secure.url("/", "localhost"), trusted))[0] == 200
            assert (await _ask_in(environment, plain.url("/", "localhost"), trusted))[0] == 200
            assert not proxy.touched
    assert (len(secure.requests), len(plain.requests)) == (1, 1)


async def test_no_key_log_is_written(authority: Authority, tmp_path: Path) -> None:
    log = tmp_path / "keys.log"
    async with serving(tls=authority.server("localhost")) as endpoint:
        environment = {"SSLKEYLOGFILE": str(log)}
        answer = await _ask_in(environment, endpoint.url("/", "localhost"), authority.write(tmp_path))
    assert (answer[0], answer[3]) == (200, False)
    assert not log.exists()


async def test_passwords_of_a_netrc_file_are_not_sent(authority: Authority, tmp_path: Path) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine localhost login ann password secret\ndefault login ann password secret\n")
    netrc.chmod(0o600)
    (tmp_path / ".curlrc").write_text('header = "X-Curlrc: 1"\n')
    environment = {"HOME": str(tmp_path), "NETRC": str(netrc), "CURL_HOME": str(tmp_path)}
    async with serving(tls=authority.server("localhost")) as endpoint:
        answer = await _ask_in(environment, endpoint.url("/", "localhost"), authority.write(tmp_path))
    assert answer[0] == 200
    names = {name for name, _ in endpoint.requests[0].headers}
    assert names == {"Host", "User-Agent", "Accept", "Content-Length"}


async def test_authorities_of_the_environment_are_not_trusted(tmp_path: Path) -> None:
    stranger = Authority("Stranger")
    path = str(stranger.write(tmp_path))
    environment = {"SSL_CERT_FILE": path, "CURL_CA_BUNDLE": path, "SSL_CERT_DIR": str(tmp_path)}
    async with serving(tls=stranger.server("localhost")) as endpoint:
        answer = await _ask_in(environment, endpoint.url("/", "localhost"), "")
    assert answer[1] == "tls_failed"
    assert not endpoint.requests


def test_hardening_removes_the_key_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    harden_environment()
    harden_environment()
    assert "SSLKEYLOGFILE" not in os.environ


def test_added_authorities_join_the_systems(authority: Authority, tmp_path: Path) -> None:
    system = tmp_path / "system.pem"
    system.write_bytes(Authority("System").pem)
    merged = Authorities((authority.write(tmp_path),), (str(system),))
    assert Path(merged.path).read_bytes() == system.read_bytes() + b"\n" + authority.pem
    assert Authorities((), (str(system),)).path == str(system)
    merged.close()
    assert not Path(merged.path).exists()


def test_without_a_system_bundle_certifis_is_used() -> None:
    assert b"BEGIN CERTIFICATE" in Path(Authorities((), ("/nowhere/ca.pem",)).path).read_bytes()


def test_an_authority_file_that_is_none_stops_the_start(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_bytes(b"")
    for path in (empty, tmp_path / "missing.pem", tmp_path):
        with pytest.raises(ConfigError, match="RETOUR_CA_FILE"):
            Authorities((path,))
