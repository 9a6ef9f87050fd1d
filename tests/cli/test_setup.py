"""`retour init`, `user`, `settings` and the ways in which `serve` refuses to start."""

from __future__ import annotations

import json
import re
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from cli.running import environment, free_port, next_line, retour, started
from retour.cli import main

KEYS = ["imsOrg", "sandboxId", "sandboxName", "clientId", "clientSecret", "adminUrl"]
LINK = re.compile(r"http://127\.0\.0\.1:\d+/admin/sign-in/[\w-]{43}")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A data directory of its own and a free port."""
    return environment(tmp_path / "data", RETOUR_LISTEN=f"127.0.0.1:{free_port()}")


@pytest.fixture
def served(env: dict[str, str]) -> Iterator[dict[str, str]]:
    """The same with `retour serve` running on it."""
    with started(env, "serve") as process:
        assert "retour serves on" in next_line(process)
        yield env


@dataclass(frozen=True)
class Console:
    """The commands without a process of their own, which costs a second each."""

    env: dict[str, str]

    def run(self, *arguments: str) -> list[str]:
        """The lines that a command prints."""
        result = CliRunner(env=self.env).invoke(main, arguments)
        assert result.exit_code == 0, result.output
        return result.stdout.splitlines()

    def refused(self, *arguments: str) -> str:
        """The sentence with which it fails."""
        result = CliRunner(env=self.env).invoke(main, arguments)
        assert (result.exit_code, result.stdout) == (2, ""), result.output
        return result.stderr


@pytest.fixture
def console(env: dict[str, str]) -> Console:
    """For the same data directory."""
    return Console(env)


def refused(env: dict[str, str], *arguments: str) -> str:
    """The one sentence with which a command fails."""
    run = retour(env, *arguments)
    assert (run.returncode, run.stdout) == (2, ""), run.stderr
    assert "Traceback" not in run.stderr
    lines = run.stderr.strip().splitlines()
    assert lines
    assert lines[-1].startswith("retour: "), run.stderr
    return lines[-1]


def test_init_prints_exactly_the_six_keys_and_keeps_its_secrets_to_itself(
    env: dict[str, str], tmp_path: Path
) -> None:
    run = retour(env, "init", "--org", "myImsOrg", "--sandbox", "prod", "--json")
    assert (run.returncode, run.stderr) == (0, "")
    told = json.loads(run.stdout)
    assert list(told) == KEYS
    assert (told["imsOrg"], told["sandboxName"]) == ("myImsOrg", "prod")
    assert LINK.fullmatch(told["adminUrl"])
    data = tmp_path / "data"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    for name in ("secret.key", "cli.json"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600
    stored = b"".join(path.read_bytes() for path in data.glob("retour.db*"))
    assert told["clientSecret"].encode() not in stored
    assert told["adminUrl"].rpartition("/")[2].encode() not in stored
    assert "already" in refused(env, "init", "--org", "myImsOrg")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--org", "two words"), "letters (a to z)"),
        (("--sandbox", "dev"), "dev"),
        (("--email", "nobody"), "e-mail"),
    ],
)
def test_what_init_can_t_make_leaves_nothing_half_made(
    console: Console, arguments: tuple[str, ...], word: str
) -> None:
    assert word in console.refused("init", *arguments)
    assert len(console.run("init", "--json")) == 1


@pytest.mark.slow
def test_while_it_serves_the_commands_talk_to_it(served: dict[str, str]) -> None:
    first = json.loads(retour(served, "init", "--json").stdout)
    assert "already" in refused(served, "init")
    second = json.loads(retour(served, "init", "--org", "other@Org", "--json").stdout)
    assert second["sandboxId"] != first["sandboxId"]
    assert httpx.post(first["adminUrl"], headers={"sec-fetch-site": "same-origin"}).status_code == 303
    added = retour(served, "user", "add", "ann@acme.example", "--role", "administrator")
    assert LINK.fullmatch(added.stdout.strip()), added.stderr
    assert "ann@acme.example" in retour(served, "user", "list").stdout
    assert retour(served, "user", "role", "ann@acme.example", "viewer").returncode == 0
    assert retour(served, "sandbox", "add", "stage").returncode == 0
    assert "stage" in retour(served, "sandbox", "list").stdout
    made = json.loads(retour(served, "credential", "add", "orders", "--scope", "read").stdout)
    assert made["clientId"] in retour(served, "credential", "list").stdout
    assert "other@Org" in retour(served, "org", "list").stdout
    assert "last administrator" in refused(served, "user", "disable", "admin@localhost")
    assert "Another retour uses" in refused(served | {"RETOUR_LISTEN": "127.0.0.1:0"}, "serve")
    assert "can't be listened on" in refused(served, "serve")


def test_people_are_added_listed_locked_out_and_let_in_again(console: Console) -> None:
    assert "retour init" in console.refused("user", "add", "ann@acme.example")
    assert "retour init" in console.refused("user", "list")
    console.run("init")
    (link,) = console.run("user", "add", "Ann@Acme.example", "--name", "Ann")
    assert LINK.fullmatch(link)
    assert [line.split() for line in console.run("user", "list")] == [
        ["admin@localhost", "administrator", "active", "never", "Administrator"],
        ["ann@acme.example", "viewer", "active", "never", "Ann"],
    ]
    assert console.run("user", "disable", "ann@acme.example") == []
    assert "disabled" in console.run("user", "list")[1]
    assert "retour user enable" in console.refused("user", "link", "ann@acme.example")
    console.run("user", "enable", "ann@acme.example")
    assert LINK.fullmatch(console.run("user", "link", "ann@acme.example")[0])
    assert "nobody@acme.example" in console.refused("user", "link", "nobody@acme.example")
    assert "king" in console.refused("user", "add", "x@y.example", "--role", "king")


def test_roles_change_and_the_last_administrator_stays(console: Console) -> None:
    console.run("init")
    for deed in (("disable",), ("remove",), ("role", "viewer")):
        command = ("user", deed[0], "admin@localhost", *deed[1:])
        assert "last administrator" in console.refused(*command)
    assert "last administrator" in console.refused("user", "add", "admin@localhost", "--role", "viewer")
    console.run("user", "add", "ann@acme.example")
    console.run("user", "role", "ann@acme.example", "administrator")
    console.run("user", "remove", "admin@localhost")
    assert [line.split()[:2] for line in console.run("user", "list")] == [
        ["ann@acme.example", "administrator"]
    ]
    assert "nobody@acme.example" in console.refused("user", "role", "nobody@acme.example", "viewer")


def test_organizations_and_sandboxes_are_added_and_listed(console: Console) -> None:
    console.run("init")
    console.run("org", "add", "luma@Org", "--name", "Luma Inc.")
    assert "already" in console.refused("org", "add", "luma@Org")
    assert "letters (a to z)" in console.refused("org", "add", "luma/x")
    assert [line.split()[0] for line in console.run("org", "list")] == ["luma@Org", "myImsOrg"]
    (made,) = console.run("sandbox", "add", "stage", "--org", "luma@Org", "--type", "production")
    assert [line.split() for line in console.run("sandbox", "list", "--org", "luma@Org")] == [
        ["stage", "production", made]
    ]
    assert "lower-case" in console.refused("sandbox", "add", "Stage")
    assert "retour init" in console.refused("sandbox", "add", "stage", "--org", "nobody")


def test_api_credentials_are_made_rotated_and_revoked(console: Console) -> None:
    console.run("init")
    made = json.loads(console.run("credential", "add", "orders", "--scope", "execute")[0])
    rotated = json.loads(console.run("credential", "rotate", made["clientId"], "--overlap", "1")[0])
    assert rotated["clientId"] == made["clientId"]
    assert rotated["clientSecret"] != made["clientSecret"]
    listed = [line for line in console.run("credential", "list") if "orders" in line]
    assert [line.split()[:3] for line in listed] == [[made["clientId"], "execute", "never"]]
    console.run("credential", "revoke", made["clientId"])
    assert made["clientId"] in console.refused("credential", "revoke", made["clientId"])
    assert "168" in console.refused("credential", "rotate", made["clientId"], "--overlap", "169")


@pytest.mark.slow
def test_a_wrong_key_refuses_to_start_and_the_old_one_may_stand_beside_the_new(env: dict[str, str]) -> None:
    old, new = {"RETOUR_SECRET_KEY": "o" * 32}, {"RETOUR_SECRET_KEY": "n" * 32}
    assert retour(env | old, "init").returncode == 0
    for command in (("serve",), ("user", "list")):
        assert "RETOUR_SECRET_KEY" in refused(env | new, *command)
    both = env | new | {"RETOUR_SECRET_KEY_PREVIOUS": "o" * 32}
    assert retour(both, "user", "list").returncode == 0
    assert "RETOUR_SECRET_KEY_PREVIOUS" in refused(env | new, "user", "list")


@pytest.mark.slow
def test_a_taken_port_and_a_wrong_setting_are_told(env: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        sentence = refused(env | {"RETOUR_LISTEN": listen}, "serve")
    assert listen in sentence
    assert "RETOUR_LISTEN" in refused(env | {"RETOUR_LISTEN": "0.0.0.0:1"}, "serve")
    assert "RETOUR_TARGET_ALLOW" in refused(env | {"RETOUR_TARGET_ALLOW": "everything"}, "serve")


@pytest.mark.slow
@pytest.mark.parametrize("room", [0, 200_000, 600_000])
def test_a_disk_without_room_at_the_first_start_is_one_sentence_and_the_next_start_is_good(
    env: dict[str, str], room: int
) -> None:
    """As much as files of this user may grow to: nothing, less than the tables take, less than their log does."""
    run = retour(env, "init", most_bytes=room)
    assert (run.returncode, run.stdout) == (2, "")
    assert re.fullmatch(r"retour: The (store|master key) .+\.\n", run.stderr.splitlines(True)[-1])
    assert "Traceback" not in run.stderr
    assert retour(env, "init").returncode == 0


def test_an_empty_master_key_is_not_taken_for_one(env: dict[str, str]) -> None:
    key = Path(env["RETOUR_DATA_DIR"]) / "secret.key"
    key.parent.mkdir(exist_ok=True)
    key.write_text("\n")
    assert f"{key} is empty" in refused(env, "init")
    assert key.read_text() == "\n"


def test_settings_lists_all_and_hides_secrets(env: dict[str, str]) -> None:
    run = retour(env | {"RETOUR_SECRET_KEY": "a-secret-that-nobody-may-see-here!"}, "settings")
    names = re.findall(r"^(RETOUR_\w+) ", run.stdout, re.M)
    assert {"RETOUR_LISTEN", "RETOUR_DATA_DIR", "RETOUR_TARGET_ALLOW", "RETOUR_RELAY_ALLOW"} <= set(names)
    assert "(hidden)" in run.stdout
    assert "nobody-may-see" not in run.stdout
