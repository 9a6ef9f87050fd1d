"""Suppression list and Allowed list on the pages: Ann changes them, Vera looks, Charlie sees nothing."""

from __future__ import annotations

import re

import httpx
import pytest

from cast import until
from outside.https import Endpoint
from retour import limits
from retour.audit import Deed, Noun
from retour.catalog.suppression import Given
from retour.stores import suppression_shelves
from retour.suppression import EntryKind, ListName
from web.admin.desk import DEV, Desk

SUPPRESSED, ALLOWED, UPLOADS = f"{DEV}/suppression-list", f"{DEV}/allowed-list", f"{DEV}/suppression-uploads"
VERA = {"kind": "address", "value": "Vera@LUMA.example", "comment": "Asked by telephone"}


async def test_ann_adds_an_address_and_deletes_it_after_a_question(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    assert "Nobody is suppressed in dev" in (await ann.get(SUPPRESSED)).text
    answer = await ann.post(f"{SUPPRESSED}/new", data=VERA, follow_redirects=True)
    assert "Added. It holds for whatever is sent from now on." in answer.text
    assert re.search(
        r"<b>vera@luma.example</b>.*Added by hand.*Asked by telephone.*ann@acme.example", answer.text
    )
    (link,) = re.findall(r'href="([^"]*/delete)"', answer.text)
    assert "Delete vera@luma.example from the suppression list?" in (await ann.get(link)).text
    answer = await ann.post(link, follow_redirects=True)
    assert "Nobody is suppressed in dev" in answer.text
    entries = await desk.house.retour.audit.page(desk.house.dev, noun=Noun.SUPPRESSION)
    assert [(one.deed, one.actor.name) for one in entries] == [
        (Deed.REMOVED, "ann@acme.example"),
        (Deed.ADDED, "ann@acme.example"),
    ]


async def test_what_is_wrong_is_said_at_its_field(ann: httpx.AsyncClient) -> None:
    for kind, value, sentence in (
        ("address", "nobody", "Enter an e-mail address, as in ann@luma.example."),
        ("domain", "luma", "Enter a domain, as in luma.example."),
    ):
        answer = await ann.post(f"{SUPPRESSED}/new", data={"kind": kind, "value": value, "comment": "x"})
        assert answer.status_code == 422
        assert f'<a href="#value">{sentence}</a>' in answer.text
        assert f'value="{value}"' in answer.text


async def test_the_list_is_filtered_and_goes_on_page_by_page(desk: Desk, ann: httpx.AsyncClient) -> None:
    suppression, dev = desk.house.retour.suppression, desk.house.dev
    many = [Given(EntryKind.ADDRESS, f"n{number:03}@luma.example") for number in range(limits.LIST_ROWS + 10)]
    await suppression.add(dev, ListName.SUPPRESSED, many)
    await suppression.add(dev, ListName.SUPPRESSED, [Given(EntryKind.DOMAIN, "100percent.example")])
    first = (await ann.get(SUPPRESSED)).text
    assert len(re.findall("<b>", first)) == limits.LIST_ROWS
    assert "100percent.example" in first
    (older,) = re.findall(r'href="([^"]*\?start=[^"]*)"', first)
    second = (await ann.get(older)).text
    assert len(re.findall("<b>", second)) == 11
    assert "Newest" in second
    assert len(re.findall("<b>", (await ann.get(f"{SUPPRESSED}?q=N00")).text)) == 10
    assert len(re.findall("<b>", (await ann.get(f"{SUPPRESSED}?kind=domain")).text)) == 1
    assert "Nothing matches" in (await ann.get(f"{SUPPRESSED}?cause=HARD")).text
    assert "Nothing matches" in (await ann.get(f"{SUPPRESSED}?q=%25")).text
    assert (await ann.get(f"{SUPPRESSED}?cause=x")).status_code == 303


async def test_the_whole_list_is_downloaded(desk: Desk, ann: httpx.AsyncClient) -> None:
    given = [
        Given(EntryKind.ADDRESS, "vera@luma.example", "=1+1"),
        Given(EntryKind.ADDRESS, "bob@luma.example"),
    ]
    await desk.house.retour.suppression.add(desk.house.dev, ListName.SUPPRESSED, given)
    lines = (await ann.get(f"{SUPPRESSED}/csv")).text.splitlines()
    assert lines[0].startswith("TYPE,VALUE,CAUSE")
    assert lines[2].startswith("EMAIL,vera@luma.example,MANUAL,,'=1+1,")
    assert len(lines) == 3


async def test_a_file_is_uploaded_and_its_errors_are_reported(ann: httpx.AsyncClient) -> None:
    rows = b"TYPE,VALUE,COMMENT\nEMAIL,one@luma.example,\nEMAIL,nobody,why\n"
    answer = await ann.post(f"{SUPPRESSED}/upload", files={"file": ("bounces.csv", rows, "text/csv")})
    path = answer.headers["location"]

    async def over() -> bool:
        return "2 of 2 records handled" in (await ann.get(path)).text

    await until(over)
    shown = (await ann.get(path)).text
    assert "1 added, 1 failed" in shown
    assert "Enter an e-mail address" in shown
    report = (await ann.get(path + "/csv")).text.splitlines()
    assert report[0] == "type,value,comments,failureReason"
    assert report[1].startswith('EMAIL,nobody,why,"Enter an e-mail address')
    assert "bounces.csv" in (await ann.get(f"{SUPPRESSED}/upload")).text
    assert "bounces.csv" not in (await ann.get(f"{ALLOWED}/upload")).text
    forgotten = await ann.post(path + "/delete", follow_redirects=True)
    assert "The upload is forgotten" in forgotten.text
    assert "one@luma.example" in (await ann.get(SUPPRESSED)).text


async def test_what_is_no_such_file_is_refused_on_the_page(ann: httpx.AsyncClient) -> None:
    for files in ({"file": ("x.csv", b"a,b\n", "text/csv")}, {"other": ("x.csv", b"", "text/csv")}):
        answer = await ann.post(f"{SUPPRESSED}/upload", files=files)
        assert answer.status_code == 422
        assert '<a href="#file">The first line of the file must be TYPE,VALUE,COMMENT.</a>' in answer.text


async def test_the_rules_are_edited(desk: Desk, ann: httpx.AsyncClient) -> None:
    path = f"{SUPPRESSED}/rules"
    assert 'value="5"' in (await ann.get(path)).text
    refused = await ann.post(path, data={"threshold": "21", "version": "0"})
    assert (refused.status_code, "Use 1 to 20." in refused.text, 'value="21"' in refused.text) == (
        422,
        True,
        True,
    )
    saved = await ann.post(path, data={"threshold": "7", "version": "0"}, follow_redirects=True)
    assert "7 soft errors" in saved.text
    stale = await ann.post(path, data={"threshold": "9", "version": "0"})
    assert (stale.status_code, "Somebody changed the rules meanwhile" in stale.text) == (412, True)
    (entry,) = await desk.house.retour.audit.page(desk.house.dev, noun=Noun.SUPPRESSION)
    assert (entry.before["soft_threshold"], entry.after["soft_threshold"]) == ("5", "7")


async def test_the_allowed_list_is_activated_with_a_warning(desk: Desk, ann: httpx.AsyncClient) -> None:
    path = f"{ALLOWED}/active"
    assert "No e-mail will be sent at all" in (await ann.get(path)).text
    await ann.post(f"{ALLOWED}/new", data=VERA)
    assert "One entry gets e-mail, and nobody else" in (await ann.get(path)).text
    on = await ann.post(path, data={"active": "1", "version": "0"}, follow_redirects=True)
    assert "Whoever is not on this list gets no e-mail from dev." in on.text
    assert (await desk.house.retour.suppression.rules(desk.house.dev)).allow_active
    again = await ann.post(path, data={"active": "1", "version": "0"})
    assert (again.status_code, "meanwhile" in again.text) == (412, True)
    off = await ann.post(path, data={"active": "0", "version": "1"}, follow_redirects=True)
    assert "Everybody gets e-mail from dev who is not suppressed." in off.text


async def test_an_active_and_empty_list_is_shown_as_the_brake_it_is(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    await desk.house.retour.suppression.activate(desk.house.dev, True, 0)
    assert "No e-mail is sent from dev" in (await ann.get(ALLOWED)).text


async def test_vera_looks_and_changes_nothing(desk: Desk, ann: httpx.AsyncClient) -> None:
    await ann.post(f"{SUPPRESSED}/new", data=VERA)
    vera = await desk.browser("vera")
    shown = (await vera.get(SUPPRESSED)).text
    assert "vera@luma.example" in shown
    for button in ("Add email or domain", "Edit suppression rules", "Upload CSV", "/delete"):
        assert button not in shown
    assert (await vera.get(f"{SUPPRESSED}/csv")).status_code == 200
    assert (await vera.post(f"{SUPPRESSED}/new", data=VERA)).status_code == 403
    assert (await vera.post(f"{ALLOWED}/active", data={"active": "1", "version": "0"})).status_code == 403


async def test_charlie_sees_nothing(desk: Desk, ann: httpx.AsyncClient) -> None:
    await ann.post(f"{SUPPRESSED}/new", data=VERA)
    charlie = await desk.browser("charlie")
    for path in (SUPPRESSED, f"{SUPPRESSED}/csv", ALLOWED, f"{SUPPRESSED}/new"):
        answer = await charlie.get(path)
        assert (answer.status_code, "vera@luma.example" in answer.text) == (404, False)


async def test_the_timeline_says_why_nothing_was_sent(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    house = desk.house
    await ann.post(f"{SUPPRESSED}/new", data={"kind": "domain", "value": "example.com", "comment": ""})
    campaign = await house.campaign(await house.simulated())
    async with house.working():
        execution = await house.execute(campaign, "delivered@example.com")
        message = (await house.retour.shelves.recipients(house.dev.id, execution.id))[0][0]

        async def over() -> bool:
            return bool(await house.retour.shelves.events(house.dev.id, message))

        await until(over)
    shown = (await ann.get(f"{DEV}/messages/{message}")).text
    assert "Left out: suppressed" in shown
    assert "DomainSuppressed (code 050105)" in shown
    assert "the domain of the address is on the suppression list" in shown


async def test_a_download_ends_after_so_many_and_says_so(
    desk: Desk, ann: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "EXPORT_ROWS", 2)
    monkeypatch.setattr(suppression_shelves, "CHUNK", 2)
    given = [Given(EntryKind.ADDRESS, f"{name}@luma.example") for name in ("one", "two", "three")]
    await desk.house.retour.suppression.add(desk.house.dev, ListName.SUPPRESSED, given)
    lines = (await ann.get(f"{SUPPRESSED}/csv")).text.splitlines()
    assert len(lines) == 4
    assert lines[-1].startswith("Cut off after 2 entries.")
