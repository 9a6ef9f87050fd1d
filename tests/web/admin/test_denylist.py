"""SMS denylist on the pages: Ann changes it, Vera looks, Charlie sees nothing."""

from __future__ import annotations

import re

import httpx

from cast import until
from outside.https import Endpoint
from retour import ids, limits
from retour.audit import Deed, Noun
from retour.catalog.suppression import Given
from retour.suppression import EntryKind, ListName
from web.admin.desk import DEV, Desk

DENYLIST, SUPPRESSED, ALLOWED = (
    f"{DEV}/{path}" for path in ("sms-denylist", "suppression-list", "allowed-list")
)
NUMBER = "+31612345678"
VERA = {"value": "+31 (0)6-1234 5678", "comment": "Asked in the shop"}


async def hear(desk: Desk, text: str) -> None:
    """Vera answers a text message."""
    await desk.house.retour.opt_outs.heard(desk.house.dev.id, NUMBER, text, "Shop texts", ids.now())


async def deny(desk: Desk, *numbers: str) -> None:
    """By hand."""
    given = [Given(EntryKind.NUMBER, number) for number in numbers]
    await desk.house.retour.suppression.add(desk.house.dev, ListName.SUPPRESSED, given)


async def test_who_works_with_text_messages_finds_it_in_the_navigation(ann: httpx.AsyncClient) -> None:
    page = (await ann.get(DENYLIST)).text
    assert re.search(r'<a href="[^"]*/sms-denylist" aria-current="page">SMS denylist</a>', page)
    assert re.search(r'<a href="[^"]*/channel-configurations\?channel=sms">SMS settings</a>', page)
    assert "<h1>SMS denylist</h1>" in page
    assert "Nobody is on the SMS denylist of dev" in page
    assert "Edit suppression rules" not in page


async def test_ann_adds_a_number_and_deletes_it_after_a_question(desk: Desk, ann: httpx.AsyncClient) -> None:
    form = (await ann.get(f"{DENYLIST}/new")).text
    assert "<h1>Add number</h1>" in form
    assert "<select" not in form.partition("<form method")[2].partition("</form>")[0]
    answer = await ann.post(f"{DENYLIST}/new", data=VERA, follow_redirects=True)
    assert "Added. It holds for whatever is sent from now on." in answer.text
    row = rf"<b>{re.escape(NUMBER)}</b>.*Added by hand.*Asked in the shop.*ann@acme.example"
    assert re.search(row, answer.text)
    assert "Nobody is suppressed in dev" in (await ann.get(SUPPRESSED)).text
    (link,) = re.findall(r'href="([^"]*/delete)"', answer.text)
    question = (await ann.get(link)).text
    assert f"Delete {NUMBER} from the SMS denylist?" in question
    assert "opted out" not in question
    answer = await ann.post(link, follow_redirects=True)
    assert "Nobody is on the SMS denylist of dev" in answer.text
    entries = await desk.house.retour.audit.page(desk.house.dev, noun=Noun.SUPPRESSION)
    assert [(one.deed, one.subject) for one in entries] == [(Deed.REMOVED, NUMBER), (Deed.ADDED, NUMBER)]


async def test_what_is_no_number_is_said_at_its_field(ann: httpx.AsyncClient) -> None:
    sentence = "Enter a telephone number with + and the country code, as in +31612345678."
    for value in ("0612345678", "vera@luma.example", "+", "<b>"):
        answer = await ann.post(f"{DENYLIST}/new", data={"value": value, "comment": ""})
        assert answer.status_code == 422
        assert f'<a href="#value">{sentence}</a>' in answer.text
        assert "<b></b>" not in answer.text
    answer = await ann.post(f"{DENYLIST}/new", data={**VERA, "comment": "x" * 257})
    assert (answer.status_code, '<a href="#comment">' in answer.text) == (422, True)


async def test_a_page_takes_entries_of_its_own_kinds_only(desk: Desk, ann: httpx.AsyncClient) -> None:
    await ann.post(f"{DENYLIST}/new", data={**VERA, "kind": "address"})
    assert NUMBER in (await ann.get(DENYLIST)).text
    for path in (SUPPRESSED, ALLOWED):
        answer = await ann.post(f"{path}/new", data={"kind": "number", "value": NUMBER, "comment": ""})
        assert answer.status_code == 422
    assert (await ann.get(f"{SUPPRESSED}?kind=number")).status_code == 303
    (link,) = re.findall(r'href="([^"]*/delete)"', (await ann.get(DENYLIST)).text)
    assert (await ann.get(link.replace("sms-denylist", "suppression-list"))).status_code == 404


