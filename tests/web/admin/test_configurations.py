"""Email settings and SMS settings."""

from __future__ import annotations

import httpx
import pytest

from outside.certificates import Authority
from outside.smtp import Conduct, relay
from retour.model import SmsSettings
from web.admin.desk import DEV, PROD, Desk, Read

LIST = f"{DEV}/channel-configurations"
SMTP = {
    "channel": "email",
    "name": "transactional-mail",
    "provider": "smtp",
    "sender_name": "Luma",
    "sender_email": "no-reply@luma.example",
    "retry_minutes": "0.5",
    "notices": "success",
    "host": "127.0.0.1",
    "port": "2525",
    "security": "none",
    "username": "luma",
    "password": "sesame",
    "connections": "4",
}


async def test_an_smtp_relay_is_saved_and_its_password_kept_but_never_shown(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    answer = await ann.post(f"{LIST}/new", data=SMTP)
    assert answer.headers["location"] == f"{LIST}?channel=email"
    (made,) = await desk.house.retour.configurations.list(desk.house.dev)
    assert made.smtp is not None
    assert made.email is not None
    assert (made.smtp.port, made.smtp.max_connections, made.email.retry_period_minutes) == (2525, 4, 0.5)
    edit = f"{LIST}/{made.id}/edit"
    page = (await ann.get(edit)).text
    assert "sesame" not in page
    await ann.post(edit, data=Read(page).data | {"name": "renamed"})
    (after,) = await desk.house.retour.configurations.list(desk.house.dev)
    assert after.smtp == made.smtp
    assert after.name == "renamed"
    forgotten = Read((await ann.get(edit)).text).data | {"forget_password": "on", "username": ""}
    await ann.post(edit, data=forgotten)
    (after,) = await desk.house.retour.configurations.list(desk.house.dev)
    assert after.smtp is not None
    assert after.smtp.password is None


async def test_a_simulated_one_asks_for_no_relay(desk: Desk, ann: httpx.AsyncClient) -> None:
    form = SMTP | {"provider": "simulated", "host": "", "port": "x"}
    assert (await ann.post(f"{LIST}/new", data=form)).status_code == 303
    sms = {"channel": "sms", "name": "text", "provider": "simulated", "sender_number": "+15550100"}
    answer = await ann.post(f"{LIST}/new", data=sms | {"retry_minutes": "10"})
    assert answer.headers["location"] == f"{LIST}?channel=sms"
    page = (await ann.get(answer.headers["location"])).text
    assert "+15550100" in page
    assert "transactional-mail" not in page
    assert "can’t be used by a live campaign" in (await ann.get(f"{PROD}/channel-configurations/new")).text


SMS = {
    "channel": "sms",
    "name": "text",
    "provider": "simulated",
    "sender_number": "LUMA",
    "retry_minutes": "10",
    "region": "nl",
    "most_parts": "3",
    "per_second": "0.5",
    "at_once": "4",
    "report_hours": "24",
    "repeat_uncertain": "on",
}


async def test_limits_of_text_messages_are_saved_and_shown(desk: Desk, ann: httpx.AsyncClient) -> None:
    await ann.post(f"{LIST}/new", data=SMS)
    (made,) = await desk.house.retour.configurations.list(desk.house.dev)
    assert made.sms == SmsSettings(
        sender_number="LUMA", retry_period_minutes=10, default_region="NL", max_parts=3, per_second=0.5, at_once=4,
        report_hours=24, repeat_uncertain=True,
    )  # fmt: skip
    edit = f"{LIST}/{made.id}/edit"
    await ann.post(edit, data=Read((await ann.get(edit)).text).data | {"name": "renamed"})
    (after,) = await desk.house.retour.configurations.list(desk.house.dev)
    assert (after.name, after.sms) == ("renamed", made.sms)
    form = Read((await ann.get(edit)).text).data
    del form["repeat_uncertain"]
    await ann.post(edit, data=form | {"per_second": "", "region": ""})
    (after,) = await desk.house.retour.configurations.list(desk.house.dev)
    assert after.sms is not None
    assert (after.sms.per_second, after.sms.default_region, after.sms.repeat_uncertain) == (None, None, False)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"sender_number": "12"}, "sms-senderNumber"),
        ({"region": "ZZ"}, "sms-defaultRegion"),
        ({"most_parts": "11"}, "sms-maxParts"),
        ({"per_second": "many"}, "sms-perSecond"),
        ({"at_once": "0"}, "sms-atOnce"),
        ({"report_hours": "200"}, "sms-reportHours"),
    ],
)
async def test_what_is_wrong_with_text_messages_is_said_at_its_field_and_the_part_of_the_form_is_open(
    desk: Desk, ann: httpx.AsyncClient, change: dict[str, str], place: str
) -> None:
    answer = await ann.post(f"{LIST}/new", data=SMS | change)
    assert answer.status_code == 422
    assert f"{place}-err" in Read(answer.text).ids
    assert ('<details class="adv" open>' in answer.text) == (place != "sms-senderNumber")
    assert await desk.house.retour.configurations.list(desk.house.dev) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"name": ""}, "name"),
        ({"sender_name": ""}, "email-senderName"),
        ({"sender_email": "nobody"}, "email-senderEmail"),
        ({"reply_to": "nobody"}, "email-replyToEmail"),
        ({"return_path": "a b"}, "email-returnPathDomain"),
        ({"retry_minutes": "long"}, "email-retryPeriodMinutes"),
        ({"notices": "all"}, "email-deliveryNotices"),
        ({"provider": "pigeon"}, "provider"),
        ({"host": "smtp://x"}, "smtp-host"),
        ({"port": "0"}, "smtp-port"),
        ({"port": "99999999999"}, "smtp-port"),
        ({"security": "ssl"}, "smtp-security"),
        ({"username": ""}, "smtp-username"),
        ({"connections": "many"}, "smtp-maxConnections"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    desk: Desk, ann: httpx.AsyncClient, change: dict[str, str], place: str
) -> None:
    typed = SMTP | change
    answer = await ann.post(f"{LIST}/new", data=typed)
    assert answer.status_code == 422
    page = Read(answer.text)
    assert f"{place}-err" in page.ids
    assert ("a", "href", f"#{place}") in page.attributes
    for name in typed.keys() - change.keys():
        assert page.data[name] == [typed[name]], name
    assert await desk.house.retour.configurations.list(desk.house.dev) == []


