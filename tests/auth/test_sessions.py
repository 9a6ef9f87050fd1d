"""People on the pages: links that work once, passwords that are not to be guessed, sessions that end."""

from __future__ import annotations

import asyncio

import pytest

from cast import ACME, House
from retour import ids, limits
from retour.auth.sessions import Browser
from retour.errors import Refused, Unauthorized

PASSWORD = "correct horse battery staple"


async def test_a_link_signs_in_once(house: House) -> None:
    sessions = house.retour.sessions
    link = await house.retour.people.sign_in_link("ann@acme.example")
    assert await sessions.user_of_link(link) is not None  # looking does not use it up
    token, user = await sessions.by_link(link)
    person = await sessions.identify(token)
    assert person is not None
    assert (user.id, person.email) == (house.ann.id, "ann@acme.example")
    assert [(place.org, place.role) for place in person.memberships] == [("acme@Org", "administrator")]
    with pytest.raises(Unauthorized):
        await sessions.by_link(link)


async def test_of_ten_at_once_a_link_signs_one_in(house: House) -> None:
    link = await house.retour.people.sign_in_link("ann@acme.example")
    tries = [house.retour.sessions.by_link(link) for _ in range(10)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(answer, tuple) for answer in answers) == 1
    assert sum(isinstance(answer, Unauthorized) for answer in answers) == 9


async def test_links_and_sessions_end(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions, now = house.retour.sessions, ids.now()
    link = await house.retour.people.sign_in_link("ann@acme.example")
    token, _ = await sessions.by_link(await house.retour.people.sign_in_link("ann@acme.example"))
    monkeypatch.setattr(ids, "now", lambda: now + (limits.SIGN_IN_LINK_SECONDS + 5) * limits.SECOND)
    assert await sessions.user_of_link(link) is None
    assert await sessions.identify(token) is not None
    monkeypatch.setattr(ids, "now", lambda: now + (limits.SESSION_SECONDS + 5) * limits.SECOND)
    assert await sessions.identify(token) is None


async def test_a_password_signs_in_and_a_new_one_ends_every_session(house: House) -> None:
    sessions, people = house.retour.sessions, house.retour.people
    await people.set_password(house.ann, "Ann", PASSWORD)
    token, user = await sessions.by_password(" Ann@Acme.example ", PASSWORD)
    assert user.id == house.ann.id
    assert await sessions.identify(token) is not None
    await people.set_password(house.ann, "Ann", PASSWORD + "!")
    assert await sessions.identify(token) is None
    await sessions.end(token)
    for wrong in (PASSWORD, "", PASSWORD + "! ", "x" * 100_000):
        with pytest.raises(Unauthorized):
            await sessions.by_password("ann@acme.example", wrong)


async def test_somebody_unknown_without_a_password_or_locked_out_hears_the_same(house: House) -> None:
    await house.retour.people.set_password(house.bob, "Bob", PASSWORD)
    await house.retour.people.close("bob@acme.example", True)
    heard = set()
    for email in ("nobody@acme.example", "ann@acme.example", "bob@acme.example", "\x00", ""):
        with pytest.raises(Unauthorized) as caught:
            await house.retour.sessions.by_password(email, PASSWORD)
        heard.add((caught.value.code, caught.value.title))
    assert len(heard) == 1


async def test_after_five_tries_one_has_to_wait(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions, now = house.retour.sessions, ids.now()
    await house.retour.people.set_password(house.ann, "Ann", PASSWORD)
    monkeypatch.setattr(ids, "now", lambda: now)
    for _ in range(limits.SIGN_IN_TRIES):
        with pytest.raises(Unauthorized):
            await sessions.by_password("ann@acme.example", "wrong")
    with pytest.raises(Refused) as caught:
        await sessions.by_password("ANN@acme.example", PASSWORD)
    assert (caught.value.status, caught.value.context["retryAfter"]) == (429, "61")
    monkeypatch.setattr(ids, "now", lambda: now + limits.MINUTE)
    await sessions.by_password("ann@acme.example", PASSWORD)


async def test_while_a_password_is_checked_others_are_served(house: House) -> None:
    """Argon2 takes long on purpose; on the loop's own thread it would stop the whole service."""
    await house.retour.people.set_password(house.ann, "Ann", PASSWORD)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.ensure_future(count())
    await house.retour.sessions.by_password("ann@acme.example", PASSWORD)
    counting.cancel()
    assert turns > 100


async def test_closing_access_ends_sessions_and_links(house: House) -> None:
    sessions, people = house.retour.sessions, house.retour.people
    link = await people.sign_in_link("bob@acme.example")
    token, _ = await sessions.by_link(await people.sign_in_link("bob@acme.example"))
    await people.close("bob@acme.example", True)
    assert await sessions.identify(token) is None
    assert await sessions.user_of_link(link) is None
    for strange in ("", "x", "\x00", token + "x"):
        assert await sessions.identify(strange) is None


async def test_one_network_address_that_tries_many_accounts_has_to_wait(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SIGN_IN_TRIES_OF_ADDRESS", 3)
    sessions, guesser = house.retour.sessions, Browser(address="192.0.2.7")
    for number in range(limits.SIGN_IN_TRIES_OF_ADDRESS):
        with pytest.raises(Unauthorized):
            await sessions.by_password(f"p{number}@acme.example", "", guesser)
    await house.retour.people.set_password(house.ann, "Ann", PASSWORD)
    with pytest.raises(Refused) as caught:
        await sessions.by_password("ann@acme.example", PASSWORD, guesser)
    assert caught.value.status == 429
    await sessions.by_password("ann@acme.example", PASSWORD, Browser(address="192.0.2.8"))


async def test_the_last_sign_in_is_kept(house: House) -> None:
    people = house.retour.people
    assert (await people.member(ACME, house.bob.id)).signed_in_at is None
    await house.retour.sessions.by_link(await people.sign_in_link("bob@acme.example"))
    assert (await people.member(ACME, house.bob.id)).signed_in_at is not None
