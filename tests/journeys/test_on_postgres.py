"""The product on PostgreSQL: as a user meets it, and as an operator does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from cast import House, a_house
from cli.running import environment, retour
from outside.certificates import Authority
from outside.https import Endpoint
from outside.service import Service

pytestmark = pytest.mark.peer("postgres")
KEY = "a master key of thirty-two characters"


@pytest.fixture
async def house(tmp_path: Path, authority: Authority, postgres: str) -> AsyncIterator[House]:
    """Acme and Other Ltd in a database of their own."""
    async with a_house(tmp_path, authority.write(tmp_path), database=postgres, secret_key=KEY) as made:
        yield made


async def test_an_accepted_execution_is_told_as_sent_then_delivered(house: House, receiver: Endpoint) -> None:
    campaign = await house.campaign(await house.simulated())
    await house.webhook(receiver.url("/feedback"))
    async with house.working():
        await house.execute(campaign, "delivered@example.com", request_id="request-1")
        await receiver.arrived(2)
    told = [json.loads(request.body) for request in receiver.requests]
    statuses = [body["messageDeliveryFeedback"]["feedbackStatus"]["value"] for body in told]
    assert statuses == ["sent", "delivered"]
    assert {body["requestId"] for body in told} == {"request-1"}
    assert not list(house.retour.settings.data_dir.glob("retour.db*"))


async def test_commands_work_beside_the_running_service(tmp_path: Path, postgres: str) -> None:
    service = Service(tmp_path, RETOUR_DATABASE=postgres, RETOUR_SECRET_KEY=KEY)
    service.init()
    await service.start()
    added = retour(service.environ, "user", "add", "bob@acme.example", "--role", "developer")
    listed = retour(service.environ, "user", "list")
    async with httpx.AsyncClient(follow_redirects=True) as client:
        page = await client.get(added.stdout.strip())
    assert await service.stop() == 0
    assert "bob@acme.example" in listed.stdout
    assert page.status_code == 200


def test_another_key_does_not_start(tmp_path: Path, postgres: str) -> None:
    env = environment(tmp_path, RETOUR_DATABASE=postgres, RETOUR_SECRET_KEY=KEY)
    assert retour(env, "init").returncode == 0
    wrong = retour(env | {"RETOUR_SECRET_KEY": KEY[::-1]}, "serve")
    assert wrong.returncode == 2
    assert "RETOUR_SECRET_KEY" in wrong.stderr


def test_the_demo_plays_in_a_database_that_is_empty_and_in_no_other(tmp_path: Path, postgres: str) -> None:
    env = environment(tmp_path / "unused")
    played = retour(env, "demo", "--json", "--database", postgres)
    assert (played.returncode, json.loads(played.stdout)["ok"]) == (0, True), played.stderr
    again = retour(env, "demo", "--json", "--database", postgres)
    assert again.returncode == 1
    assert "Create an empty database for the demo" in again.stderr


def test_a_database_that_cannot_be_reached_ends_in_one_sentence(tmp_path: Path) -> None:
    url = "postgresql://ann:the-password@127.0.0.1:1/retour"
    run = retour(environment(tmp_path, RETOUR_DATABASE=url, RETOUR_SECRET_KEY=KEY), "serve")
    assert run.returncode == 2
    assert run.stderr.startswith("retour: RETOUR_DATABASE: 127.0.0.1:1/retour can't be reached")
    assert "the-password" not in run.stderr
    assert "Traceback" not in run.stderr
