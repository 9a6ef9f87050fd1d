"""`retour init`, `retour settings`: what an operator does first, on the service's own machine."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from retour import config
from retour.cli.operating import do, link, read_settings


@click.command()
@click.option("--org", default="myImsOrg", show_default=True, help="Id of the organization to make.")
@click.option("--sandbox", default="prod", show_default=True, help="Name of its production sandbox.")
@click.option("--email", default="admin@localhost", show_default=True, help="The first administrator.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def init(org: str, sandbox: str, email: str, as_json: bool) -> None:
    """Make an organization with two sandboxes, its first administrator and API credential."""
    settings = read_settings()
    made = do("init", settings, org=org, sandbox=sandbox, email=email)
    _keep_for_client(settings, made)
    told = {
        "imsOrg": org,
        "sandboxId": made["sandboxes"][sandbox],
        "sandboxName": sandbox,
        "clientId": made["client_id"],
        "clientSecret": made["client_secret"],
        "adminUrl": link(settings, made["sign_in_token"]),
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


@click.command()
def settings() -> None:
    """List every setting with its meaning and its value now; secrets are hidden."""
    now = read_settings()
    for name, meaning in config.meanings().items():
        value = now.database_shown if name == "database" else getattr(now, name)
        shown = "(hidden)" if value and ("secret" in name or name == "alert_smtp") else str(value)
        click.echo(f"RETOUR_{name.upper():<22} {shown or '-'}\n    {meaning}")


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
