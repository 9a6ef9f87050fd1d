"""A campaign shown with made-up data: the API request that runs it, and what a message would look like. Pure."""

from __future__ import annotations

import json
import shlex
from typing import Any

from retour.catalog.campaigns import compiled
from retour.errors import Invalid
from retour.model import Campaign, ChannelKind, Rendered, Sandbox
from retour.rendering import RenderTrouble

EMAIL, PHONE, OTHER = "jane.doe@example.com", "+15555550123", "customer-12345"
USER_IDS = {"email": EMAIL, "phone": PHONE}
PATH, HIGH_THROUGHPUT_PATH = "/ajo/im/executions/unitary", "/ajo/im/executions/highthroughput"
TOKEN_PATH = "/ims/token/v3"  # noqa: S105 - an address, no secret


def variables(campaign: Campaign) -> tuple[str, ...]:
    """What the content uses, as `context.order.id`; none while it has an error."""
    try:
        return compiled(campaign).variables
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


def request_body(campaign: Campaign) -> str:
    """The body of a call for one recipient."""
    kind = "aep" if campaign.create_new_profile and not campaign.high_throughput_mode else "external"
    user_id = USER_IDS.get(campaign.identity_namespace.lower(), OTHER)
    recipient = {"type": kind, "userId": user_id, "namespace": campaign.identity_namespace}
    body = {
        "requestId": "replace-with-an-id-of-your-own",
        "campaignId": campaign.id,
        "recipients": [recipient | _addresses(campaign.channel) | data(campaign)],
    }
    return json.dumps(body, indent=2, ensure_ascii=False)


def _addresses(channel: ChannelKind) -> dict[str, Any]:
    if channel is ChannelKind.EMAIL:
        return {"channelData": {"emailAddress": EMAIL}}
    return {"channelData": {"mobilePhoneNumber": PHONE}}


def request(base_url: str, sandbox: Sandbox, campaign: Campaign) -> str:
    """The cURL command; token and client id come from the shell's variables and are never printed."""
    path = HIGH_THROUGHPUT_PATH if campaign.high_throughput_mode else PATH
    lines = [
        f"curl -X POST {shlex.quote(base_url + path)}",
        '-H "Authorization: Bearer $ACCESS_TOKEN"',
        '-H "x-api-key: $CLIENT_ID"',
        f"-H {shlex.quote(f'x-gw-ims-org-id: {sandbox.org}')}",
        f"-H {shlex.quote(f'x-sandbox-name: {sandbox.name}')}",
        "-H 'Content-Type: application/json'",
        f"-d {_quoted(request_body(campaign))}",
    ]
    return " \\\n  ".join(lines)


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
