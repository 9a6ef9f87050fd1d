"""`retour org`, `retour sandbox`: more organizations, and more sandboxes in them."""

from __future__ import annotations

import click

from retour.cli.operating import do, in_org
from retour.model import SandboxType

TYPES = click.Choice([kind.value for kind in SandboxType])


@click.group()
def org() -> None:
    """Organizations: customers with sandboxes and people of their own."""


@org.command("add")
@click.argument("id")
@click.option("--name", default="", help="How the pages call it; its id if it has none.")
def add_org(id: str, name: str) -> None:
    """Make an organization: letters, digits and @ . _ - are its id. Then add a sandbox and a user."""
    do("add_org", org=id, name=name)


@org.command("list")
def list_orgs() -> None:
    """List all organizations."""
    for row in do("orgs"):
        click.echo(f"{row['id']:<32} {row['created']}  {row['name']}")


@click.group()
def sandbox() -> None:
    """Sandboxes: separate spaces of an organization."""


@sandbox.command("add")
@click.argument("name")
@in_org
@click.option("--type", "kind", type=TYPES, default="development", show_default=True)
def add_sandbox(name: str, org: str, kind: str) -> None:
    """Make a sandbox; prints its id."""
    click.echo(do("add_sandbox", org=org, name=name, type=kind))


@sandbox.command("list")
@in_org
def list_sandboxes(org: str) -> None:
    """List the sandboxes of an organization."""
    for row in do("sandboxes", org=org):
        click.echo(f"{row['name']:<32} {row['type']:<12} {row['id']}")
