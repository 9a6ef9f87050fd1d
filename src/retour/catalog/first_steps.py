"""What an operator does from the command line: the first organization, people and their sign-in links.

Each takes the house's rooms and plain words, and gives plain words, so that it can run beside the store or inside the
service that holds it (web/control.py).
"""

from __future__ import annotations

from retour import ids
from retour.catalog.campaigns import Campaigns
from retour.catalog.configurations import Configurations
from retour.catalog.inputs import (
    BodyInput,
    CampaignInput,
    ConfigurationInput,
    ContentInput,
    EmailInput,
)
from retour.catalog.organizations import Organizations, checked_email
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
        self, organizations: Organizations, configurations: Configurations, campaigns: Campaigns
    ) -> None:
        self._organizations = organizations
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
        credential = await self._organizations.create_credential(org, "first credential")
        await self._organizations.add_user(org, email, "Administrator", Role.ADMINISTRATOR)
        return FirstSteps(
            org=org,
            sandboxes={name: found.id for name, found in made.items()},
            client_id=credential.credential.client_id,
            client_secret=credential.secret,
            sign_in_token=await self._organizations.sign_in_link(email),
            campaign_id=await self._sample(made["dev"]),
        )

    async def add_user(self, org: str, email: str, name: str, role: str) -> str:
        """A person with a role in an organization; a sign-in link's token."""
        await self._need(org)
        await self._organizations.add_user(org, email, name, Role(role))
        return await self._organizations.sign_in_link(email)

    async def link(self, email: str) -> str:
        """A new sign-in link's token."""
        return await self._organizations.sign_in_link(email)

    async def disable(self, email: str, disabled: bool) -> None:
        """Close or open a person's access."""
        await self._organizations.disable_user(email, disabled)

    async def users(self, org: str) -> list[dict[str, str]]:
        """The people of an organization."""
        await self._need(org)
        return [
            {
                "email": member.email,
                "name": member.name,
                "role": member.role,
                "state": "disabled" if member.disabled else "active",
            }
            for member in await self._organizations.members(org)
        ]

    async def _need(self, org: str) -> None:
        if await self._organizations.find(org) is None:
            message = f"There is no organization {org}. `retour init --org {org}` makes it."
            raise Invalid(Code.INVALID_FIELDS, message, (Field("org", message),))

    async def _sample(self, sandbox: Sandbox) -> str:
        """A simulated channel configuration and a live campaign, so that the first call works."""
        configuration = await self._configurations.create(sandbox, _simulated())
        campaign = await self._campaigns.create(sandbox, _password_reset(configuration.id))
        await self._campaigns.publish(sandbox, campaign.id)
        return campaign.id


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