async def test_who_answered_stop_is_shown_with_the_word_and_asked_about(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    await hear(desk, "stop")
    page = (await ann.get(DENYLIST)).text
    assert re.search(rf"<b>{re.escape(NUMBER)}</b>.*Opt-out.*STOP.*Shop texts", page)
    (link,) = re.findall(r'href="([^"]*/delete)"', page)
    assert "Its owner has opted out" in (await ann.get(link)).text
    log = (await ann.get(f"{DEV}/audit")).text
    assert "Shop texts" in log
    (change,) = re.findall(r'href="([^"]*/audit/[^"]+)"[^>]*>Suppression added', log)
    assert "Shop texts (channel configuration)" in (await ann.get(change)).text


async def test_a_number_is_found_however_it_is_written(desk: Desk, ann: httpx.AsyncClient) -> None:
    await deny(desk, NUMBER, "+31687654321")
    for q in ("1234", "%2B31 6-12 34", "(12345678)", "06 1234 5678", "0031612345678", "%2B31 (0)6 1234"):
        page = (await ann.get(f"{DENYLIST}?q={q}")).text
        assert re.findall(r"<b>(.*?)</b>", page) == [NUMBER]
    assert "Nothing matches" in (await ann.get(f"{DENYLIST}?q=999")).text
    assert "Nothing matches" in (await ann.get(f"{DENYLIST}?cause=OPT_OUT")).text
    assert len(re.findall("<b>", (await ann.get(f"{DENYLIST}?cause=MANUAL")).text)) == 2


async def test_the_list_goes_on_page_by_page_and_is_counted_for_itself(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    await deny(desk, *(f"+316123450{number:02}" for number in range(limits.LIST_ROWS + 1)))
    mail = [Given(EntryKind.ADDRESS, "vera@luma.example")]
    await desk.house.retour.suppression.add(desk.house.dev, ListName.SUPPRESSED, mail)
    first = (await ann.get(DENYLIST)).text
    assert len(re.findall("<b>", first)) == limits.LIST_ROWS
    assert f"{limits.LIST_ROWS + 1} entries." in first
    (older,) = re.findall(r'href="([^"]*\?start=[^"]*)"', first)
    assert len(re.findall("<b>", (await ann.get(older)).text)) == 1
    assert "1 entry." in (await ann.get(SUPPRESSED)).text


async def test_each_list_is_downloaded_without_the_other(desk: Desk, ann: httpx.AsyncClient) -> None:
    await deny(desk, NUMBER)
    mail = [Given(EntryKind.ADDRESS, "vera@luma.example")]
    await desk.house.retour.suppression.add(desk.house.dev, ListName.SUPPRESSED, mail)
    answer = await ann.get(f"{DENYLIST}/csv")
    assert 'filename="sms-denylist.csv"' in answer.headers["content-disposition"]
    (_, line) = answer.text.splitlines()
    assert line.startswith(f"PHONE,'{NUMBER},MANUAL,")
    (_, line) = (await ann.get(f"{SUPPRESSED}/csv")).text.splitlines()
    assert line.startswith("EMAIL,vera@luma.example,")


async def test_a_file_of_numbers_is_uploaded(ann: httpx.AsyncClient) -> None:
    assert "PHONE,+31612345678,Asked in the shop" in (await ann.get(f"{DENYLIST}/upload")).text
    assert "TYPE is EMAIL or DOMAIN;" in (await ann.get(f"{ALLOWED}/upload")).text
    rows = f"TYPE,VALUE,COMMENT\nPHONE,{NUMBER},\nPHONE,0612345678,why\n".encode()
    answer = await ann.post(f"{DENYLIST}/upload", files={"file": ("numbers.csv", rows, "text/csv")})
    path = answer.headers["location"]

    async def over() -> bool:
        return "2 of 2 records handled" in (await ann.get(path)).text

    await until(over)
    page = (await ann.get(path)).text
    assert "1 added, 1 failed" in page
    assert re.search(r'numbers on the <a href="[^"]*/sms-denylist">SMS denylist</a>', page)
    assert NUMBER in (await ann.get(DENYLIST)).text
    assert "numbers.csv" in (await ann.get(f"{DENYLIST}/upload")).text
    assert "numbers.csv" not in (await ann.get(f"{ALLOWED}/upload")).text


async def test_vera_looks_and_changes_nothing(desk: Desk, ann: httpx.AsyncClient) -> None:
    await ann.post(f"{DENYLIST}/new", data=VERA)
    vera = await desk.browser("vera")
    page = (await vera.get(DENYLIST)).text
    assert NUMBER in page
    for button in ("Add number", "Upload CSV", "/delete"):
        assert button not in page
    assert (await vera.get(f"{DENYLIST}/csv")).status_code == 200
    assert (await vera.post(f"{DENYLIST}/new", data=VERA)).status_code == 403


async def test_charlie_sees_nothing(desk: Desk, ann: httpx.AsyncClient) -> None:
    await ann.post(f"{DENYLIST}/new", data=VERA)
    charlie = await desk.browser("charlie")
    for path in (DENYLIST, f"{DENYLIST}/csv", f"{DENYLIST}/new", f"{DENYLIST}/upload"):
        answer = await charlie.get(path)
        assert (answer.status_code, NUMBER in answer.text) == (404, False)


async def test_the_timeline_says_why_nothing_was_sent(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    house = desk.house
    await hear(desk, "STOP")
    campaign = await house.campaign(await house.simulated("sms"), channel="sms", identity_namespace="Phone")
    async with house.working():
        execution = await house.execute(campaign, NUMBER)
        message = (await house.retour.shelves.recipients(house.dev.id, execution.id))[0][0]

        async def over() -> bool:
            return bool(await house.retour.shelves.events(house.dev.id, message))

        await until(over)
    page = (await ann.get(f"{DEV}/messages/{message}")).text
    assert "SMSNoConsent (code 050104)" in page
    assert "it is on the SMS denylist" in page


async def test_the_event_reference_shows_the_code_of_text_messages(ann: httpx.AsyncClient) -> None:
    page = (await ann.get(f"{DEV}/event-reference?channel=sms&status=denylist")).text
    assert "SMSNoConsent" in page
    assert "EmailSuppressed" not in page
