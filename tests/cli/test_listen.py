"""`retour listen` in a process of its own, and a sender that is not ours."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import stat
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from standardwebhooks.webhooks import Webhook

from cli.running import environment, next_line, retour, started
from demo import requests
from retour import listening
from retour.listening import ListenFile

pytestmark = pytest.mark.slow


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory of Acme as `retour init` leaves it."""
    folder = tmp_path / "data"
    folder.mkdir()
    credentials = {
        "baseUrl": "http://127.0.0.1:1",
        "imsOrg": "Acme",
        "sandboxName": "dev",
        "clientId": "client",
        "clientSecret": "secret",
    }
    (folder / "cli.json").write_text(json.dumps(credentials))
    return folder


@pytest.fixture
def listener(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """A listener that has said its address and waits for events."""
    with started(environment(data_dir), "listen", "--port", "0") as process:
        for _ in range(4):
            next_line(process)
        yield process


def registered(data_dir: Path) -> ListenFile:
    """What `retour webhook --from-listen` writes after the service answered."""
    file = listening.read_listen(data_dir)
    assert file is not None
    complete = msgspec.structs.replace(file, webhook_id="w1", signing_secret=requests.SIGNING_SECRET)
    listening.write_listen(data_dir, complete)
    return complete


def signed(file: ListenFile, body: bytes, **more: Any) -> dict[str, str]:
    """The headers of a genuine event. `more`: claims to change."""
    now = int(time.time())
    claims = {**file.claims, "iat": now, "exp": now + 300, **more}
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(file.secret))
    when = datetime.fromtimestamp(now, UTC)
    return {
        "authorization": f"Bearer {token}",
        file.header.name: file.header.value,
        "webhook-id": "event-1",
        "webhook-timestamp": str(now),
        "webhook-signature": Webhook(requests.SIGNING_SECRET).sign("event-1", when, body.decode()),
    }


def post(data_dir: Path, url: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    """POST like any sender that trusts the CA of the data directory."""
    parts = urlsplit(url)
    trust = ssl.create_default_context(cafile=str(data_dir / "ca" / "ca.pem"))
    connection = HTTPSConnection(parts.hostname or "", parts.port, timeout=10, context=trust)
    try:
        connection.request("POST", parts.path, body, headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_it_says_its_address_its_secret_and_the_one_command_that_registers_them(data_dir: Path) -> None:
    with started(environment(data_dir), "listen", "--port", "0") as process:
        address, secret, register, _ = (next_line(process) for _ in range(4))
    file = listening.read_listen(data_dir)
    assert file is not None
    assert file.url in address
    assert file.secret in secret
    assert len(file.secret.encode()) >= 32
    assert register.endswith(f"RETOUR_DATA_DIR={data_dir} retour webhook --from-listen")
    assert stat.S_IMODE((data_dir / "listen.json").stat().st_mode) == 0o600


def test_a_genuine_event_is_accepted_and_shown_on_one_line(
    data_dir: Path, listener: subprocess.Popen[str]
) -> None:
    file, body = registered(data_dir), requests.body("bounce")
    assert post(data_dir, file.url, signed(file, body), body) == (200, "")
    words = next_line(listener).split()
    assert words[1:] == [
        "Bounce",
        "ann@luma.example",
        "requestId",
        "request-1",
        "code",
        "10",
        "Invalid",
        "Recipient",
        "verified",
    ]


def test_the_same_event_again_is_accepted_and_marked(data_dir: Path, listener: subprocess.Popen[str]) -> None:
    file, body = registered(data_dir), requests.body("sent")
    headers = signed(file, body)
    assert [post(data_dir, file.url, headers, body)[0] for _ in range(2)] == [200, 200]
    assert next_line(listener).endswith("verified")
    assert next_line(listener).endswith("verified  duplicate, seen 1 before")


def test_an_event_that_does_not_verify_is_refused_and_the_step_is_named(
    data_dir: Path, listener: subprocess.Popen[str]
) -> None:
    file, body = registered(data_dir), requests.body("sent")
    status, text = post(data_dir, file.url, signed(file, body), body.replace(b"sent", b"error"))
    assert (status, text.partition(":")[0]) == (401, "signature")
    assert next_line(listener).endswith("not verified: signature")
    assert "the body was changed" in next_line(listener)


def test_a_token_of_another_organization_is_refused(data_dir: Path, listener: subprocess.Popen[str]) -> None:
    file, body = registered(data_dir), requests.body("sent")
    assert post(data_dir, file.url, signed(file, body, sub="OtherLtd"), body)[0] == 401
    assert next_line(listener).endswith("not verified: token")
    assert "claim sub" in next_line(listener)


def test_strangers_can_not_send_control_characters_to_the_terminal(
    data_dir: Path, listener: subprocess.Popen[str]
) -> None:
    file = registered(data_dir)
    body = requests.body("sent", "\x1b[31mred").replace(b"luma", b"\\u001b[2J")
    post(data_dir, file.url, {}, body)
    assert "\x1b" not in next_line(listener)


def test_before_it_is_registered_the_signature_is_not_asked_for_and_the_line_says_so(
    data_dir: Path, listener: subprocess.Popen[str]
) -> None:
    file, body = listening.read_listen(data_dir), requests.body("sent")
    assert file is not None
    post(data_dir, file.url, signed(file, body), body)
    assert next_line(listener).endswith("verified (JWT only)")


def test_ctrl_c_ends_it_quietly_with_a_count(data_dir: Path, listener: subprocess.Popen[str]) -> None:
    file, body = registered(data_dir), requests.body("sent")
    post(data_dir, file.url, signed(file, body), body)
    next_line(listener)
    listener.send_signal(signal.SIGINT)
    out, errors = listener.communicate(timeout=10)
    assert (listener.returncode, errors) == (0, "")
    assert out.strip() == "1 event, 1 verified, 0 seen before."


def test_as_json_each_line_is_an_object(data_dir: Path) -> None:
    with started(environment(data_dir), "listen", "--port", "0", "--json") as process:
        assert json.loads(next_line(process))["url"].startswith("https://127.0.0.1:")
        file, body = registered(data_dir), requests.body("bounce")
        post(data_dir, file.url, signed(file, body), body)
        shown = json.loads(next_line(process))
    assert (shown["status"], shown["recipient"], shown["failureCode"]) == ("bounce", "ann@luma.example", "10")
    assert (shown["requestId"], shown["verified"], shown["failed"]) == ("request-1", True, None)


def test_started_again_at_the_same_port_the_secrets_stay_what_they_were(data_dir: Path) -> None:
    first = listening.prepare(data_dir, 8443, "Acme")
    registered(data_dir)
    again = listening.prepare(data_dir, 8443, "Acme")
    assert (again.secret, again.signing_secret) == (first.secret, requests.SIGNING_SECRET)
    assert listening.prepare(data_dir, 8444, "Acme").secret != first.secret


def test_a_taken_port_is_told_in_one_line_with_what_to_do(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = retour(environment(data_dir), "listen", "--port", str(port))
    assert run.returncode == 2
    assert f"Port {port} can't be opened" in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_without_a_data_directory_or_init_it_says_what_to_run_first(tmp_path: Path) -> None:
    for folder in (tmp_path / "missing", tmp_path):
        run = retour(environment(folder), "listen")
        assert run.returncode == 2
        assert "Run `retour init` first" in run.stderr
        assert len(run.stderr.splitlines()) == 1
