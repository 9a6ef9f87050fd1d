"""Users and roles: the list, an invitation from its form to the new person's first page, changes and their refusals."""

from __future__ import annotations

import re

import httpx
import pytest

from cast import ACME, ANN, OTHER
from retour.model import Role
from web.admin.desk import DEV, Desk, Read

USERS = f"{DEV}/users"
PASSWORD = "correct horse battery staple"
LINK = re.compile(r"http://127\.0\.0\.1:\d+(/admin/invitations/[\w-]{43})")


async def invited(ann: httpx.AsyncClient, email: str, role: str = "developer") -> str:
    """The path of the link that Ann copies."""
    answer = await ann.post(f"{USERS}/new", data={"email": email, "role": role})
    assert answer.status_code == 201, answer.text
    found = LINK.search(answer.text)
    assert found is not None
    return found[1]


async def test_the_list_shows_everybody_with_role_status_and_last_sign_in(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    await desk.house.retour.people.disable(ACME, desk.house.bob.id, True)
    await desk.house.retour.people.close("vera@acme.example", True)
    text = (await ann.get(USERS)).text
    for word in ("ann@acme.example", "bob@acme.example", "Administrator", "Developer", "Viewer", "Disabled"):
        assert word in text
    assert "Disabled by the operator" in text
    assert text.count("Never") == 2
    assert "charlie" not in text
    assert "Open invitations" not in text


async def test_from_an_invitation_to_the_new_person_s_first_page(desk: Desk, ann: httpx.AsyncClient) -> None:
    link = await invited(ann, "Dan@New.example")
    listed = (await ann.get(USERS)).text
    assert "dan@new.example" in listed
    assert link not in listed
    dan = await desk.stranger()
    for _ in range(2):
        assert "Join Acme" in (await dan.get(link)).text
    form = {"name": "Dan", "password": PASSWORD, "again": PASSWORD}
    joined = await dan.post(link, data=form)
    assert (joined.status_code, joined.headers["location"]) == (303, "/admin/acme@Org")
    page = await dan.get(joined.headers["location"], follow_redirects=True)
    assert "You belong to this organization now." in page.text
    assert "Account of Dan" in page.text
    assert (await dan.get(f"{DEV}/campaigns/new")).status_code == 200
    assert (await dan.get(USERS)).status_code == 403
    for browser in (dan, await desk.stranger()):
        assert (await browser.get(link)).status_code == 410
        assert (await browser.post(link, data=form)).status_code == 410


async def test_a_wrong_account_is_told_and_keeps_what_was_typed(desk: Desk, ann: httpx.AsyncClient) -> None:
    link, dan = await invited(ann, "dan@new.example"), await desk.stranger()
    for name, password, again, words in (
        ("Dan", PASSWORD, "another one", "not the same"),
        ("Dan", "short", "short", "12 to 256"),
        ("", PASSWORD, PASSWORD, "Enter a"),
    ):
        answer = await dan.post(link, data={"name": name, "password": password, "again": again})
        assert answer.status_code == 422
        assert words in answer.text
        assert Read(answer.text).data["name"] == [name]
        assert PASSWORD not in answer.text


async def test_somebody_with_an_account_has_to_sign_in_with_it(desk: Desk, ann: httpx.AsyncClient) -> None:
    link = await invited(ann, "charlie@other.example", "viewer")
    stranger = await desk.stranger()
    page = (await stranger.get(link)).text
    assert "has an account here" in page
    assert f"/admin/sign-in?next={link}" in page
    assert (await stranger.post(link, data={"name": "C", "password": PASSWORD, "again": PASSWORD})).headers[
        "location"
    ] == link
    assert "you are signed in as ann@acme.example" in (await ann.get(link)).text
    assert (await ann.post(link)).status_code == 403
    charlie = await desk.browser("charlie")
    assert "Join as charlie@other.example" in (await charlie.get(link)).text
    assert (await charlie.post(link)).status_code == 303
    assert (await charlie.get(f"{DEV}/overview")).status_code == 200
    assert (await charlie.get(USERS)).status_code == 403


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"email": "nobody", "role": "viewer"}, 422, "complete e-mail address"),
        ({"email": "", "role": "viewer"}, 422, "complete e-mail address"),
        ({"email": "dan@new.example", "role": "king"}, 422, "one of"),
        ({"email": "bob@acme.example", "role": "viewer"}, 409, "belongs to this organization already"),
    ],
)
async def test_who_can_t_be_invited_is_told_and_the_form_keeps_what_was_typed(
    ann: httpx.AsyncClient, form: dict[str, str], status: int, words: str
) -> None:
    answer = await ann.post(f"{USERS}/new", data=form)
    assert answer.status_code == status
    assert words in answer.text
    assert Read(answer.text).data["email"] == [form["email"]]


