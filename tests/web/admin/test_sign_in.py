"""Signing in and out, the session, the account."""

from __future__ import annotations

import httpx
import pytest

from retour import ids, limits
from retour.passwords import hash_secret
from retour.stores.handovers import Changed, Step
from retour.web.admin.sessions import COOKIE, local
from web.admin.desk import DEV, Desk, Read

PASSWORD = "correct horse battery"


async def test_nobody_sees_a_page_without_a_session_and_comes_back_to_it_after_signing_in(desk: Desk) -> None:
    stranger = await desk.stranger()
    answer = await stranger.get(f"{DEV}/deliveries?status=pending")
    assert answer.status_code == 303
    form = Read((await stranger.get(answer.headers["location"])).text).data
    assert form["next"] == [f"{DEV}/deliveries?status=pending"]


async def test_a_password_signs_in_and_leads_to_the_page_that_was_asked_for(desk: Desk) -> None:
    await desk.house.retour.people.set_password(desk.house.ann, "Ann", PASSWORD)
    stranger = await desk.stranger()
    form = {"email": "Ann@acme.example ", "password": PASSWORD, "next": f"{DEV}/campaigns"}
    answer = await stranger.post("/admin/sign-in", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{DEV}/campaigns")
    assert (await stranger.get(f"{DEV}/campaigns")).status_code == 200


@pytest.mark.parametrize("email", ["ann@acme.example", "nobody@acme.example"])
async def test_a_wrong_password_and_an_unknown_person_are_told_in_the_same_words(
    desk: Desk, email: str
) -> None:
    await desk.house.retour.people.set_password(desk.house.ann, "Ann", PASSWORD)
    stranger = await desk.stranger()
    answer = await stranger.post("/admin/sign-in", data={"email": email, "password": "wrong password"})
    assert answer.status_code == 422
    assert "Email or password is wrong. Check both and try again." in answer.text
    assert "wrong password" not in answer.text
    assert Read(answer.text).data["email"] == [email]
    assert COOKIE not in stranger.cookies


async def test_too_many_tries_are_told_the_seconds_to_wait(desk: Desk) -> None:
    stranger = await desk.stranger()
    form = {"email": "ann@acme.example", "password": "wrong password"}
    for _ in range(limits.SIGN_IN_TRIES):
        await stranger.post("/admin/sign-in", data=form)
    answer = await stranger.post("/admin/sign-in", data=form)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert f"Wait {answer.headers['retry-after']} seconds" in answer.text


async def test_looking_at_a_link_does_not_use_it_up_and_using_it_does(desk: Desk) -> None:
    link = "/admin/sign-in/" + await desk.house.retour.people.sign_in_link("ann@acme.example")
    scanner, ann, thief = await desk.stranger(), await desk.stranger(), await desk.stranger()
    for _ in range(3):
        assert "Sign in as ann@acme.example" in (await scanner.get(link)).text
    assert COOKIE not in scanner.cookies
    answer = await ann.post(link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/account")
    assert (await thief.post(link)).status_code == 410
    assert (await thief.get(link)).status_code == 410
    assert (await thief.get("/admin/account")).status_code == 303


async def test_whoever_comes_by_a_link_sets_a_password_that_works_the_next_time(desk: Desk) -> None:
    ann = await desk.browser("ann")
    empty = await ann.post("/admin/account", data={"name": "Ann Miller", "password": "", "again": ""})
    assert empty.status_code == 422
    assert "Choose a password" in empty.text
    form = {"name": "Ann Miller", "password": PASSWORD, "again": PASSWORD}
    saved = await ann.post("/admin/account", data=form)
    assert saved.status_code == 303
    assert "Account of Ann Miller" in (await ann.get(f"{DEV}/overview")).text
    again = await desk.stranger()
    answer = await again.post("/admin/sign-in", data={"email": "ann@acme.example", "password": PASSWORD})
    assert answer.status_code == 303


async def test_a_new_password_needs_the_current_one_and_ends_every_other_session(desk: Desk) -> None:
    ann = await desk.browser("ann")
    await ann.post("/admin/account", data={"name": "Ann", "password": PASSWORD, "again": PASSWORD})
    elsewhere = await desk.stranger()
    await elsewhere.post("/admin/sign-in", data={"email": "ann@acme.example", "password": PASSWORD})
    form = {"name": "Ann", "current": "not this one", "password": PASSWORD + "!", "again": PASSWORD + "!"}
    refused = await ann.post("/admin/account", data=form)
    assert refused.status_code == 422
    assert "not your current password" in refused.text
    assert (await elsewhere.get(f"{DEV}/overview")).status_code == 200
    assert (await ann.post("/admin/account", data=form | {"current": PASSWORD})).status_code == 303
    assert (await elsewhere.get(f"{DEV}/overview")).status_code == 303
    assert (await ann.get(f"{DEV}/overview")).status_code == 200


async def test_a_name_alone_can_be_changed(desk: Desk) -> None:
    await desk.house.retour.people.set_password(desk.house.ann, "Ann", PASSWORD)
    ann = await desk.browser("ann")
    answer = await ann.post("/admin/account", data={"name": "Ann M.", "password": "", "again": ""})
    assert answer.status_code == 303
    user = await desk.house.retour.shelves.user(desk.house.ann.id)
    assert user is not None
    assert user.name == "Ann M."
    assert user.password_hash is not None


async def test_signing_in_makes_a_new_session_and_ends_the_one_the_browser_had(desk: Desk) -> None:
    retour = desk.house.retour
    ann = await desk.browser("ann")
    before = ann.cookies[COOKIE]
    await ann.post("/admin/sign-in/" + await retour.people.sign_in_link("ann@acme.example"))
    assert ann.cookies[COOKIE] != before
    assert await retour.sessions.identify(before) is None
    fixed = await desk.stranger()
    fixed.cookies.set(COOKIE, "chosen-by-somebody-else", domain="127.0.0.1")
    answer = await fixed.post("/admin/sign-in/" + await retour.people.sign_in_link("ann@acme.example"))
    assert "chosen-by-somebody-else" not in answer.headers["set-cookie"]
    assert await retour.sessions.identify("chosen-by-somebody-else") is None


async def test_a_session_that_has_run_out_is_none(desk: Desk) -> None:
    now = ids.now()
    values = {"hash": hash_secret("old"), "person_id": desk.house.ann.id, "created_at": now - limits.DAY}
    values |= {"expires_at": now - 1, "agent": "", "address": ""}
    step = Step(statement="session_insert", values=values)
    await desk.house.retour.store.write(Changed(steps=(step,)))
    stranger = await desk.stranger()
    stranger.cookies.set(COOKIE, "old", domain="127.0.0.1")
    assert (await stranger.get(f"{DEV}/overview")).status_code == 303


async def test_signing_out_ends_the_session(ann: httpx.AsyncClient, desk: Desk) -> None:
    token = ann.cookies[COOKIE]
    assert (await ann.post("/admin/sign-out")).headers["location"] == "/admin/sign-in"
    assert await desk.house.retour.sessions.identify(token) is None
    assert COOKIE not in ann.cookies


async def test_the_cookie_is_for_this_site_and_for_no_script(desk: Desk) -> None:
    stranger = await desk.stranger()
    link = await desk.house.retour.people.sign_in_link("ann@acme.example")
    cookie = (await stranger.post(f"/admin/sign-in/{link}")).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/;" in cookie + ";"
    assert "secure" not in cookie  # the house of the tests is plain HTTP on this machine


ELSEWHERE = (
    "",
    "/elsewhere",
    "/adminx/y",
    "https://evil.example/",
    "//evil.example/admin/",
    "/\\evil.example",
    "/admin/\\x",
    "/admin/x\r\nset-cookie: a=b",
    "http://[",
    "javascript:alert(1)",
)


@pytest.mark.parametrize("path", ELSEWHERE)
def test_the_way_back_after_signing_in_is_always_one_of_our_pages(path: str) -> None:
    assert local(path) == "/admin"


async def test_the_account_lists_sessions_and_ends_the_others(desk: Desk, ann: httpx.AsyncClient) -> None:
    elsewhere = await desk.stranger()
    elsewhere.headers["user-agent"] = "Phone <script>" + "x" * limits.AGENT_CHARACTERS
    await elsewhere.post("/admin/sign-in/" + await desk.house.retour.people.sign_in_link("ann@acme.example"))
    bob = await desk.browser("bob")
    page = (await ann.get("/admin/account")).text
    assert page.count("<b>This session</b>") == 1
    assert "Phone &lt;script&gt;" in page
    assert "x" * limits.AGENT_CHARACTERS not in page
    answer = await ann.post("/admin/account/sessions")
    assert answer.headers["location"] == "/admin/account"
    page = (await ann.get("/admin/account")).text
    assert "Signed out everywhere but here." in page
    assert "Sign out elsewhere" not in page
    assert (await elsewhere.get(f"{DEV}/overview")).status_code == 303
    assert (await ann.get(f"{DEV}/overview")).status_code == 200
    assert (await bob.get(f"{DEV}/overview")).status_code == 200
