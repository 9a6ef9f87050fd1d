"""Members and invitations: the last administrator stays, and nobody gets into somebody else's account."""

from __future__ import annotations

import asyncio

import pytest

from cast import ACME, ANN, OTHER, House
from retour import ids, limits
from retour.errors import Conflict, Forbidden, Invalid, NotFound
from retour.model import Actor, ActorKind, Role, User

PASSWORD = "correct horse battery staple"


async def eve(house: House) -> User:
    """A second administrator of Acme."""
    return await house.retour.people.add(ACME, "eve@acme.example", "Eve", Role.ADMINISTRATOR)


async def administrators(house: House) -> int:
    """How many of Acme's may come in."""
    members = await house.retour.people.members(ACME)
    return sum(one.role is Role.ADMINISTRATOR and not one.disabled for one in members)


async def test_the_last_administrator_is_not_demoted_disabled_removed_or_closed(house: House) -> None:
    people, ann = house.retour.people, house.ann.id
    deeds = (
        lambda: people.change_role(ACME, ann, "developer"),
        lambda: people.disable(ACME, ann, True),
        lambda: people.remove(ACME, ann),
        lambda: people.close("ann@acme.example", True),
        lambda: people.add(ACME, "ann@acme.example", "Ann", Role.VIEWER),
    )
    for deed in deeds:
        with pytest.raises(Conflict, match="last administrator"):
            await deed()
    assert await administrators(house) == 1
    assert (
        len(await house.retour.audit.page(house.dev, noun="user", actor="cli", limit=99)) == 3
    )  # Ann, Bob, Vera


async def test_an_administrator_who_may_not_come_in_does_not_count(house: House) -> None:
    people, other = house.retour.people, await eve(house)
    await people.disable(ACME, other.id, True)
    with pytest.raises(Conflict):
        await people.remove(ACME, house.ann.id)
    await people.disable(ACME, other.id, False)
    await people.close("eve@acme.example", True)
    with pytest.raises(Conflict):
        await people.change_role(ACME, house.ann.id, "viewer")
    await people.close("eve@acme.example", False)
    await people.change_role(ACME, house.ann.id, "viewer")
    assert await administrators(house) == 1


async def test_of_two_administrators_who_take_each_other_s_role_at_once_one_stays(house: House) -> None:
    people, other = house.retour.people, await eve(house)
    answers = await asyncio.gather(
        people.change_role(ACME, house.ann.id, "viewer"),
        people.remove(ACME, other.id),
        people.disable(ACME, house.ann.id, True),
        people.close("eve@acme.example", True),
        return_exceptions=True,
    )
    assert await administrators(house) == 1
    assert sum(answer is None for answer in answers) >= 1
    assert all(answer is None or isinstance(answer, Conflict | NotFound) for answer in answers)


async def test_shut_out_of_one_organization_is_not_shut_out_of_another(house: House) -> None:
    people = house.retour.people
    await people.add(OTHER, "bob@acme.example", "Bob", Role.VIEWER)
    await people.disable(ACME, house.bob.id, True)
    assert [place.org for place in await house.retour.shelves.memberships(house.bob.id)] == [OTHER]
    await people.disable(ACME, house.bob.id, False)
    assert len(await house.retour.shelves.memberships(house.bob.id)) == 2
    await people.remove(ACME, house.bob.id)
    assert [place.org for place in await house.retour.shelves.memberships(house.bob.id)] == [OTHER]


async def test_nobody_of_another_organization_is_changed(house: House) -> None:
    people = house.retour.people
    for deed in (people.remove(OTHER, house.bob.id), people.disable(OTHER, house.bob.id, True)):
        with pytest.raises(NotFound):
            await deed
    with pytest.raises(NotFound):
        await people.change_role(OTHER, house.bob.id, "administrator")
    with pytest.raises(Invalid):
        await people.change_role(ACME, house.bob.id, "king")


async def test_an_invitation_makes_one_account_once(house: House) -> None:
    people = house.retour.people
    token = await people.invite(ACME, " Dan@New.example", "developer", ANN)
    invitation = await people.invitation(token)
    assert invitation is not None
    assert (invitation.email, invitation.role, invitation.org_name) == (
        "dan@new.example",
        "developer",
        "Acme",
    )
    tries = [people.accept(token, "Dan", PASSWORD) for _ in range(5)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(answer, User) for answer in answers) == 1
    assert sum(isinstance(answer, NotFound | Conflict) for answer in answers) == 4
    member = await people.member_by_email(ACME, "dan@new.example")
    assert (member.name, member.role) == ("Dan", "developer")
    await house.retour.sessions.by_password("dan@new.example", PASSWORD)
    assert await people.invitations(ACME) == []


@pytest.mark.parametrize(("name", "password"), [("", PASSWORD), ("Dan", "short"), ("Dan", "x" * 257)])
async def test_what_can_t_be_an_account_leaves_the_invitation_open(
    house: House, name: str, password: str
) -> None:
    token = await house.retour.people.invite(ACME, "dan@new.example", "viewer", ANN)
    with pytest.raises(Invalid):
        await house.retour.people.accept(token, name, password)
    assert await house.retour.people.invitation(token) is not None


async def test_an_invitation_never_opens_an_account_that_is_there(house: House) -> None:
    """Ann may invite Charlie of Other Ltd. Her own link must not make her Charlie."""
    people = house.retour.people
    token = await people.invite(ACME, "charlie@other.example", "viewer", ANN)
    with pytest.raises(Conflict, match="Sign in"):
        await people.accept(token, "Charlie", PASSWORD)
    ann = Actor(kind=ActorKind.PERSON, id=house.ann.id, name="ann@acme.example")
    with pytest.raises(Forbidden, match="is for charlie"):
        await people.join(token, ann)
    charlie = Actor(kind=ActorKind.PERSON, id=house.charlie.id, name="charlie@other.example")
    await people.join(token, charlie)
    places = await house.retour.shelves.memberships(house.charlie.id)
    assert {(place.org, place.role) for place in places} == {(ACME, "viewer"), (OTHER, "administrator")}
    with pytest.raises(NotFound):
        await people.join(token, charlie)


async def test_an_invitation_ends_by_another_one_by_withdrawing_and_by_age(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = house.retour.people
    first = await people.invite(ACME, "dan@new.example", "viewer", ANN)
    second = await people.invite(ACME, "dan@new.example", "developer", ANN)
    assert await people.invitation(first) is None
    (open_one,) = await people.invitations(ACME)
    with pytest.raises(NotFound):
        await people.withdraw(OTHER, open_one.id, ANN)
    await people.withdraw(ACME, open_one.id, ANN)
    assert await people.invitation(second) is None
    third, now = await people.invite(ACME, "dan@new.example", "viewer", ANN), ids.now()
    monkeypatch.setattr(ids, "now", lambda: now + limits.INVITATION_AGE)
    assert await people.invitation(third) is None
    with pytest.raises(NotFound):
        await people.accept(third, "Dan", PASSWORD)
    await house.retour.upkeep.run(ids.now())
    assert await house.retour.store.read("invitations_of", org=ACME, now=0) == []


@pytest.mark.parametrize(
    ("email", "role", "error"),
    [
        ("nobody", "viewer", Invalid),
        ("dan@new.example", "king", Invalid),
        ("bob@acme.example", "viewer", Conflict),
    ],
)
async def test_who_can_t_be_invited(house: House, email: str, role: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await house.retour.people.invite(ACME, email, role, ANN)
    assert await house.retour.people.invitations(ACME) == []
