"""Commands that talk to a running service by its API: `listen`, `webhook`, `send`."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console

from retour import client, config, listening, receiving
from retour.client import ApiError, Client, UnreachableError
from retour.errors import ConfigError
from retour.listening import ListenFile
from retour.model import DEFAULT_EVENTS, FeedbackStatus

WEBHOOKS = "/ajo/config/feedback-webhooks"
EXECUTIONS = "/ajo/im/executions"
SAMPLE_CONTEXT = {"link": "https://luma.example/reset/sample"}  # what init's sample campaign asks for
SAMPLE_RECIPIENT = "delivered@example.com"
WAIT_SECONDS = 20.0
CREATE_ONE = "Create one: retour webhook --from-listen"
LOOK_SECONDS = 0.25  # between two looks at an execution
FINAL = ("delivered", "bounced", "error", "excluded")  # recipient.status after which nothing is awaited
ALL_EVENTS = [*FeedbackStatus]


class CannotBeginError(click.ClickException):
    """Something has to be there first; the sentence says what to do."""

    exit_code = 2


@contextmanager
def _said_plainly() -> Iterator[None]:
    """Expected trouble becomes a sentence and an exit code."""
    try:
        yield
    except ApiError as error:
        raise click.ClickException(str(error)) from error
    except (ConfigError, UnreachableError) as error:
        raise CannotBeginError(str(error)) from error


def _connect(service: str | None) -> Client:
    settings = config.load()
    return client.connect(settings.data_dir, service, settings.ca_file)


SERVICE = "Where the service is. Default: the running `retour serve`, else what `retour init` wrote."


# --- listen ---


@click.command()
@click.option("--port", default=8443, show_default=True, help="Port on 127.0.0.1; 0 takes a free one.")
@click.option("--org", help="Organization whose events are taken. Default: that of `retour init`.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def listen(port: int, org: str | None, as_json: bool) -> None:
    """Show feedback events as they arrive, verified, on this machine."""
    with _said_plainly():
        data_dir = config.load().data_dir
        credentials = client.read_credentials(data_dir)
        sock = listening.bind(port)
        file = listening.prepare(data_dir, sock.getsockname()[1], org or credentials.ims_org)
        screen = listening.Screen(Console(highlight=False), as_json)
        greet = partial(screen.begin, file, _data_dir_prefix())
        asyncio.run(listening.listen(data_dir, sock, screen, greet))


def _data_dir_prefix() -> str:
    """What another terminal needs to find the same data directory."""
    given = os.environ.get("RETOUR_DATA_DIR")
    return f"RETOUR_DATA_DIR={Path(given).absolute()} " if given else ""


# --- webhook ---


@click.command()
@click.option("--from-listen", is_flag=True, help="Register the endpoint of `retour listen`.")
@click.option("--url", metavar="URL", help="Register this HTTPS endpoint.")
@click.option("--jwt-secret", metavar="SECRET", help="Sign a JWT (HS256) with it: 32 characters or more.")
@click.option("--header", "headers", multiple=True, metavar="NAME=VALUE", help="A header to send along.")
@click.option("--name", default="Retour command line", show_default=True, help="Name of the webhook.")
@click.option("--replace", is_flag=True, help="Remove the one that is there, with what it still has pending.")
@click.option("--delete", is_flag=True, help="Remove it.")
@click.option("--show", is_flag=True, help="Show it.")
@click.option("--service", metavar="URL", help=SERVICE)
def webhook(
    from_listen: bool,
    url: str | None,
    jwt_secret: str | None,
    headers: tuple[str, ...],
    name: str,
    replace: bool,
    delete: bool,
    show: bool,
    service: str | None,
) -> None:
    """Create, replace, show or delete the feedback webhook of the development sandbox."""
    if [from_listen, url is not None, delete, show].count(True) != 1:
        raise click.UsageError("Choose one of --from-listen, --url URL, --show and --delete.")
    with _said_plainly():
        api = _connect(service)
        if show:
            _show(api)
        elif delete:
            _delete(api)
        elif from_listen:
            _register_listener(api, name, replace)
        else:
            _create(api, _webhook_body(name, url or "", jwt_secret, headers), replace)


def _show(api: Client) -> None:
    found = _registered(api)
    if found is None:
        raise click.ClickException(f"The sandbox {_sandbox(api)} has no feedback webhook. {CREATE_ONE}")
    rows = [
        ("Name", found["name"]),
        ("URL", found["url"]),
        ("Channels", ", ".join(found["channels"])),
        ("Events", ", ".join(found.get("events", []))),
        ("Authentication", _authentication(found.get("authentication") or {})),
        ("Headers", ", ".join(header["name"] for header in found.get("headers", [])) or "none"),
        ("Id", f"{found['id']} (version {found['version']})"),
    ]
    for label, value in rows:
        click.echo(f"{label:<15} {value}")


def _authentication(found: dict[str, Any]) -> str:
    return " ".join(str(found[key]) for key in ("type", "algorithm") if found.get(key)) or "none"


def _delete(api: Client) -> None:
    found = _registered(api)
    if found is None:
        raise click.ClickException(f"The sandbox {_sandbox(api)} has no feedback webhook.")
    api.delete(f"{WEBHOOKS}/{found['id']}")
    click.echo(f"Deleted the webhook “{found['name']}”. What it still had pending is cancelled.")


def _register_listener(api: Client, name: str, replace: bool) -> None:
    """Register what `listen.json` says; at the same address that needs no --replace."""
    data_dir = config.load().data_dir
    file = listening.read_listen(data_dir)
    if file is None:
        raise ConfigError("Nobody listens yet. Run `retour listen` in another terminal first.")
    found = _registered(api)
    ours = found is not None and found["url"] == file.url
    made = _create(api, _listener_body(name, file), replace or ours)
    complete = msgspec.structs.replace(file, webhook_id=made["id"], signing_secret=made.get("signingSecret"))
    listening.write_listen(data_dir, complete)
    click.echo("Try it: retour send")


def _create(api: Client, body: dict[str, Any], replace: bool) -> dict[str, Any]:
    """POST it. One that is there is removed first, if that was asked for."""
    found = _registered(api)
    if found is not None and not replace:
        there = f"“{found['name']}” at {found['url']}"
        raise click.ClickException(
            f"The sandbox {_sandbox(api)} has a webhook already, {there}. Add --replace to replace it."
        )
    if found is not None:
        api.delete(f"{WEBHOOKS}/{found['id']}")
    made: dict[str, Any] = api.post(WEBHOOKS, body)
    click.echo(f"Feedback events of the sandbox {_sandbox(api)} go to {made['url']}.")
    if made.get("signingSecret"):
        click.echo(f"Signing secret (shown once): {made['signingSecret']}")
    return made


def _registered(api: Client) -> dict[str, Any] | None:
    """The webhook of the sandbox; there is at most one."""
    found: list[dict[str, Any]] = api.get(WEBHOOKS)["data"]
    return found[0] if found else None


def _webhook_body(name: str, url: str, jwt_secret: str | None, headers: tuple[str, ...]) -> dict[str, Any]:
    authentication: dict[str, Any] = {"type": "none"}
    if jwt_secret is not None:
        claims = {"iss": listening.ISSUER}
        authentication = {"type": "jwt", "algorithm": "HS256", "secret": jwt_secret, "claims": claims}
    pairs = _pairs(headers, "--header")
    return _body(name, url, authentication, pairs, DEFAULT_EVENTS)


def _listener_body(name: str, file: ListenFile) -> dict[str, Any]:
    authentication = {
        "type": "jwt",
        "algorithm": file.algorithm,
        "secret": file.secret,
        "claims": file.claims,
    }
    return _body(name, file.url, authentication, [(file.header.name, file.header.value)], ALL_EVENTS)


def _body(
    name: str,
    url: str,
    authentication: dict[str, Any],
    headers: list[tuple[str, str]],
    events: Iterable[FeedbackStatus],
) -> dict[str, Any]:
    return {
        "name": name,
        "channels": ["email", "sms"],
        "url": url,
        "authentication": authentication,
        "headers": [{"name": header, "value": value, "secret": False} for header, value in headers],
        "events": list(events),
        "signed": True,
    }


def _pairs(given: tuple[str, ...], option: str) -> list[tuple[str, str]]:
    """`NAME=VALUE` as names and values."""
    pairs = []
    for text in given:
        name, equals, value = text.partition("=")
        if not (equals and name):
            raise click.UsageError(f"{option} {text}: write it as NAME=VALUE.")
        pairs.append((name, value))
    return pairs


def _sandbox(api: Client) -> str:
    return api.credentials.sandbox_name


# --- send ---


@click.command()
@click.option(
    "--to", default="delivered@example.com", show_default=True, help="E-mail address or phone number."
)
@click.option("--campaign", metavar="ID", help="Campaign. Default: the sample campaign of `retour init`.")
@click.option(
    "--context", "context", multiple=True, metavar="NAME=VALUE", help="A variable for the template."
)
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait for the outcome.")
@click.option("--url", "--service", "service", metavar="URL", help=SERVICE)
def send(to: str, campaign: str | None, context: tuple[str, ...], wait: bool, service: str | None) -> None:
    """Send one message through a campaign and show what becomes of it."""
    with _said_plainly():
        api = _connect(service)
        campaign_id = campaign or api.credentials.campaign_id
        if campaign_id is None:
            raise click.UsageError("Name a campaign: --campaign ID.")
        request_id = secrets.token_hex(16)
        variables = (SAMPLE_CONTEXT if campaign is None else {}) | dict(_pairs(context, "--context"))
        body = execution_body(request_id, campaign_id, to, variables)
        accepted = api.post(f"{EXECUTIONS}/unitary", body)
        click.echo(f"Accepted     {accepted['executionId']}  requestId {request_id}")
        if wait:
            _follow(api, accepted["executionId"])


def execution_body(request_id: str, campaign_id: str, to: str, context: dict[str, Any]) -> dict[str, Any]:
    """A request for one recipient; with an @ it is an e-mail address, else a phone number."""
    namespace, field = ("email", "emailAddress") if "@" in to else ("phone", "mobilePhoneNumber")
    recipient = {
        "type": "aep",
        "userId": to,
        "namespace": namespace,
        "channelData": {field: to},
        "context": context,
    }
    return {"requestId": request_id, "campaignId": campaign_id, "recipients": [recipient]}


def _follow(api: Client, execution_id: str) -> None:
    """Print each event of the recipient as it becomes known, until the last one or WAIT_SECONDS."""
    shown = 0
    end = time.monotonic() + WAIT_SECONDS
    while True:
        recipient = api.get(f"{EXECUTIONS}/{execution_id}")["recipients"][0]
        for event in recipient["events"][shown:]:
            click.echo(_event_line(event))
        shown = len(recipient["events"])
        if recipient["status"] in FINAL:
            return
        if time.monotonic() > end:
            break
        time.sleep(LOOK_SECONDS)
    click.echo(f"Still {recipient['status']} after {WAIT_SECONDS:.0f} s; more may follow.")


def _event_line(event: dict[str, Any]) -> str:
    """Status, time and, for what went wrong, AJO's code and reason."""
    word, _ = listening.BADGES.get(event["status"], (event["status"], ""))
    told = receiving.read_feedback(msgspec.json.encode(event.get("body"))) or receiving.Feedback()
    why = "" if told.failure_code is None else f"  code {told.failure_code} {told.failure_reason}"
    return f"{word:<12} {event['at']}{why}"


COMMANDS: list[click.Command] = [listen, webhook, send]
