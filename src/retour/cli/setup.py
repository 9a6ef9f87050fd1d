"""`retour init`, `retour user`, `retour settings`: what an operator does on the service's own machine."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import click
import msgspec

from retour import app, config
from retour.client import ApiError, UnreachableError, ask_control, running_url
from retour.errors import ConfigError, Refused, StoreInUse

ROLES = ("viewer", "developer", "administrator")


@click.command()
@click.option("--org", default="myImsOrg", show_default=True, help="Id of the organization to make.")
@click.option("--sandbox", default="prod", show_default=True, help="Name of its production sandbox.")
@click.option("--email", default="admin@localhost", show_default=True, help="The first administrator.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def init(org: str, sandbox: str, email: str, as_json: bool) -> None:
    """Make an organization with two sandboxes, its first administrator and API credential."""
    settings = _settings()
    made = _do(settings, "init", org=org, sandbox=sandbox, email=email)
    _keep_for_client(settings, made)
    told = {
        "imsOrg": org,
        "sandboxId": made["sandboxes"][sandbox],
        "sandboxName": sandbox,
        "clientId": made["client_id"],
        "clientSecret": made["client_secret"],
        "adminUrl": _link(settings, made["sign_in_token"]),
    }
    click.echo(json.dumps(told) if as_json else _readable(told, made["sandboxes"], email))


def _readable(told: dict[str, str], sandboxes: dict[str, str], email: str) -> str:
    rows = "\n".join(f"  {name:<5} {row}" for name, row in sandboxes.items())
    return (
        f"Organization {told['imsOrg']} is ready. Sandboxes:\n{rows}\n"
        f"API credential, shown this once:\n  client id      {told['clientId']}\n"
        f"  client secret  {told['clientSecret']}\n"
        f"Sign in as {email} with this link, once, within an hour:\n  {told['adminUrl']}\n"
        "`dev` has a simulated channel configuration and a live sample campaign: try `retour send`."
    )


@click.group()
def user() -> None:
    """People who may sign in to the pages."""


@user.command()
@click.argument("email")
@click.option("--org", default="myImsOrg", show_default=True)
@click.option("--name", default="")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
def add(email: str, org: str, name: str, role: str) -> None:
    """Give a person a role in an organization; prints a sign-in link."""
    settings = _settings()
    click.echo(
        _link(settings, _do(settings, "add_user", org=org, email=email, name=name or email, role=role))
    )


@user.command()
@click.argument("email")
def link(email: str) -> None:
    """Print a sign-in link: works once, for an hour, also for somebody who is locked out."""
    settings = _settings()
    click.echo(_link(settings, _do(settings, "link", email=email)))


@user.command("list")
@click.option("--org", default="myImsOrg", show_default=True)
def list_users(org: str) -> None:
    """List the people of an organization."""
    for row in _do(_settings(), "users", org=org):
        click.echo(f"{row['email']:<32} {row['role']:<14} {row['state']:<9} {row['name']}")


@user.command()
@click.argument("email")
@click.option("--undo", is_flag=True, help="Let the person in again.")
def disable(email: str, undo: bool) -> None:
    """Close a person's access and end their sessions."""
    _do(_settings(), "disable", email=email, disabled=not undo)


@click.command()
def settings() -> None:
    """List every setting with its meaning and its value now; secrets are hidden."""
    now = _settings()
    for name, meaning in config.meanings().items():
        value = now.database_shown if name == "database" else getattr(now, name)
        shown = "(hidden)" if value and ("secret" in name or name == "alert_smtp") else str(value)
        click.echo(f"RETOUR_{name.upper():<22} {shown or '-'}\n    {meaning}")


def _settings() -> config.Settings:
    try:
        return config.load()
    except ConfigError as error:
        raise _failure(str(error)) from None


def _do(settings: config.Settings, deed: str, **words: Any) -> Any:
    """On the store itself, or by the running service when that one holds it."""
    try:
        return asyncio.run(_beside(settings, deed, words))
    except StoreInUse:
        return _by_service(settings, deed, words)
    except (ConfigError, Refused) as error:
        raise _failure(_sentence(error)) from None


async def _beside(settings: config.Settings, deed: str, words: dict[str, Any]) -> Any:
    retour = await app.build(settings)
    try:
        return msgspec.to_builtins(await getattr(retour.operator, deed)(**words))
    finally:
        await retour.close()


def _by_service(settings: config.Settings, deed: str, words: dict[str, Any]) -> Any:
    try:
        url = running_url(settings.data_dir) or settings.base_url
        return ask_control(url, app.control_token(settings), deed, words, settings.ca_file)
    except UnreachableError as error:
        raise _failure(str(error)) from None
    except ApiError as error:
        sentences = [text for text in error.context.values() if text.endswith(".")]
        raise _failure(" ".join(dict.fromkeys([error.title, *sentences]))) from None


def _sentence(error: Exception) -> str:
    if isinstance(error, Refused) and error.fields:
        return " ".join(dict.fromkeys([error.title, *(field.message for field in error.fields)]))
    return str(error)


def _failure(sentence: str) -> SystemExit:
    """Told in one line, without a traceback; exit status 2."""
    click.echo(f"retour: {sentence}", err=True)
    return SystemExit(2)


def _link(settings: config.Settings, token: str) -> str:
    return f"{settings.base_url}/admin/sign-in/{token}"


def _keep_for_client(settings: config.Settings, made: dict[str, Any]) -> None:
    """What `retour send` and `retour webhook` need on this machine; for its owner only."""
    kept = {
        "baseUrl": settings.base_url,
        "imsOrg": made["org"],
        "sandboxName": "dev",
        "clientId": made["client_id"],
        "clientSecret": made["client_secret"],
        "campaignId": made["campaign_id"],
    }
    path = Path(settings.data_dir) / "cli.json"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(kept, file)
