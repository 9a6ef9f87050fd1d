"""On PostgreSQL two processes change people at once: the last administrator stays there, too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cast import ACME, ANN, House, a_house
from outside.certificates import Authority
from retour import app
from retour.errors import Conflict
from retour.model import Role
from web.api.callers import browser_of

pytestmark = pytest.mark.peer("postgres")
KEY = "a master key of thirty-two characters"
ROUNDS = 10


@pytest.fixture
async def house(tmp_path: Path, authority: Authority, postgres: str) -> AsyncIterator[House]:
    """Acme and Other Ltd in a database of their own."""
    async with a_house(tmp_path, authority.write(tmp_path), database=postgres, secret_key=KEY) as made:
        yield made


async def test_of_two_processes_that_each_take_an_administrator_away_one_is_refused(house: House) -> None:
    people = house.retour.people
    eve = await people.add(ACME, "eve@acme.example", "Eve", Role.ADMINISTRATOR)
    other = await app.build(house.retour.settings)
    try:
        for _ in range(ROUNDS):
            answers = await asyncio.gather(
                people.change_role(ACME, house.ann.id, "viewer", ANN),
                other.people.disable(ACME, eve.id, True, ANN),
                return_exceptions=True,
            )
            assert sorted(str(type(answer).__name__) for answer in answers) == ["Conflict", "NoneType"]
            assert isinstance(next(answer for answer in answers if answer is not None), Conflict)
            await people.add(ACME, "ann@acme.example", "Ann", Role.ADMINISTRATOR)
            await people.add(ACME, "eve@acme.example", "Eve", Role.ADMINISTRATOR)
    finally:
        await other.close()
    changes = await house.retour.audit.page(house.dev, noun="user", actor=ANN.name, limit=99)
    assert len(changes) == ROUNDS


async def test_invitations_credentials_sandboxes_and_the_log_work_there_too(house: House) -> None:
    people, credentials = house.retour.people, house.retour.credentials
    token = await people.invite(ACME, "dan@new.example", "viewer", ANN)
    dan = await people.accept(token, "Dan", "correct horse battery staple")
    await people.close("dan@new.example", True)
    await people.close("dan@new.example", False)
    await people.remove(ACME, dan.id, ANN)
    await people.invite(ACME, "eve@new.example", "viewer", ANN)
    (invitation,) = await people.invitations(ACME)
    await people.withdraw(ACME, invitation.id, ANN)
    made = await credentials.create(ACME, "orders", ["read"], ANN)
    made = await credentials.rotate(ACME, made.credential.client_id, 24, ANN)
    async with browser_of(house) as browser:
        form = {"client_id": made.credential.client_id, "client_secret": made.secret}
        answer = await browser.post("/ims/token/v3", data=form | {"grant_type": "client_credentials"})
        assert answer.status_code == 200
    await credentials.revoke(ACME, made.credential.client_id, ANN)
    await house.retour.organizations.add_sandbox(ACME, "stage", "production", ANN)
    session = await house.retour.sessions.start(house.ann)
    signed_in = await house.retour.sessions.identify(session)
    assert signed_in is not None
    await house.retour.sessions.end_others(signed_in, session)
    assert len(await house.retour.sessions.list(signed_in, session)) == 1
    told = await house.retour.audit.page(house.dev, noun="user", limit=3)
    assert [entry.deed.value for entry in told] == ["withdrawn", "invited", "removed"]
    assert await house.retour.audit.get(house.dev, told[0].id) == told[0]
    await house.retour.upkeep.run(told[0].at + 10**15)
    assert await house.retour.audit.page(house.dev) == []
