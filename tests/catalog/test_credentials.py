"""API credentials: a secret and what was got for it are good until a rotation or a revocation ends them."""

from __future__ import annotations

import asyncio

import pytest

from cast import ACME, OTHER, House
from retour import ids, limits
from retour.auth.api_tokens import is_good, lifetime, secret_number
from retour.catalog.credentials import NewCredential
from retour.errors import Changed, Invalid, NotFound, Unauthorized
from retour.model import Credential, Scope
from retour.passwords import hash_secret


async def token_of(house: House, made: NewCredential) -> str:
    """An access token for this secret."""
    form = {"client_id": made.credential.client_id, "client_secret": made.secret}
    answer = await house.retour.api_tokens.issue(form | {"grant_type": "client_credentials"})
    return str(answer["access_token"])


async def call(house: House, made: NewCredential, token: str) -> tuple[Scope, ...]:
    """One call with it; what it may do."""
    headers = {"authorization": f"Bearer {token}", "x-api-key": made.credential.client_id}
    headers |= {"x-gw-ims-org-id": ACME, "x-sandbox-name": "dev"}
    return (await house.retour.api_tokens.identify(headers)).scopes


async def test_a_credential_does_what_its_scopes_say(house: House) -> None:
    made = await house.retour.credentials.create(ACME, " reader ", ["read"])
    assert (made.credential.name, made.credential.scopes) == ("reader", (Scope.READ,))
    assert await call(house, made, await token_of(house, made)) == (Scope.READ,)
    listed = await house.retour.credentials.list(ACME)
    assert made.credential.client_id in [one.client_id for one in listed]
    assert await house.retour.credentials.list("nobody") == []


@pytest.mark.parametrize(
    ("name", "scopes"), [("", ["read"]), ("x" * 101, ["read"]), ("x", []), ("x", ["king"])]
)
async def test_what_is_no_credential_is_not_made(house: House, name: str, scopes: list[str]) -> None:
    before = len(await house.retour.credentials.list(ACME))
    with pytest.raises(Invalid):
        await house.retour.credentials.create(ACME, name, scopes)
    assert len(await house.retour.credentials.list(ACME)) == before


async def test_after_a_rotation_both_secrets_and_their_tokens_are_good_until_the_overlap_ends(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = house.acme_credential
    token = await token_of(house, old)
    new = await house.retour.credentials.rotate(ACME, old.credential.client_id, 2)
    assert await call(house, old, token)
    assert await call(house, new, await token_of(house, new))
    late = await token_of(house, old)
    assert new.credential.old_until is not None
    now = new.credential.old_until
    monkeypatch.setattr(ids, "now", lambda: now)
    with pytest.raises(Unauthorized):
        await token_of(house, old)
    for ended in (token, late):
        with pytest.raises(Unauthorized):
            await call(house, old, ended)
    assert await call(house, new, await token_of(house, new))


async def test_without_an_overlap_the_secret_before_and_its_tokens_end_at_once(house: House) -> None:
    old = house.acme_credential
    token = await token_of(house, old)
    assert await call(house, old, token)
    new = await house.retour.credentials.rotate(ACME, old.credential.client_id, 0)
    with pytest.raises(Unauthorized, match="changed"):
        await call(house, old, token)
    with pytest.raises(Unauthorized):
        await token_of(house, old)
    assert await call(house, new, await token_of(house, new))


async def test_a_second_rotation_ends_the_first_secret(house: House) -> None:
    first, rotate = house.acme_credential, house.retour.credentials.rotate
    second = await rotate(ACME, first.credential.client_id, 24)
    await rotate(ACME, first.credential.client_id, 24)
    with pytest.raises(Unauthorized):
        await token_of(house, first)
    assert await token_of(house, second)


async def test_of_two_rotations_at_once_one_is_done(house: House) -> None:
    client_id = house.acme_credential.credential.client_id
    tries = [house.retour.credentials.rotate(ACME, client_id, 24) for _ in range(2)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(answer, NewCredential) for answer in answers) == 1
    assert sum(isinstance(answer, Changed) for answer in answers) == 1


async def test_a_revoked_credential_ends_at_once_with_its_tokens(house: House) -> None:
    made = house.acme_credential
    token = await token_of(house, made)
    assert await call(house, made, token)
    await house.retour.credentials.revoke(ACME, made.credential.client_id)
    with pytest.raises(Unauthorized, match="gone"):
        await call(house, made, token)
    with pytest.raises(Unauthorized):
        await token_of(house, made)
    with pytest.raises(NotFound):
        await house.retour.credentials.revoke(ACME, made.credential.client_id)


async def test_charlie_rotates_and_revokes_nothing_of_acme(house: House) -> None:
    client_id = house.acme_credential.credential.client_id
    for deed in (
        house.retour.credentials.rotate(OTHER, client_id, 0),
        house.retour.credentials.revoke(OTHER, client_id),
    ):
        with pytest.raises(NotFound):
            await deed
    assert await token_of(house, house.acme_credential)


@pytest.mark.parametrize("hours", [-1, 169, 10**6])
async def test_an_overlap_has_its_limits(house: House, hours: int) -> None:
    with pytest.raises(Invalid, match="can't be changed"):
        await house.retour.credentials.rotate(ACME, house.acme_credential.credential.client_id, hours)


async def test_the_last_use_is_noted_once_an_hour(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    made, now = house.acme_credential, ids.now()

    async def used() -> int | None:
        return (await house.retour.credentials.get(ACME, made.credential.client_id)).last_used_at

    assert await used() is None
    monkeypatch.setattr(ids, "now", lambda: now)
    token = await token_of(house, made)
    assert await used() == now
    monkeypatch.setattr(ids, "now", lambda: now + limits.CREDENTIAL_USE_NOTED - 1)
    await call(house, made, token)
    assert await used() == now
    later = now + limits.CREDENTIAL_USE_NOTED + limits.TOKEN_CACHE_SECONDS * limits.SECOND
    monkeypatch.setattr(ids, "now", lambda: later)
    await call(house, made, token)
    assert await used() == later


def test_which_secret_it_is_and_how_long_its_token_lives() -> None:
    credential = Credential(
        client_id="c",
        org=ACME,
        name="x",
        scopes=(Scope.READ,),
        secret_hash=hash_secret("new"),
        created_at=0,
        number=3,
        old_secret_hash=hash_secret("old"),
        old_until=100 * limits.SECOND,
    )
    now = 40 * limits.SECOND
    assert [secret_number(credential, word, now) for word in ("new", "old", "older", "")] == [
        3,
        2,
        None,
        None,
    ]
    assert secret_number(credential, "old", 100 * limits.SECOND) is None
    assert [is_good(credential, number, now) for number in (1, 2, 3, 4)] == [False, True, True, False]
    assert lifetime(credential, 3, now) == limits.TOKEN_SECONDS
    assert lifetime(credential, 2, now) == 60
