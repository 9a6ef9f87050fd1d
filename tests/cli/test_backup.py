"""`retour backup` and `retour restore`: a copy made while the store is used, and a service made of it."""

from __future__ import annotations

import asyncio
import shutil
import stat
from collections import Counter
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest
from click.testing import CliRunner, Result

from cast import House, a_house, until
from cli.running import environment, started
from outside.certificates import Authority
from outside.https import Endpoint
from outside.service import free_port
from retour import app, ids
from retour.app import control_token, restore_backup
from retour.cli import main
from retour.config import Settings
from retour.errors import ConfigError, Conflict
from retour.model import DeliveryState
from retour.stores import RoomName, sqlite_backup
from retour.stores.sqlite_backup import Standing, State
from retour.worker import Worker
from web.api.callers import browser_of

EXECUTIONS = 120


def run(data: Path, *words: str, **environ: str) -> Result:
    """A command, in this process."""
    return CliRunner().invoke(main, list(words), env={"RETOUR_DATA_DIR": str(data)} | environ)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data directory of a service that does not run."""
    made = tmp_path / "data"
    assert run(made, "init", "--org", "acme@Org").exit_code == 0
    return made


@pytest.fixture
def empty(tmp_path: Path, data: Path) -> Path:
    """Another one, with the key alone."""
    made = tmp_path / "restored"
    made.mkdir()
    shutil.copy(data / "secret.key", made)
    return made


def nothing(copied: int, pages: int) -> None:
    """Nobody looks."""


async def finished(retour: app.Retour) -> Standing:
    """The backup, when it has ended."""

    async def so() -> bool:
        return (await retour.backups.backup_state()).state not in (State.COPYING, State.CHECKING)

    await until(so)
    return await retour.backups.backup_state()


def test_a_backup_becomes_a_service_elsewhere(data: Path, empty: Path, tmp_path: Path) -> None:
    file = tmp_path / "acme.backup"
    done = run(data, "backup", str(file))
    assert done.exit_code == 0, done.output
    assert f"{data / 'secret.key'} in another place" in done.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (data / "secret.key").read_bytes() not in file.read_bytes()
    assert [entry.name for entry in tmp_path.glob("acme*")] == [file.name]
    done = run(empty, "restore", str(file))
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE((empty / "retour.db").stat().st_mode) == 0o600
    assert "administrator" in run(empty, "user", "list", "--org", "acme@Org").output


def test_a_file_is_replaced_only_when_that_is_asked_for(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "acme.backup"
    file.write_text("precious")
    for words, why in (([], "Add --force"), (["--force"], "is not a backup")):
        refused = run(data, "backup", str(file), *words)
        assert refused.exit_code == 2
        assert why in refused.output
        assert file.read_text() == "precious"
    file.write_bytes(b"SQLite format 3\x00 of yesterday")
    assert run(data, "backup", str(file), "--force").exit_code == 0
    assert len(file.read_bytes()) > 10_000


def test_the_store_is_not_replaced_by_its_own_backup(data: Path) -> None:
    refused = run(data, "backup", str(data / "retour.db"), "--force")
    assert refused.exit_code == 2
    assert "is the store itself" in refused.output


def test_where_there_is_no_store_none_is_made(tmp_path: Path) -> None:
    refused = run(tmp_path / "nowhere", "backup", str(tmp_path / "x"))
    assert refused.exit_code == 2
    assert "There is no store" in refused.output
    assert list(tmp_path.iterdir()) == []


def test_what_can_t_be_written_is_told_and_leaves_nothing(data: Path, tmp_path: Path) -> None:
    refused = run(data, "backup", str(tmp_path / "nowhere" / "x"))
    assert refused.exit_code == 2
    assert "could not be written" in refused.output
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["data"]


@pytest.fixture
def file(data: Path, tmp_path: Path) -> Path:
    """A backup."""
    made = tmp_path / "acme.backup"
    assert run(data, "backup", str(made)).exit_code == 0
    return made


def refuse(folder: Path, file: Path, **more: str) -> str:
    """What a restore is refused with; there is no store then."""
    done = run(folder, "restore", str(file), **more)
    assert done.exit_code == 2, done.output
    return done.output


def test_a_directory_with_anything_in_it_is_refused(file: Path, data: Path, empty: Path) -> None:
    assert "is not empty" in refuse(data, file)
    (empty / "notes.txt").write_text("mine")
    assert "it has notes.txt" in refuse(empty, file)
    assert not (empty / "retour.db").exists()


def test_a_store_elsewhere_is_not_overwritten(file: Path, empty: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    other.write_text("precious")
    assert "already" in refuse(empty, file, RETOUR_DATABASE=f"sqlite:///{other}")
    assert other.read_text() == "precious"


def test_without_its_key_or_with_another_one_nothing_is_restored(
    file: Path, empty: Path, tmp_path: Path
) -> None:
    assert "RETOUR_SECRET_KEY" in refuse(empty, file, RETOUR_SECRET_KEY="x" * 32)
    (empty / "secret.key").unlink()
    assert "The master key is missing" in refuse(empty, file)
    assert not (empty / "retour.db").exists()


def test_a_damaged_file_is_refused(file: Path, empty: Path) -> None:
    content = bytearray(file.read_bytes())
    content[40_000:80_000] = bytes(40_000)
    file.write_bytes(content)
    assert "could not be restored" in refuse(empty, file)
    assert not (empty / "retour.db").exists()
    assert list(empty.glob("*.partial*")) == []


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_what_is_no_backup_is_refused(file: Path, empty: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert "is not a backup of retour" in refuse(empty, file)
    assert "There is no file" in refuse(empty, file.with_name("nothing"))


def test_somebody_else_s_database_and_a_newer_one_are_refused(file: Path, empty: Path) -> None:
    for statement, words in (
        ("PRAGMA user_version = 999", "Install the newer retour"),
        ("PRAGMA user_version = 0", "is not a backup of retour"),
    ):
        db = apsw.Connection(str(file))
        db.execute(statement)
        db.close()
        assert words in refuse(empty, file)


# --- under load -----------------------------------------------------------------------------------------


class Calls:
    """Executions, one after the other."""

    def __init__(self, house: House, campaign: Any) -> None:
        self._house = house
        self._campaign = campaign
        self.accepted: list[str] = []

    async def run(self) -> None:
        """All of them."""
        for number in range(EXECUTIONS):
            made = await self._house.execute(self._campaign, f"delivered+{number}@example.com")
            self.accepted.append(made.id)


def posts(receiver: Endpoint) -> Counter[tuple[str, str]]:
    """How often what became of each message came. What is sent once more has other ids."""
    bodies = [msgspec.json.decode(request.body) for request in receiver.requests]
    return Counter(
        (body["requestId"], body["messageDeliveryFeedback"]["feedbackStatus"]["value"]) for body in bodies
    )


async def all_settled(retour: app.Retour, sandbox: str) -> bool:
    return await retour.shelves.waiting(sandbox) == 0


async def test_a_backup_under_load_loses_nothing_and_repeats_each_event_once_at_most(
    house: House, receiver: Endpoint, tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_backup, "STEP_PAGES", 2)
    campaign = await house.campaign(await house.simulated())
    await house.webhook(receiver.url("/x"))
    calls, file = Calls(house, campaign), tmp_path / "acme.backup"
    async with house.working():
        calling = asyncio.ensure_future(calls.run())
        await until(lambda: _count(calls, EXECUTIONS // 3))
        before = list(calls.accepted)
        await house.retour.backups.backup(str(file), False)
        standing = await finished(house.retour)
        among = len(calls.accepted)
        await calling
        await until(lambda: all_settled(house.retour, house.dev.id))
        await until(lambda: _posted(receiver, 2 * EXECUTIONS))
    assert standing.state is State.DONE, standing
    assert standing.copied == standing.pages
    assert among > len(before), "nothing was accepted meanwhile, so this proves nothing"
    first = posts(receiver)
    restored = Settings(data_dir=tmp_path / "restored", ca_file=house.retour.settings.ca_file)
    await _serve_restored(restored, file, house, before)
    assert set(posts(receiver)) <= set(first)
    assert max((posts(receiver) - first).values(), default=0) <= 1


async def _count(calls: Calls, number: int) -> bool:
    return len(calls.accepted) >= number


async def _posted(receiver: Endpoint, number: int) -> bool:
    return len(posts(receiver)) >= number


async def _serve_restored(settings: Settings, file: Path, house: House, before: list[str]) -> None:
    """The service elsewhere goes on where the backup was; what was accepted before it is there and told."""
    settings.data_dir.mkdir()
    shutil.copy(house.retour.settings.data_dir / "secret.key", settings.data_dir)
    restore_backup(settings, file, nothing)
    retour = await app.build(settings)
    worker = Worker(retour)
    working = asyncio.ensure_future(worker.run())
    try:
        for execution in before:
            ((message, _, _),) = await retour.shelves.recipients(house.dev.id, execution)
            await until(lambda message=message: _told(retour, house.dev.id, message))  # type: ignore[misc]
        await until(lambda: all_settled(retour, house.dev.id))
        rows = await retour.shelves.deliveries(house.dev.id, limit=1_000)
        assert {row.state for row in rows} == {DeliveryState.ACCEPTED}
    finally:
        await worker.stop()
        await working
        await retour.close()


async def _told(retour: app.Retour, sandbox: str, message: str) -> bool:
    return len(await retour.shelves.events(sandbox, message)) == 2


async def test_leases_are_free_in_what_is_restored(house: House, tmp_path: Path) -> None:
    configuration = await house.simulated()
    await house.execute(await house.campaign(configuration), "sent@example.com")
    lane = (await house.retour.store.due_lanes(RoomName.SENDING, ids.now()))[0]
    await house.retour.store.claim_messages(lane, ids.now(), 1)
    await house.retour.backups.backup(str(tmp_path / "x"), False)
    assert (await finished(house.retour)).state is State.DONE
    settings = Settings(data_dir=tmp_path / "restored")
    settings.data_dir.mkdir()
    shutil.copy(house.retour.settings.data_dir / "secret.key", settings.data_dir)
    restore_backup(settings, tmp_path / "x", nothing)
    db = apsw.Connection(str(settings.database_file), flags=apsw.SQLITE_OPEN_READONLY)
    assert db.execute("SELECT leased FROM message").fetchall() == [(0,)]
    db.close()


async def test_a_stop_gives_a_backup_up_and_leaves_nothing(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_backup, "STEP_PAGES", 1)
    async with a_house(tmp_path, authority.write(tmp_path)) as house:
        await house.retour.backups.backup(str(tmp_path / "x"), False)
        with pytest.raises(Conflict, match="under way"):
            await house.retour.backups.backup(str(tmp_path / "y"), False)
    assert left(tmp_path, "x*") == []


def left(folder: Path, pattern: str) -> list[Path]:
    """Files."""
    return list(folder.glob(pattern))


async def test_the_command_line_asks_the_running_service(house: House, tmp_path: Path) -> None:
    bearer = {"authorization": f"Bearer {control_token(house.retour.settings)}"}
    async with browser_of(house) as client:
        words = {"file": str(tmp_path / "x"), "force": False}
        begun = await client.post("/control/backup", json=words, headers=bearer)
        assert begun.json()["result"]["state"] == "copying"
        await finished(house.retour)
        state = (await client.post("/control/backup_state", json={}, headers=bearer)).json()["result"]
        assert (state["state"], state["trouble"]) == ("done", "")
        assert (await client.post("/control/backup", json=words, headers=bearer)).status_code == 409
        assert (await client.post("/control/backup", json=words)).status_code == 401


@pytest.mark.slow
def test_a_service_that_runs_is_backed_up_by_itself(data: Path, tmp_path: Path) -> None:
    env = environment(data, RETOUR_LISTEN=f"127.0.0.1:{free_port()}")
    file = tmp_path / "acme.backup"
    with started(env, "serve") as service:
        assert service.stdout is not None
        assert "serves on" in service.stdout.readline()
        done = run(data, "backup", str(file), **{name: env[name] for name in ("RETOUR_LISTEN",)})
        assert done.exit_code == 0, done.output
        again = run(data, "backup", str(file), RETOUR_LISTEN=env["RETOUR_LISTEN"])
        assert "Add --force" in again.output
    assert file.read_bytes().startswith(b"SQLite format 3")


def test_a_store_of_postgresql_has_tools_of_its_own(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database="postgresql://nowhere/x")
    with pytest.raises(ConfigError, match="its own tools"):
        restore_backup(settings, tmp_path / "x", nothing)
