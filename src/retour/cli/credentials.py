"""`retour credential`: what programs sign in to the API with."""

from __future__ import annotations

import json

import click

from retour import limits
from retour.cli.operating import do, in_org
from retour.model import Scope

LOW, HIGH = limits.CREDENTIAL_OVERLAP_HOURS


@click.group()
def credential() -> None:
    """API credentials of an organization."""


@credential.command()
@click.argument("name")
@in_org
@click.option("--scope", "scopes", type=click.Choice([scope.value for scope in Scope]), multiple=True)
def add(name: str, org: str, scopes: tuple[str, ...]) -> None:
    """Make one, with every scope if none is named; prints client id and secret as JSON, the secret this once."""
    chosen = list(scopes) or [scope.value for scope in Scope]
    _told(do("add_credential", org=org, name=name, scopes=chosen))


@credential.command("list")
@in_org
def list_credentials(org: str) -> None:
    """List them, with their last use."""
    for row in do("credentials", org=org):
        click.echo(f"{row['client_id']:<34} {row['scopes']:<24} {row['used']:<25} {row['name']}")


@credential.command()
@click.argument("client_id")
@in_org
@click.option(
    "--overlap",
    type=click.IntRange(LOW, HIGH),
    default=24,
    show_default=True,
    help="Hours for which the secret before stays good, with the tokens that it got.",
)
def rotate(client_id: str, org: str, overlap: int) -> None:
    """Make a new secret; prints it as JSON, this once."""
    _told(do("rotate_credential", org=org, client_id=client_id, overlap_hours=overlap))


@credential.command()
@click.argument("client_id")
@in_org
def revoke(client_id: str, org: str) -> None:
    """End one, with the tokens that it got."""
    do("revoke_credential", org=org, client_id=client_id)


def _told(made: dict[str, str]) -> None:
    click.echo(json.dumps({"clientId": made["client_id"], "clientSecret": made["client_secret"]}))
