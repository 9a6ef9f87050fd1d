"""Organizations, sandboxes and people: made whole or not at all."""

from __future__ import annotations

import asyncio

import pytest

from cast import ACME, House
from retour.errors import Conflict, Invalid, NotFound
from retour.model import Role, SandboxType
from web.api.callers import rows

PROD = (("prod", SandboxType.PRODUCTION),)


@pytest.mark.parametrize("org", ["", "two words", "ünï", "a\nb", "a\x00", "x" * 101, "\x7f"])
async def test_an_organization_s_id_can_travel_in_a_header(house: House, org: str) -> None:
    before = rows(house)
    with pytest.raises(Invalid):
        await house.retour.organizations.create(org, "name", PROD)
    assert rows(house) == before


@pytest.mark.parametrize("name", ["", "-", "Prod", "a b", "a/b", "..", "x" * 65, "é", "a_b"])
async def test_a_sandbox_s_name_can_stand_in_a_path(house: House, name: str) -> None:
    with pytest.raises(Invalid):
        await house.retour.organizations.create("new@Org", "", ((name, SandboxType.PRODUCTION),))
    assert await house.retour.organizations.find("new@Org") is None


async def test_of_ten_made_at_once_one_is_there_with_all_its_sandboxes(house: House) -> None:
    before = rows(house)
    tries = [house.retour.organizations.create("new@Org", "", PROD) for _ in range(10)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(answer, Conflict) for answer in answers) == 9
    after = rows(house)
    assert (after["organization"] - before["organization"], after["sandbox"] - before["sandbox"]) == (1, 1)


async def test_an_organization_whose_sandbox_can_t_be_made_is_not_made(house: House) -> None:
    with pytest.raises(Conflict):
        await house.retour.organizations.create("new@Org", "", PROD + PROD)
    assert await house.retour.organizations.find("new@Org") is None


async def test_the_same_person_added_at_once_is_one_person(house: House) -> None:
    add = house.retour.people.add
    made = await asyncio.gather(*(add(ACME, "dan@acme.example", "Dan", Role.VIEWER) for _ in range(10)))
    assert len({user.id for user in made}) == 1
    members = await house.retour.people.members(ACME)
    assert [member.email for member in members].count("dan@acme.example") == 1


async def test_a_person_may_belong_to_two_organizations_in_two_roles(house: House) -> None:
    await house.retour.people.add("other@Org", "ANN@acme.example", "", Role.VIEWER)
    found = await house.retour.shelves.memberships(house.ann.id)
    assert {(place.org, place.role) for place in found} == {
        (ACME, Role.ADMINISTRATOR),
        ("other@Org", Role.VIEWER),
    }


@pytest.mark.parametrize(
    "email", ["", "x", "a@b@c", "a b@c.example", "a@b.example\n\nBcc: x", "\u202ea@b.example"]
)
async def test_a_person_has_an_address(house: House, email: str) -> None:
    before = rows(house)
    with pytest.raises(Invalid):
        await house.retour.people.add(ACME, email, "X", Role.VIEWER)
    assert rows(house) == before


@pytest.mark.parametrize("password", ["", "short", "x" * 11, "x" * 257])
async def test_a_password_has_a_length(house: House, password: str) -> None:
    with pytest.raises(Invalid):
        await house.retour.people.set_password(house.ann, "Ann", password)


async def test_nobody_unknown_is_changed(house: House) -> None:
    with pytest.raises(NotFound):
        await house.retour.people.close("nobody@acme.example", True)
    with pytest.raises(NotFound):
        await house.retour.people.sign_in_link("nobody@acme.example")
