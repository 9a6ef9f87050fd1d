"""`retour demo`: right when everything is, and wrong for each part that is damaged."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli.running import environment, next_line, retour, started
from retour import certificates
from retour.demo.cases import CASES, Break

pytestmark = pytest.mark.slow


def play(tmp_path: Path, *arguments: str, **more: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, the JSON that was printed, what was said on stderr. Everything is cleaned up afterwards."""
    env = environment(tmp_path / "unused", TMPDIR=str(tmp_path), **more)
    run = retour(env, "demo", "--json", *arguments)
    assert not list(tmp_path.glob("retour-demo-*"))
    return run.returncode, json.loads(run.stdout), run.stderr


def wrong_cases(told: dict[str, Any]) -> list[dict[str, Any]]:
    """Cases in which something else came than expected, or not once, or not verified."""
    return [
        case
        for case in told["cases"]
        if case["received"] != case["expected"] or case["duplicates"] or not case["verified"]
    ]


def test_every_outcome_arrives_exactly_once_and_verified(tmp_path: Path) -> None:
    code, told, errors = play(tmp_path)
    assert (code, told["ok"], wrong_cases(told)) == (0, True, []), errors
    assert [case["name"] for case in told["cases"]] == [case.name for case in CASES]
    assert told["elapsedSeconds"] < 30
    assert set(told) == {"ok", "cases", "elapsedSeconds"}


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (Break.SECRET, "fails at the token"),
        (Break.DROP_ONE, "the receiver lost it"),
        (Break.DUPLICATE, "came again"),
        (Break.RELAY, "received bounce (code"),
    ],
)
def test_a_damaged_part_makes_it_fail_and_say_why(tmp_path: Path, broken: Break, why: str) -> None:
    code, told, errors = play(tmp_path, "--break", broken)
    assert (code, told["ok"]) == (1, False)
    assert wrong_cases(told)
    assert why in errors


def test_events_for_another_receiver_are_judged_by_the_delivery_log_and_that_is_said(tmp_path: Path) -> None:
    with Elsewhere(tmp_path) as elsewhere:
        code, told, errors = play(
            tmp_path, "--receiver", elsewhere.url, RETOUR_CA_FILE=str(elsewhere.ca_file)
        )
    assert (code, told["ok"]) == (0, True), errors
    assert "delivery log" in errors
    assert len(elsewhere.got) == sum(len(case.expected) for case in CASES)
    assert not any(case["verified"] for case in told["cases"])


def test_a_damage_of_our_own_endpoint_makes_no_sense_with_another_receiver(tmp_path: Path) -> None:
    run = retour(environment(tmp_path), "demo", "--receiver", "https://x.example/", "--break", "secret")
    assert run.returncode == 2


def test_ctrl_c_stops_everything_that_was_started(tmp_path: Path) -> None:
    with waiting_demo(tmp_path) as process:
        (note,) = tmp_path.glob("retour-demo-*/data/serve.json")
        serving = json.loads(note.read_text())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode != 0
    assert not list(tmp_path.glob("retour-demo-*"))
    with pytest.raises(ProcessLookupError):
        os.kill(serving["pid"], 0)


def test_a_service_that_dies_is_told_at_once_with_its_exit_code(tmp_path: Path) -> None:
    with waiting_demo(tmp_path) as process:
        (note,) = tmp_path.glob("retour-demo-*/data/serve.json")
        os.kill(json.loads(note.read_text())["pid"], signal.SIGKILL)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "retour serve ended with code -9" in errors


def test_kept_up_it_says_where_to_sign_in_and_ends_with_its_verdict(tmp_path: Path) -> None:
    with started(environment(tmp_path / "unused", TMPDIR=str(tmp_path)), "demo", "--keep") as process:
        link = until(process, "Sign in: ").partition("Sign in: ")[2]
        with socket.create_connection(("127.0.0.1", int(link.split("/")[2].partition(":")[2])), timeout=5):
            until(process, "Stop with Ctrl-C")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 0


def until(process: Any, words: str) -> str:
    """The first line that holds these words."""
    while True:
        line = next_line(process)
        if words in line:
            return line


@contextmanager
def waiting_demo(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A demo that has begun to send and does not come to its end, for its receiver takes nothing."""
    with Elsewhere(folder, status=503) as elsewhere:
        env = environment(folder / "unused", TMPDIR=str(folder), RETOUR_CA_FILE=str(elsewhere.ca_file))
        with started(env, "demo", "--receiver", elsewhere.url) as process:
            until(process, "Sending")
            yield process


class Elsewhere:
    """A receiver of the customer's own: another HTTPS server, another CA. status: its answer."""

    def __init__(self, folder: Path, status: int = 204) -> None:
        ca = certificates.ensure_ca(folder / "elsewhere-ca")
        self.ca_file = ca.path
        self.got: list[bytes] = []
        got = self.got

        class Taking(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                got.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*ca.issue(certificates.LOOPBACK_NAMES, folder / "elsewhere-leaf"))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f"https://127.0.0.1:{self._server.server_port}/events"

    def __enter__(self) -> Elsewhere:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()
