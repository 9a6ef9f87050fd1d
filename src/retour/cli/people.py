"""`retour user`: people, their roles, and the way in for somebody who is locked out."""

from __future__ import annotations

import click

from retour.cli.operating import do, in_org, link, read_settings
from retour.model import Role

ROLES = click.Choice([role.value for role in Role])


@click.group()
def user() -> None:
    """People who may sign in to the pages."""


@user.command()
@click.argument("email")
@in_org
@click.option("--name", default="")
@click.option("--role", type=ROLES, default="viewer", show_default=True)
def add(email: str, org: str, name: str, role: str) -> None:
    """Give a person a role in an organization; prints a sign-in link."""
    settings = read_settings()
    click.echo(link(settings, do("add_user", settings, org=org, email=email, name=name or email, role=role)))


@user.command("link")
@click.argument("email")
def sign_in_link(email: str) -> None:
    """Print a sign-in link: works once, for an hour, also for somebody who is locked out."""
    settings = read_settings()
    click.echo(link(settings, do("link", settings, email=email)))


@user.command("list")
@in_org
def list_users(org: str) -> None:
    """List the people of an organization, with their last sign-in."""
    for row in do("users", org=org):
        told = f"{row['email']:<32} {row['role']:<14} {row['state']:<9} {row['signed_in']:<25} {row['name']}"
        click.echo(told)


@user.command()
@click.argument("email")
@click.argument("role", type=ROLES)
@in_org
def role(email: str, role: str, org: str) -> None:
    """Give a member of an organization another role."""
    do("change_role", org=org, email=email, role=role)


@user.command()
@click.argument("email")
@in_org
def remove(email: str, org: str) -> None:
    """Take a person out of an organization. The account stays."""
    do("remove_user", org=org, email=email)


@user.command()
@click.argument("email")
def disable(email: str) -> None:
    """Close a person's account, in every organization, and end the sessions."""
    do("disable", email=email, disabled=True)


@user.command()
@click.argument("email")
def enable(email: str) -> None:
    """Let a person in again."""
    do("disable", email=email, disabled=False)
