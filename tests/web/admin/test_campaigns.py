"""API triggered campaigns without a script: create, tabs, review, stop, duplicate, the request to copy."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from outside.https import Endpoint
from retour.catalog.inputs import BodyInput, ContentInput
from retour.model import CampaignStatus, ChannelKind
from retour.web.admin import samples
from web.admin.desk import DEV, Desk, Read

LIST = f"{DEV}/campaigns"
CONTENT = ContentInput(
    subject="Order {{context.order.id}}", html=BodyInput(body="<p>{{profile.name}} it's</p>")
)


async def test_a_campaign_from_nothing_to_live(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    configuration = await desk.house.simulated()
    await desk.house.webhook(receiver.url("/x"))
    made = await ann.post(f"{LIST}/new", data={"name": "Order confirmation", "channel": "email"})
    page = made.headers["location"].removesuffix("/actions")
    await save(ann, f"{page}/actions", {"configuration_id": configuration})
    await save(ann, f"{page}/content", {"subject": "Hello", "html": "<p>Hello</p>\r\n", "text": ""})
    await save(ann, f"{page}/audience", {"identity_namespace": "email", "enable_webhooks": "on"})
    await save(ann, f"{page}/schedule", {"start": "2026-01-01T09:00", "end": "2036-01-01T09:00"})
    assert "Activate" in (await ann.get(f"{page}/publish")).text
    answer = await ann.post(f"{page}/publish")
    assert answer.headers["location"] == f"{page}/api-request"
    (campaign,) = await desk.house.retour.campaigns.list(desk.house.dev)
    assert campaign.status is CampaignStatus.LIVE
    assert campaign.enable_webhooks
    assert not campaign.create_new_profile
    assert campaign.email is not None
    assert campaign.email.html == "<p>Hello</p>\n"
    assert campaign.start_at == 1_767_258_000_000_000


async def save(ann: httpx.AsyncClient, path: str, changes: dict[str, str]) -> None:
    """A tab with these values; switches that are not named are off."""
    version = Read((await ann.get(path)).text).data["version"]
    answer = await ann.post(path, data={"version": version, **changes})
    assert (answer.status_code, answer.headers["location"]) == (303, path)


async def test_a_tab_leaves_what_the_others_hold(desk: Desk, ann: httpx.AsyncClient) -> None:
    campaign = await desk.draft(content=CONTENT, enable_webhooks=True, description="Old")
    await save(ann, f"{LIST}/{campaign.id}/properties", {"name": "New name", "description": ""})
    after = await desk.house.retour.campaigns.get(desk.house.dev, campaign.id)
    assert (after.name, after.description) == ("New name", "")
    assert (after.email, after.enable_webhooks) == (campaign.email, True)


async def test_what_is_missing_is_listed_with_a_link_to_its_tab(desk: Desk, ann: httpx.AsyncClient) -> None:
    campaign = await desk.draft()
    page = f"{LIST}/{campaign.id}"
    for answer in (await ann.get(f"{page}/publish"), await ann.post(f"{page}/publish")):
        assert "3 things are missing" in answer.text
        assert f'<a href="{page}/actions">Actions</a>: Choose a channel configuration.' in answer.text
        assert f'<a href="{page}/content">Content</a>: Enter a subject line.' in answer.text
        assert ">Activate<" not in answer.text
    after = await desk.house.retour.campaigns.get(desk.house.dev, campaign.id)
    assert after.status is CampaignStatus.DRAFT


async def test_a_template_error_is_said_at_its_field_with_its_place(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    broken = ContentInput(subject="Hi", html=BodyInput(body="<p>\n{{#if context.a}}</p>"))
    campaign = await desk.draft(content=broken)
    answer = await ann.get(f"{LIST}/{campaign.id}/content")
    assert "content-html-body-err" in Read(answer.text).ids
    assert "Line 2, column" in answer.text
    assert (await ann.get(f"{LIST}/{campaign.id}/preview")).status_code == 200


@pytest.mark.parametrize(
    ("tab", "values", "sentence"),
    [
        ("properties", {"name": ""}, "Enter a campaign name."),
        ("schedule", {"start": "soon", "end": ""}, "Use an ISO date and time"),
        (
            "schedule",
            {"start": "2026-01-02T00:00", "end": "2026-01-01T00:00"},
            "The end must be after the start.",
        ),
    ],
)
async def test_what_is_wrong_is_said_and_what_was_typed_stays(
    desk: Desk, ann: httpx.AsyncClient, tab: str, values: dict[str, str], sentence: str
) -> None:
    campaign = await desk.draft()
    answer = await ann.post(f"{LIST}/{campaign.id}/{tab}", data={"version": "1", **values})
    assert answer.status_code == 422
    assert answer.text.count(sentence) == 2
    data = Read(answer.text).data
    assert {name: data[name] for name in values} == {name: [value] for name, value in values.items()}


async def test_a_new_campaign_needs_a_name(ann: httpx.AsyncClient) -> None:
    answer = await ann.post(f"{LIST}/new", data={"name": "", "channel": "sms", "description": "x"})
    assert answer.status_code == 422
    assert Read(answer.text).data["channel"] == ["sms"]


async def test_a_stale_tab_shows_both_values(desk: Desk, ann: httpx.AsyncClient) -> None:
    campaign = await desk.draft()
    page = f"{LIST}/{campaign.id}/content"
    await ann.post(page, data={"version": "1", "subject": "Theirs", "html": "", "text": ""})
    answer = await ann.post(page, data={"version": "1", "subject": "Mine", "html": "", "text": ""})
    assert answer.status_code == 412
    assert "Theirs" in answer.text
    data = Read(answer.text).data
    assert (data["subject"], data["version"]) == (["Mine"], ["2"])
    assert (await ann.post(page, data=data)).status_code == 303


async def test_the_audience_says_which_webhook_it_will_use(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    campaign = await desk.draft()
    page = f"{LIST}/{campaign.id}/audience"
    without = await ann.get(page)
    assert "No feedback webhook in dev" in without.text
    assert "enable_webhooks" not in Read(without.text).data
    assert ("input", "disabled", "") in Read(without.text).attributes
    await desk.house.webhook(receiver.url("/x"), name="Order status", channels=["sms"])
    with_one = (await ann.get(page)).text
    assert "Order status" in with_one
    assert "This webhook does not receive Email feedback." in with_one
    assert ("input", "disabled", "") not in Read(with_one).attributes


async def test_webhooks_that_are_on_stay_on_while_there_is_no_webhook(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    campaign = await desk.draft(enable_webhooks=True)
    page = f"{LIST}/{campaign.id}/audience"
    await ann.post(page, data=Read((await ann.get(page)).text).data)
    assert (await desk.house.retour.campaigns.get(desk.house.dev, campaign.id)).enable_webhooks


async def test_stop_asks_first_and_a_stopped_campaign_is_only_duplicated(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    campaign = await desk.house.campaign(await desk.house.simulated())
    page = f"{LIST}/{campaign.id}"
    assert "can’t be started again" in (await ann.get(f"{page}/stop")).text
    await ann.post(f"{page}/stop")
    stopped = (await ann.get(f"{page}/content")).text
    assert "Stopped" in stopped
    assert ">Save<" not in stopped
    assert (await ann.post(f"{page}/content", data={"version": "3", "subject": "x"})).status_code == 409
    assert (await ann.post(f"{page}/stop")).status_code == 409
    copy = (await ann.post(f"{page}/duplicate")).headers["location"]
    assert "(copy)" in (await ann.get(copy)).text


async def test_the_request_to_copy_names_every_variable_and_no_secret(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    campaign = await desk.draft(content=CONTENT)
    text = (await ann.get(f"{LIST}/{campaign.id}/api-request")).text
    assert "$ACCESS_TOKEN" in text
    assert "context.order.id" in text
    assert "Calls are refused until the campaign is activated." in text
    assert campaign.id in text
    assert desk.house.acme_credential.credential.client_id not in text


async def test_a_shell_reads_the_request_as_it_is_meant(desk: Desk) -> None:
    campaign = await desk.draft(content=CONTENT)
    command = samples.request("https://retour.example", desk.house.dev, campaign)
    arguments = await read_by_a_shell(command)
    assert "Authorization: Bearer a b" in arguments
    assert "x-gw-ims-org-id: acme@Org" in arguments
    (recipient,) = json.loads(arguments[arguments.index("-d") + 1])["recipients"]
    assert recipient["context"] == {"order": {"id": "id"}}
    assert recipient["profile"] == {"name": "name"}


async def test_high_throughput_mode_is_a_switch_for_e_mail_only(desk: Desk, ann: httpx.AsyncClient) -> None:
    mail, texts = await desk.draft(content=CONTENT), await desk.draft(channel="sms")
    assert "high_throughput_mode" not in (await ann.get(f"{LIST}/{texts.id}/audience")).text
    page = f"{LIST}/{mail.id}"
    assert "high_throughput_mode" not in Read((await ann.get(f"{page}/audience")).text).data
    await save(ann, f"{page}/audience", {"identity_namespace": "email", "high_throughput_mode": "on"})
    assert Read((await ann.get(f"{page}/audience")).text).data["high_throughput_mode"] == ["on"]
    told = "Line 1, column 6: &#39;profile.name&#39; can&#39;t be used. High throughput mode has no profiles"
    assert told in (await ann.get(f"{page}/content")).text
    await save(ann, f"{page}/content", {"subject": "Order {{context.order.id}}", "html": "<p>Hello</p>"})
    request = (await ann.get(f"{page}/api-request")).text
    assert samples.HIGH_THROUGHPUT_PATH in request
    assert samples.PATH not in request
    changed = await desk.house.retour.campaigns.get(desk.house.dev, mail.id)
    (recipient,) = json.loads(samples.request_body(changed))["recipients"]
    assert recipient["type"] == "external"


async def read_by_a_shell(command: str) -> list[str]:
    """What curl would get as its arguments."""
    script = command.replace("curl ", 'printf "%s\\0" ', 1)
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", script, env={"ACCESS_TOKEN": "a b", "CLIENT_ID": "c"}, stdout=asyncio.subprocess.PIPE
    )
    answer, _ = await process.communicate()
    return answer.decode().split("\0")


async def test_the_request_of_the_page_is_one_that_the_service_takes(desk: Desk) -> None:
    campaign = await desk.house.campaign(await desk.house.simulated(), content=CONTENT)
    program = await desk.stranger()
    made = desk.house.acme_credential
    client = {"client_id": made.credential.client_id, "client_secret": made.secret}
    token = await program.post(samples.TOKEN_PATH, data={"grant_type": "client_credentials", **client})
    headers = {
        "authorization": f"Bearer {token.json()['access_token']}",
        "x-api-key": made.credential.client_id,
        "x-gw-ims-org-id": "acme@Org",
        "x-sandbox-name": "dev",
    }
    answer = await program.post(samples.PATH, content=samples.request_body(campaign), headers=headers)
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("subject", "data"),
    [
        ("{{context.a}} {{context.a.b}}", {"context": {"a": {"b": "b"}}}),
        ("{{context.a.b}} {{context.a}}", {"context": {"a": {"b": "b"}}}),
        ("no variable", {}),
    ],
)
async def test_made_up_data_has_a_value_for_every_variable(
    desk: Desk, subject: str, data: dict[str, object]
) -> None:
    campaign = await desk.draft(content=ContentInput(subject=subject, html=BodyInput(body="x")))
    assert samples.data(campaign) == data


async def test_a_text_message_is_previewed_on_its_page(desk: Desk, ann: httpx.AsyncClient) -> None:
    campaign = await desk.draft(channel="sms", content=ContentInput(text="Code <{{context.code}}>"))
    assert campaign.channel is ChannelKind.SMS
    text = (await ann.get(f"{LIST}/{campaign.id}/content")).text
    assert "Code &lt;code&gt;" in text
    assert "iframe" not in text
    answer = await ann.get(f"{LIST}/{campaign.id}/nothing")
    assert answer.status_code == 404


# --- what is typed, before it is saved ---


async def test_a_preview_shows_what_is_typed_and_saves_nothing(desk: Desk, ann: httpx.AsyncClient) -> None:
    campaign = await desk.draft(content=CONTENT)
    form = {"version": "1", "subject": "x", "html": "<b style='color:red'>{{context.new}}</b>", "text": ""}
    answer = await ann.post(f"{LIST}/{campaign.id}/preview", data=form)
    assert answer.text == "<b style='color:red'>new</b>"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    page = (await ann.post(f"{LIST}/{campaign.id}/content", data=form | {"do": "preview"})).text
    assert "<code>context.new</code>" in page
    assert "context.order.id" not in page.replace("{{context.order.id}}", "")
    assert Read(page).data["html"] == [form["html"]]
    assert (await desk.house.retour.campaigns.get(desk.house.dev, campaign.id)) == campaign


async def test_a_preview_of_a_broken_template_says_where_it_breaks(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    campaign = await desk.draft(content=CONTENT)
    form = {"version": "1", "subject": "x", "html": "<p>\n  {{#each context.rows}}", "text": ""}
    framed = await ann.post(f"{LIST}/{campaign.id}/preview", data=form)
    assert "Line 2, column " in framed.text
    assert framed.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    page = (await ann.post(f"{LIST}/{campaign.id}/content", data=form | {"do": "preview"})).text
    assert 'id="content-html-body-err"' in page
    assert "Line 2, column " in page
    assert "They are listed once the content has no error." in page


async def test_only_who_may_change_the_content_previews_what_is_typed(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    campaign = await desk.draft(content=CONTENT)
    vera = await desk.browser("vera")
    assert (await vera.post(f"{LIST}/{campaign.id}/preview", data={"html": "x"})).status_code == 403
    page = (await vera.get(f"{LIST}/{campaign.id}/content")).text
    assert "data-preview" not in page
    assert f'src="{LIST}/{campaign.id}/preview"' in page
    charlie = await desk.browser("charlie")
    assert (await charlie.post(f"{LIST}/{campaign.id}/preview", data={"html": "x"})).status_code == 404


async def test_a_variable_says_whether_each_call_has_to_bring_it(desk: Desk, ann: httpx.AsyncClient) -> None:
    text = '{{context.code}} {%=context.name ?: "there" %}'
    campaign = await desk.draft(channel="sms", content=ContentInput(text=text))
    page = (await ann.get(f"{LIST}/{campaign.id}/content")).text
    assert '<code>context.code</code> <span class="subtle">each call has to bring it' in page
    assert '<code>context.name</code> <span class="subtle">may be left out' in page


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Your code is {{context.code}}", "17</span> characters · GSM-7"),
        ("Votre café", "10</span> characters · GSM-7"),
        ("Code – {{context.code}}", "11</span> characters · UCS-2"),
        ("a" * 161, 'GSM-7 · <span class="num">2</span> parts'),
        ("ж" * 71, 'UCS-2 · <span class="num">2</span> parts'),
    ],
)
async def test_a_text_message_is_counted_as_it_is_sent(
    desk: Desk, ann: httpx.AsyncClient, text: str, told: str
) -> None:
    campaign = await desk.draft(channel="sms", content=ContentInput(text="Hello"))
    form = {"version": "1", "text": text, "do": "preview"}
    assert told in (await ann.post(f"{LIST}/{campaign.id}/content", data=form)).text


@pytest.mark.parametrize(("most", "warned"), [(2, True), (3, False)])
async def test_a_text_of_more_parts_than_are_allowed_is_warned_of_before_anything_is_sent(
    desk: Desk, ann: httpx.AsyncClient, most: int, warned: bool
) -> None:
    texts = await desk.house.simulated("sms", max_parts=most)
    content = ContentInput(text="Hello")
    campaign = await desk.draft(channel="sms", content=content, channel_configuration_id=texts)
    page = f"{LIST}/{campaign.id}/content"
    assert "are more than" not in (await ann.get(page)).text
    typed = await ann.post(page, data={"version": "1", "text": "a" * 307, "do": "preview"})
    sentence = f"3 parts are more than the {most} that the channel configuration allows"
    assert (sentence in typed.text) == warned


# --- the request in every form ---


async def test_the_request_comes_in_four_forms_each_with_every_variable(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    campaign = await desk.draft(content=CONTENT)
    marks = {
        "curl": "curl -X POST",
        "http": "POST /ajo/im/executions/unitary HTTP/1.1",
        "python": "import json",
    }
    for word, mark in {**marks, "json": "{", "nothing": "curl -X POST"}.items():
        text = (await ann.get(f"{LIST}/{campaign.id}/api-request?as={word}")).text
        shown = text.split('<pre id="request"')[1].partition("</pre>")[0].partition(">")[2]
        assert shown.startswith(mark), word
        assert campaign.id in shown
        assert "order" in shown
        assert desk.house.acme_credential.credential.client_id not in shown


async def test_the_python_program_is_one(desk: Desk) -> None:
    content = ContentInput(
        subject="{{context.a}} {%#if context.b%}x{%/if%}", html=BodyInput(body='it\'s "{{context.c}}"')
    )
    campaign = await desk.draft(content=content)
    program = samples.python_program("https://retour.example", desk.house.dev, campaign)
    names: dict[str, object] = {}
    exec(compile(program.partition("headers =")[0], "page", "exec"), names)
    assert names["body"] == json.loads(samples.request_body(campaign))
    compile(program, "page", "exec")
