"""`retour webhook` and `retour send` against a running `retour serve`, and without one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from cli.running import environment, free_port, next_line, retour, started
from retour import client, listening
from retour.client import ApiError, Client
from retour.errors import ConfigError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a running service of Acme."""
    data_dir = tmp_path_factory.mktemp("acme") / "data"
    env = environment(data_dir, RETOUR_LISTEN=f"127.0.0.1:{free_port()}")
    made = retour(env, "init", "--org", "Acme")
    assert made.returncode == 0, made.stderr
    with started(env, "serve") as process:
        assert "retour serves on" in next_line(process)
        yield env


@pytest.fixture
def env(acme: dict[str, str]) -> Iterator[dict[str, str]]:
    """The same, and no webhook afterwards."""
    yield acme
    retour(acme, "webhook", "--delete")


def api(env: dict[str, str]) -> Client:
    return client.connect(Path(env["RETOUR_DATA_DIR"]))


def test_a_webhook_is_created_shown_and_deleted(env: dict[str, str]) -> None:
    url = "https://hooks.luma.example/feedback"
    made = retour(env, "webhook", "--url", url, "--header", "X-Tenant=luma", "--jwt-secret", "s" * 32)
    assert made.returncode == 0, made.stderr
    assert re.search(r"whsec_\S{40,}", made.stdout)
    shown = retour(env, "webhook", "--show").stdout
    for words in (url, "email, sms", "jwt HS256", "X-Tenant"):
        assert words in shown
    assert "s" * 32 not in shown
    assert retour(env, "webhook", "--delete").returncode == 0
    none = retour(env, "webhook", "--show")
    assert (none.returncode, "has no feedback webhook" in none.stderr) == (1, True)


def test_a_second_webhook_needs_replace_and_says_so(env: dict[str, str]) -> None:
    retour(env, "webhook", "--url", "https://one.luma.example/feedback")
    second = retour(env, "webhook", "--url", "https://two.luma.example/feedback")
    assert (second.returncode, "Add --replace" in second.stderr) == (1, True)
    assert retour(env, "webhook", "--url", "https://two.luma.example/feedback", "--replace").returncode == 0
    assert "two.luma.example" in retour(env, "webhook", "--show").stdout


def test_the_api_s_refusal_is_printed_as_its_sentences(env: dict[str, str]) -> None:
    refused = retour(env, "webhook", "--url", "ftp://hooks.luma.example/")
    assert refused.returncode == 1
    assert "HTTPS" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_listen_webhook_send_shows_a_verified_event_within_three_commands(env: dict[str, str]) -> None:
    with started(env, "listen", "--port", "0") as listener:
        for _ in range(4):
            next_line(listener)
        assert retour(env, "webhook", "--from-listen").returncode == 0
        sent = retour(env, "send", "--to", "bounce@example.com")
        line = next_line(listener)
    assert sent.returncode == 0, sent.stderr
    (request_id,) = re.findall(r"requestId (\S+)", sent.stdout)
    assert "Bounce" in sent.stdout
    assert "code 10 Invalid Recipient" in sent.stdout
    assert f"requestId {request_id}" in line
    assert line.endswith("  verified")


def test_registering_the_listener_again_needs_no_replace(env: dict[str, str]) -> None:
    data_dir = Path(env["RETOUR_DATA_DIR"])
    listening.prepare(data_dir, free_port(), "Acme")
    assert [retour(env, "webhook", "--from-listen").returncode for _ in range(2)] == [0, 0]
    file = listening.read_listen(data_dir)
    assert file is not None
    assert file.signing_secret is not None
    assert file.webhook_id == api(env).get("/ajo/config/feedback-webhooks")["data"][0]["id"]


def test_a_message_is_sent_and_its_outcomes_are_shown_in_order(env: dict[str, str]) -> None:
    run = retour(env, "send")
    words = [line.split()[0] for line in run.stdout.splitlines()]
    assert (run.returncode, words) == (0, ["Accepted", "Sent", "Delivered"])


def test_without_waiting_only_the_execution_is_told(env: dict[str, str]) -> None:
    run = retour(env, "send", "--no-wait")
    assert (run.returncode, len(run.stdout.splitlines())) == (0, 1)
    assert re.match(r"Accepted +HUMA-\d{8,}  requestId [0-9a-f]{32}$", run.stdout.strip())


def test_an_unknown_campaign_is_refused_with_the_api_s_words(env: dict[str, str]) -> None:
    run = retour(env, "send", "--campaign", "nothing")
    assert (run.returncode, run.stdout) == (1, "")
    assert "no campaign with this id" in run.stderr


def test_an_error_of_the_api_has_its_status_title_and_context(env: dict[str, str]) -> None:
    with pytest.raises(ApiError) as caught:
        api(env).get("/ajo/im/executions/HUMA-00000000")
    assert caught.value.status == 404
    assert caught.value.title


def test_a_command_without_a_service_says_how_to_start_one(acme: dict[str, str], tmp_path: Path) -> None:
    for arguments in (["send"], ["webhook", "--show"]):
        run = retour(acme, *arguments, "--service", f"http://127.0.0.1:{free_port()}")
        assert run.returncode == 2
        assert "retour serve" in run.stderr
        assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [["webhook"], ["webhook", "--show", "--delete"], ["send", "--context", "link"], ["webhook", "--url"]],
)
def test_a_command_that_is_not_clear_is_explained(tmp_path: Path, arguments: list[str]) -> None:
    run = retour(environment(tmp_path), *arguments)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr


def test_the_running_service_is_found_by_its_note_while_it_lives(tmp_path: Path) -> None:
    import os

    note = tmp_path / "serve.json"
    assert client.running_url(tmp_path) is None
    note.write_text(json.dumps({"pid": os.getpid(), "url": "http://127.0.0.1:9"}))
    assert client.running_url(tmp_path) == "http://127.0.0.1:9"
    note.write_text(json.dumps({"pid": 2**22 + 1, "url": "http://127.0.0.1:9"}))
    assert client.running_url(tmp_path) is None


def test_credentials_that_can_not_be_read_are_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="retour init"):
        client.read_credentials(tmp_path)
    (tmp_path / "cli.json").write_bytes(msgspec.json.encode({"baseUrl": 1}))
    with pytest.raises(ConfigError, match="retour init"):
        client.read_credentials(tmp_path)
