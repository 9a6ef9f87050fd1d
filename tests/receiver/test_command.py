"""`retour verify`: the steps in words, and an exit code that a script can use."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.running import environment, retour
from receiver.genuine import BODY, CLAIMS, SECRET, SECRETS, headers, public_pem
from retour.cli.verify import verify

THEN = "2026-10-06T18:22:50Z"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What Ann saved of a request: its headers, its body, her public key."""
    write_headers(tmp_path, "HS256")
    (tmp_path / "body").write_bytes(BODY)
    (tmp_path / "key.pem").write_text(public_pem("ES256"))
    return tmp_path


def write_headers(folder: Path, algorithm: str) -> None:
    lines = [f"{name}: {value}" for name, value in headers(algorithm=algorithm).items()]
    (folder / "headers").write_text("\n".join(lines) + "\n")


def run(folder: Path, *more: str, at: str = THEN, input: str | None = None) -> Result:
    files = ["--headers", str(folder / "headers") if input is None else "-", "--body", str(folder / "body")]
    return CliRunner().invoke(verify, [*files, "--at", at, *more], input=input)


def test_a_genuine_request_is_told_step_by_step(folder: Path) -> None:
    claims = [f"--claim={name}={value}" for name, value in CLAIMS.items()]
    result = run(folder, "--secret", SECRET, "--jwt-secret", SECRETS["HS256"], *claims)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert [line.split()[:2] for line in lines[:-1]] == [
        [step, "ok"] for step in ("headers", "timestamp", "signature", "token", "body")
    ]
    assert lines[-1] == "Verified."


def test_what_differs_is_told_and_the_exit_code_is_1(folder: Path) -> None:
    (folder / "body").write_text(json.dumps(json.loads(BODY), indent=2))
    result = run(folder, "--secret", SECRET, "--jwt-secret", "t" * 32, "--claim", "sub=acme")
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert any("signature  differs      The body was parsed and encoded again" in line for line in lines)
    assert " " * 23 + " The claim sub of the JWT is missing" in "\n".join(lines)
    assert lines[-1] == "Not verified: signature, token."


def test_as_json_it_is_for_programs(folder: Path) -> None:
    result = run(folder, "--secret", SECRET, "--json")
    told = json.loads(result.output)
    assert told["verified"] is True
    assert [finding["step"] for finding in told["findings"]] == [
        "headers",
        "timestamp",
        "signature",
        "token",
        "body",
    ]
    assert told["findings"][3] == {
        "step": "token",
        "outcome": "not checked",
        "sentences": ["A JWT came along, and no rule for it was given."],
    }


def test_without_a_time_the_clock_of_the_machine_is_taken(folder: Path) -> None:
    files = ["--headers", str(folder / "headers"), "--body", str(folder / "body")]
    result = CliRunner().invoke(verify, [*files, "--secret", SECRET])
    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == "Not verified: timestamp."


@pytest.mark.parametrize(
    "form",
    [
        lambda sent: json.dumps(sent),
        lambda sent: json.dumps(list(sent.items())),
        lambda sent: "POST /feedback HTTP/1.1\r\n" + "".join(f"{name}: {sent[name]}\r\n" for name in sent),
        lambda sent: "".join(f"> {name}: {sent[name]}\n" for name in sent) + ">\n< HTTP/1.1 200 OK\n",
        lambda sent: (
            "".join(f"{name.upper()} :{sent[name]}\n" for name in sent) + "\nwebhook-id: of the body\n"
        ),
    ],
    ids=["object", "pairs", "raw request", "curl -v", "head and body"],
)
def test_headers_are_read_from_standard_input_in_every_form(folder: Path, form: object) -> None:
    assert callable(form)
    result = run(folder, "--secret", SECRET, input=form(headers()))
    assert result.exit_code == 0, result.output


def test_the_token_alone_can_be_checked_by_a_public_key(folder: Path) -> None:
    write_headers(folder, "ES256")
    assert run(folder, "--jwt-key", str(folder / "key.pem")).exit_code == 0
    (folder / "key.pem").write_text(public_pem("RS256"))
    result = run(folder, "--jwt-key", str(folder / "key.pem"))
    assert (result.exit_code, "can't be read" in result.output) == (1, True)


def test_a_secret_that_was_just_changed_is_tried_beside_the_old_one(folder: Path) -> None:
    assert run(folder, "--secret", "whsec_" + "QUJD" * 12, "--secret", SECRET).exit_code == 0


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ([], "Add --secret"),
        (["--secret", SECRET, "--claim", "iss"], "NAME=VALUE"),
        (["--jwt-secret", "s" * 32, "--jwt-key", sys.executable], "Choose one of"),
        (["--secret", SECRET, "--at", "noon"], "--at needs a time"),
    ],
)
def test_what_can_not_be_checked_is_exit_code_2(folder: Path, more: list[str], word: str) -> None:
    result = run(folder, *more)
    assert (result.exit_code, word in result.output) == (2, True), result.output


def test_headers_that_are_no_headers_are_told(folder: Path) -> None:
    result = run(folder, "--secret", SECRET, input="[1]")
    assert (result.exit_code, "no object of names and values" in result.output) == (2, True)


def test_strangers_can_not_send_control_characters_to_the_terminal(folder: Path) -> None:
    sent = headers() | {"webhook-timestamp": "\x1b[2J", "webhook-id": "\x9b2J"}
    body = BODY.replace(b"ann@luma.example", b"\\u001b[2J\\u009b2J")
    (folder / "body").write_bytes(body)
    result = run(folder, "--secret", SECRET, input=json.dumps(sent))
    assert result.exit_code == 1
    assert "\x1b" not in result.output
    assert "\x9b" not in result.output


@pytest.mark.slow
def test_the_command_is_there(folder: Path) -> None:
    files = ["--headers", str(folder / "headers"), "--body", str(folder / "body"), "--at", THEN]
    result = retour(environment(folder), "verify", *files, "--secret", SECRET)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith("Verified.\n")