async def test_an_invitation_is_withdrawn(desk: Desk, ann: httpx.AsyncClient) -> None:
    link = await invited(ann, "dan@new.example")
    (one,) = await desk.house.retour.people.invitations(ACME)
    assert (await ann.post(f"{DEV}/invitations/{one.id}/withdraw")).headers["location"] == USERS
    assert (await (await desk.stranger()).get(link)).status_code == 410
    assert (await ann.post(f"{DEV}/invitations/{one.id}/withdraw")).status_code == 404


async def test_a_member_gets_another_role_is_shut_out_let_in_and_removed(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    bob, page = await desk.browser("bob"), f"{USERS}/{desk.house.bob.id}"
    assert (await ann.post(f"{page}/role", data={"role": "viewer"})).headers["location"] == USERS
    assert "Role changed." in (await ann.get(USERS)).text
    assert (await bob.get(f"{DEV}/campaigns/new")).status_code == 403
    assert (await ann.post(f"{page}/disable")).status_code == 303
    assert (await bob.get(f"{DEV}/overview")).status_code == 404
    assert "Enable" in (await ann.get(page)).text
    assert (await ann.post(f"{page}/enable")).status_code == 303
    assert (await bob.get(f"{DEV}/overview")).status_code == 200
    assert "Remove bob@acme.example?" in (await ann.get(f"{page}/remove")).text
    assert (await ann.post(f"{page}/remove")).status_code == 303
    assert (await bob.get(f"{DEV}/overview")).status_code == 404
    assert "No organization yet" in (await bob.get("/admin")).text
    assert (await ann.get(page)).status_code == 404


async def test_the_last_administrator_is_told_why_not(desk: Desk, ann: httpx.AsyncClient) -> None:
    page = f"{USERS}/{desk.house.ann.id}"
    assert "This is you." in (await ann.get(page)).text
    for deed in ("role", "disable", "remove"):
        answer = await ann.post(f"{page}/{deed}", data={"role": "viewer"})
        assert answer.status_code == 409
        assert "ann@acme.example is the last administrator of acme@Org." in answer.text
    assert (await ann.post(f"{page}/role", data={"role": "king"})).status_code == 422
    assert (await ann.get(USERS)).status_code == 200


async def test_whoever_takes_the_own_role_away_lands_where_they_may_be(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    await desk.house.retour.people.add(ACME, "eve@acme.example", "Eve", Role.ADMINISTRATOR)
    answer = await ann.post(f"{USERS}/{desk.house.ann.id}/role", data={"role": "viewer"})
    page = await ann.get(answer.headers["location"], follow_redirects=True)
    assert page.status_code == 200
    assert "Role changed." in page.text
    assert (await ann.get(USERS)).status_code == 403


async def test_ann_changes_nobody_of_another_organization(desk: Desk, ann: httpx.AsyncClient) -> None:
    page = f"{USERS}/{desk.house.charlie.id}"
    for path in (page, f"{page}/remove"):
        assert (await ann.get(path)).status_code == 404
    for deed in ("role", "disable", "enable", "remove"):
        assert (await ann.post(f"{page}/{deed}", data={"role": "viewer"})).status_code == 404
    await desk.house.retour.people.invite(OTHER, "dan@new.example", "viewer", ANN)
    (one,) = await desk.house.retour.people.invitations(OTHER)
    assert (await ann.post(f"{DEV}/invitations/{one.id}/withdraw")).status_code == 404


async def test_the_menu_shows_what_one_may_open(desk: Desk, ann: httpx.AsyncClient) -> None:
    vera = await desk.browser("vera")
    mine, hers = (await ann.get(f"{DEV}/overview")).text, (await vera.get(f"{DEV}/overview")).text
    for word in ("API credentials", "Users and roles", "Audit log"):
        assert word in mine
        assert word not in hers
    assert "Sandboxes" in hers
    refused = await vera.get(USERS)
    assert refused.status_code == 403
    assert "This needs the role Administrator; yours is Viewer." in refused.text
