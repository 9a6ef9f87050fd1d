"""What an operator does from the command line: organizations, sandboxes, people and their sign-in links, credentials.

Each takes the house's rooms and plain words, and gives plain words, so that it can run beside the store or inside the
service that holds it (web/control.py).
"""

from __future__ import annotations

from retour import ids
from retour.catalog.campaigns import Campaigns
from retour.catalog.configurations import Configurations
from retour.catalog.credentials import Credentials, NewCredential
from retour.catalog.inputs import (
    BodyInput,
    CampaignInput,
    ConfigurationInput,
    ContentInput,
    EmailInput,
)
from retour.catalog.organizations import Organizations, unknown
from retour.catalog.people import People, checked_email
from retour.errors import Code, Field, Invalid
from retour.model import Role, Sandbox, SandboxType, Value

SAMPLE_HTML = """<p>Hello {%=profile.person.name.firstName ?: "there" %},</p>
<p>Use this link to choose a new password: <a href="{{context.link}}">{{context.link}}</a></p>"""
SAMPLE_TEXT = """Hello {%=profile.person.name.firstName ?: "there" %},

Use this link to choose a new password: {{context.link}}"""


class FirstSteps(Value):
    """What `init` made: the organization, its sandboxes, a credential, a sign-in link's token, the sample campaign."""

    org: str
    sandboxes: dict[str, str]
    client_id: str
    client_secret: str
    sign_in_token: str
    campaign_id: str


class Operator:
    """The operator's deeds."""

    def __init__(
        self,
        organizations: Organizations,
        people: People,
        credentials: Credentials,
        configurations: Configurations,
        campaigns: Campaigns,
    ) -> None:
        self._organizations = organizations
        self._people = people
        self._credentials = credentials
        self._configurations = configurations
        self._campaigns = campaigns

    async def init(self, org: str, sandbox: str, email: str) -> FirstSteps:
        """An organization with a production sandbox and `dev`, its first administrator and credential.

        Raises Invalid before anything is made; Conflict when the organization is there.
        """
        checked_email(email)
        if sandbox == "dev":
            message = (
                "`dev` is made anyway, for trying things out. Choose another name for the production sandbox."
            )
            raise Invalid(Code.INVALID_FIELDS, message, (Field("sandbox", message),))
        kinds = ((sandbox, SandboxType.PRODUCTION), ("dev", SandboxType.DEVELOPMENT))
        made = {found.name: found for found in await self._organizations.create(org, org, kinds)}
        credential = await self._credentials.create(org, "first credential")
        await self._people.add(org, email, "Administrator", Role.ADMINISTRATOR)
        return FirstSteps(
            org=org,
            sandboxes={name: found.id for name, found in made.items()},
            client_id=credential.credential.client_id,
            client_secret=credential.secret,
            sign_in_token=await self._people.sign_in_link(email),
            campaign_id=await self._sample(made["dev"]),
        )

    # --- organizations and sandboxes ---

    async def add_org(self, org: str, name: str) -> None:
        """An organization without sandboxes and people yet."""
        await self._organizations.create(org, name, ())

    async def orgs(self) -> list[dict[str, str]]:
        """All organizations."""
        return [
            {"id": found.id, "name": found.name, "created": ids.iso(found.created_at)}
            for found in await self._organizations.list()
        ]

    async def add_sandbox(self, org: str, name: str, type: str) -> str:
        """A sandbox of an organization; its id."""
        await self._need(org)
        return (await self._organizations.add_sandbox(org, name, type)).id

    async def sandboxes(self, org: str) -> list[dict[str, str]]:
        """The sandboxes of an organization."""
        await self._need(org)
        return [
            {"id": found.id, "name": found.name, "type": found.type}
            for found in await self._organizations.sandboxes(org)
        ]

    # --- people ---

    async def add_user(self, org: str, email: str, name: str, role: str) -> str:
        """A person with a role in an organization; a sign-in link's token."""
        await self._need(org)
        await self._people.add(org, email, name, Role(role))
        return await self._people.sign_in_link(email)

    async def link(self, email: str) -> str:
        """A new sign-in link's token."""
        return await self._people.sign_in_link(email)

    async def disable(self, email: str, disabled: bool) -> None:
        """Close or open a person's account."""
        await self._people.close(email, disabled)

    async def change_role(self, org: str, email: str, role: str) -> None:
        """Another role in an organization."""
        await self._need(org)
        member = await self._people.member_by_email(org, email)
        await self._people.change_role(org, member.id, role)

    async def remove_user(self, org: str, email: str) -> None:
        """Take a person out of an organization."""
        await self._need(org)
        member = await self._people.member_by_email(org, email)
        await self._people.remove(org, member.id)

    async def users(self, org: str) -> list[dict[str, str]]:
        """The people of an organization."""
        await self._need(org)
        return [
            {
                "email": member.email,
                "name": member.name,
                "role": member.role,
                "state": "disabled" if member.disabled else "active",
                "signed_in": ids.iso(member.signed_in_at) if member.signed_in_at else "never",
            }
            for member in await self._people.members(org)
        ]

    # --- API credentials ---

    async def add_credential(self, org: str, name: str, scopes: list[str]) -> dict[str, str]:
        """A client id and its secret."""
        await self._need(org)
        return _secret(await self._credentials.create(org, name, scopes))

    async def rotate_credential(self, org: str, client_id: str, overlap_hours: int) -> dict[str, str]:
        """The client id and its new secret."""
        await self._need(org)
        return _secret(await self._credentials.rotate(org, client_id, overlap_hours))

    async def revoke_credential(self, org: str, client_id: str) -> None:
        """End it."""
        await self._need(org)
        await self._credentials.revoke(org, client_id)

    async def credentials(self, org: str) -> list[dict[str, str]]:
        """The API credentials of an organization."""
        await self._need(org)
        return [
            {
                "client_id": found.client_id,
                "name": found.name,
                "scopes": " ".join(found.scopes),
                "used": ids.iso(found.last_used_at) if found.last_used_at else "never",
            }
            for found in await self._credentials.list(org)
        ]

    async def _need(self, org: str) -> None:
        if await self._organizations.find(org) is None:
            raise unknown(org)

    async def _sample(self, sandbox: Sandbox) -> str:
        """A simulated channel configuration and a live campaign, so that the first call works."""
        configuration = await self._configurations.create(sandbox, _simulated())
        campaign = await self._campaigns.create(sandbox, _password_reset(configuration.id))
        await self._campaigns.publish(sandbox, campaign.id)
        return campaign.id


def _secret(made: NewCredential) -> dict[str, str]:
    return {"client_id": made.credential.client_id, "client_secret": made.secret}


def _simulated() -> ConfigurationInput:
    email = EmailInput(sender_name="Luma", sender_email="no-reply@luma.example")
    return ConfigurationInput(name="simulated-mail", channel="email", provider="simulated", email=email)


def _password_reset(configuration_id: str) -> CampaignInput:
    content = ContentInput(
        subject="Choose a new password", html=BodyInput(body=SAMPLE_HTML), text=BodyInput(body=SAMPLE_TEXT)
    )
    return CampaignInput(
        name="Password reset",
        description=f"A sample, made by `retour init` on {ids.iso(ids.now())[:10]}.",
        channel="email",
        channel_configuration_id=configuration_id,
        enable_webhooks=True,
        content=content,
    )
