"""A campaign shown with made-up data: the API request that runs it, and what a message would look like. Pure."""

from __future__ import annotations

import json
import shlex
from pprint import pformat
from typing import Any
from urllib.parse import urlsplit

from retour import segments
from retour.catalog.campaigns import compiled
from retour.errors import Invalid
from retour.model import Campaign, ChannelKind, Rendered, Sandbox, Value
from retour.rendering import RenderTrouble

EMAIL, PHONE, OTHER = "jane.doe@example.com", "+15555550123", "customer-12345"
USER_IDS = {"email": EMAIL, "phone": PHONE}
PATH, HIGH_THROUGHPUT_PATH = "/ajo/im/executions/unitary", "/ajo/im/executions/highthroughput"
TOKEN_PATH = "/ims/token/v3"  # noqa: S105 - an address, no secret


class Call(Value, frozen=True):
    """What a call brings of its own. address: empty for a made-up one."""

    request_id: str = "replace-with-an-id-of-your-own"
    address: str = ""


ANY = Call()


def variables(campaign: Campaign) -> tuple[str, ...]:
    """What the content uses, as `context.order.id`; none while it has an error."""
    try:
        return compiled(campaign).variables
    except Invalid:
        return ()


def required(campaign: Campaign) -> tuple[str, ...]:
    """Those without which a call is refused: written whatever else the data says, and without a default."""
    try:
        return compiled(campaign).required
    except Invalid:
        return ()


def data(campaign: Campaign) -> dict[str, Any]:
    """A value for each variable, of the kind that the content wants; nothing while it has an error."""
    try:
        return compiled(campaign).example
    except Invalid:
        return {}


def rendered(campaign: Campaign) -> Rendered | str:
    """The message with the names of its variables in their places, or a sentence why there is none."""
    try:
        return compiled(campaign).render(data(campaign))
    except Invalid as error:
        return " ".join(field.message for field in error.fields) or error.title
    except RenderTrouble as error:
        return str(error)


def counted(sample: Rendered | str) -> segments.Segments | None:
    """How the text message is counted, with the names of its variables in their places."""
    return None if isinstance(sample, str) else segments.count(sample.text or "")


def request_body(campaign: Campaign, call: Call = ANY) -> str:
    """The body of a call for one recipient."""
    return json.dumps(_body(campaign, call), indent=2, ensure_ascii=False)


def _body(campaign: Campaign, call: Call) -> dict[str, Any]:
    kind = "aep" if campaign.create_new_profile and not campaign.high_throughput_mode else "external"
    user_id = USER_IDS.get(campaign.identity_namespace.lower(), OTHER)
    recipient = {"type": kind, "userId": user_id, "namespace": campaign.identity_namespace}
    return {
        "requestId": call.request_id,
        "campaignId": campaign.id,
        "recipients": [recipient | _addresses(campaign.channel, call.address) | data(campaign)],
    }


def _addresses(channel: ChannelKind, address: str) -> dict[str, Any]:
    if channel is ChannelKind.EMAIL:
        return {"channelData": {"emailAddress": address or EMAIL}}
    return {"channelData": {"mobilePhoneNumber": address or PHONE}}


def request(base_url: str, sandbox: Sandbox, campaign: Campaign, call: Call = ANY) -> str:
    """The cURL command; token and client id come from the shell's variables and are never printed."""
    lines = [
        f"curl -X POST {shlex.quote(base_url + _path(campaign))}",
        '-H "Authorization: Bearer $ACCESS_TOKEN"',
        '-H "x-api-key: $CLIENT_ID"',
        f"-H {shlex.quote(f'x-gw-ims-org-id: {sandbox.org}')}",
        f"-H {shlex.quote(f'x-sandbox-name: {sandbox.name}')}",
        "-H 'Content-Type: application/json'",
        f"-d {_quoted(request_body(campaign, call))}",
    ]
    return " \\\n  ".join(lines)


def http_request(base_url: str, sandbox: Sandbox, campaign: Campaign) -> str:
    """The request as it goes over the wire."""
    lines = [
        f"POST {_path(campaign)} HTTP/1.1",
        f"Host: {urlsplit(base_url).netloc}",
        "Authorization: Bearer $ACCESS_TOKEN",
        "x-api-key: $CLIENT_ID",
        f"x-gw-ims-org-id: {sandbox.org}",
        f"x-sandbox-name: {sandbox.name}",
        "Content-Type: application/json",
    ]
    return "\n".join([*lines, "", request_body(campaign)])


PROGRAM = """import json
import os
import urllib.request

body = {body}
headers = {{
    "Authorization": f"Bearer {{os.environ['ACCESS_TOKEN']}}",
    "x-api-key": os.environ["CLIENT_ID"],
    "x-gw-ims-org-id": {org!r},
    "x-sandbox-name": {name!r},
    "Content-Type": "application/json",
}}
request = urllib.request.Request({url!r}, json.dumps(body).encode(), headers)
with urllib.request.urlopen(request) as answer:
    print(answer.status, answer.read().decode())
"""


def python_program(base_url: str, sandbox: Sandbox, campaign: Campaign) -> str:
    """The same in Python, which needs nothing but its standard library."""
    body = pformat(_body(campaign, ANY), sort_dicts=False)
    return PROGRAM.format(body=body, org=sandbox.org, name=sandbox.name, url=base_url + _path(campaign))


def requests(base_url: str, sandbox: Sandbox, campaign: Campaign) -> dict[str, tuple[str, str]]:
    """The call in every form that the page offers: a word for its address to its label and text."""
    return {
        "curl": ("cURL", request(base_url, sandbox, campaign)),
        "http": ("HTTP", http_request(base_url, sandbox, campaign)),
        "python": ("Python", python_program(base_url, sandbox, campaign)),
        "json": ("JSON", request_body(campaign)),
    }


def _path(campaign: Campaign) -> str:
    return HIGH_THROUGHPUT_PATH if campaign.high_throughput_mode else PATH


def token_request(base_url: str) -> str:
    """The cURL command for an access token."""
    lines = [
        f"curl -X POST {shlex.quote(base_url + TOKEN_PATH)}",
        "-d grant_type=client_credentials",
        '-d "client_id=$CLIENT_ID"',
        '--data-urlencode "client_secret=$CLIENT_SECRET"',
    ]
    return " \\\n  ".join(lines)


def _quoted(text: str) -> str:
    """For a shell, with `'` as `'\\''`, which reads better in JSON than shlex's way."""
    return "'" + text.replace("'", "'\\''") + "'"