async def test_a_name_that_is_taken_is_told(ann: httpx.AsyncClient) -> None:
    await ann.post(f"{LIST}/new", data=SMTP)
    answer = await ann.post(f"{LIST}/new", data=SMTP)
    assert answer.status_code == 409
    assert "exists already" in answer.text
    assert Read(answer.text).data["host"] == ["127.0.0.1"]


async def test_a_stale_form_shows_both_values(desk: Desk, ann: httpx.AsyncClient) -> None:
    await ann.post(f"{LIST}/new", data=SMTP)
    (made,) = await desk.house.retour.configurations.list(desk.house.dev)
    edit = f"{LIST}/{made.id}/edit"
    form = Read((await ann.get(edit)).text).data
    await ann.post(edit, data=form | {"sender_name": "Theirs"})
    answer = await ann.post(edit, data=form | {"sender_name": "Mine"})
    assert answer.status_code == 412
    assert "Theirs" in answer.text
    assert (await ann.post(edit, data=Read(answer.text).data)).status_code == 303


async def test_an_unknown_channel_shows_email(ann: httpx.AsyncClient) -> None:
    assert (await ann.get(f"{LIST}?channel=pigeon")).status_code == 303
    assert "Sender email" in (await ann.get(f"{LIST}/new?channel=pigeon")).text


async def test_verify_says_what_the_relay_offers_and_sends_nothing(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    async with relay(Conduct(dsn=True)) as mx:
        configuration = await desk.house.relay(mx.port)
        answer = await ann.post(f"{LIST}/{configuration}/verify")
        assert answer.status_code == 200
        assert "The relay would take a message" in answer.text
        assert "None: messages travel in the clear" in answer.text
        assert "Offered (DSN)" in answer.text
        assert "bytes (SIZE)" in answer.text
        assert "Offered (SMTPUTF8)" in answer.text
        assert mx.messages == []
        assert mx.verbs() == ["EHLO", "QUIT"]


async def test_verify_tells_the_names_of_the_certificate_and_uses_the_saved_password(
    desk: Desk, ann: httpx.AsyncClient, authority: Authority
) -> None:
    conduct = Conduct(login=(b"luma", b"sesame"))
    async with relay(conduct, starttls=authority.server("127.0.0.1", "mail.luma.example")) as mx:
        configuration = await desk.house.relay(
            mx.port, security="starttls", username="luma", password="sesame"
        )
        text = (await ann.post(f"{LIST}/{configuration}/verify")).text
    assert "TLSv1." in text
    assert "mail.luma.example" in text
    assert "Accepted" in text
    assert "sesame" not in text


async def test_verify_tells_the_trouble_in_the_words_of_the_channel(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    async with relay(Conduct(answers={"220": "554 5.7.1 not you"})) as mx:
        configuration = await desk.house.relay(mx.port)
        text = (await ann.post(f"{LIST}/{configuration}/verify")).text
        port = mx.port
    assert "The relay would take no message" in text
    assert "554" in text
    gone = (await ann.post(f"{LIST}/{configuration}/verify")).text
    assert f"The relay 127.0.0.1:{port} can&#39;t be reached: connection refused." in gone


async def test_a_simulated_one_has_nothing_to_verify(desk: Desk, ann: httpx.AsyncClient) -> None:
    configuration = await desk.house.simulated()
    text = (await ann.get(f"{LIST}/{configuration}/edit")).text
    assert "/verify" not in text
    assert f'href="{DEV}/simulator?channel=email"' in text
    answer = await ann.post(f"{LIST}/{configuration}/verify")
    assert answer.status_code == 200
    assert "The relay would" not in answer.text


async def test_only_an_administrator_of_the_organization_verifies(desk: Desk, ann: httpx.AsyncClient) -> None:
    async with relay() as mx:
        configuration = await desk.house.relay(mx.port)
        for name, status in (("bob", 403), ("vera", 403), ("charlie", 404)):
            browser = await desk.browser(name)
            assert (await browser.post(f"{LIST}/{configuration}/verify")).status_code == status
        assert mx.connections == 0


async def test_the_form_says_what_will_be_learned(ann: httpx.AsyncClient) -> None:
    text = (await ann.get(f"{LIST}/new?channel=email")).text
    assert "What you will learn" in text
    assert "By mail that comes back: nothing" in text
