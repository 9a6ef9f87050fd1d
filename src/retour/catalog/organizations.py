"""Organizations and their sandboxes."""

from __future__ import annotations

import re

from retour import audit, checks, ids
from retour.audit import Deed, Noun, Place, Subject
from retour.errors import Code, Conflict, Field, Invalid, NotFound
from retour.model import COMMAND_LINE, Actor, Organization, Sandbox, SandboxType
from retour.stores import Store
from retour.stores.handovers import Changed, Clash, Step
from retour.stores.shelves import Shelves

ID = re.compile(r"[A-Za-z0-9@._-]{1,100}")  # travels in a header and stands in addresses
ID_RULE = "Use 1 to 100 letters (a to z), digits and the characters @ . _ -"
NAME = re.compile(r"(?!-+$)[a-z0-9-]{1,64}")
NAME_RULE = "A sandbox name has lower-case letters, digits and hyphens, 64 at most."


class Organizations:
    """Create and list organizations and sandboxes."""

    def __init__(self, store: Store, shelves: Shelves) -> None:
        self._store = store
        self._shelves = shelves

    async def create(
        self,
        org: str,
        name: str,
        sandboxes: tuple[tuple[str, SandboxType], ...],
        by: Actor = COMMAND_LINE,
    ) -> list[Sandbox]:
        """An organization with its sandboxes, in one step. Raises Invalid, Conflict when the id is taken."""
        now = ids.now()
        _check_org(org, name, sandboxes)
        made = [
            Sandbox(id=ids.new_id(), org=org, name=word, type=kind, created_at=now)
            for word, kind in sandboxes
        ]
        values = {"id": org, "name": name or org, "created_at": now}
        subject = Subject(Noun.ORGANIZATION, org, name or org)
        steps = [
            Step(statement="organization_insert", values=values),
            audit.entry(by, Place(org), Deed.CREATED, subject, None, {"name": name or org}),
        ]
        for sandbox in made:
            steps += _sandbox_steps(sandbox, by)
        if isinstance(await self._store.write(Changed(steps=tuple(steps))), Clash):
            raise Conflict(Code.EXISTS, f"The organization {org} exists already.")
        return made

    async def find(self, org: str) -> Organization | None:
        """By its id."""
        return await self._shelves.organization(org)

    async def get(self, org: str) -> Organization:
        """By its id. Raises NotFound."""
        found = await self.find(org)
        if found is None:
            raise NotFound(Code.NOT_FOUND, f"There is no organization {org}.")
        return found

    async def add_sandbox(self, org: str, name: str, kind: str, by: Actor = COMMAND_LINE) -> Sandbox:
        """Another sandbox of an organization. Raises NotFound, Invalid, Conflict when the name is taken."""
        await self.get(org)
        problems = checks.Problems()
        problems.need("name", NAME.fullmatch(name), NAME_RULE)
        problems.add("type", checks.one_of(kind, [*SandboxType], "The type"))
        problems.refuse("The sandbox can't be made like this.")
        made = Sandbox(id=ids.new_id(), org=org, name=name, type=SandboxType(kind), created_at=ids.now())
        if isinstance(await self._store.write(Changed(steps=_sandbox_steps(made, by))), Clash):
            message = f"{org} has a sandbox {name} already. Choose another name."
            raise Conflict(Code.EXISTS, message, (Field("name", message),))
        return made

    async def sandboxes(self, org: str) -> list[Sandbox]:
        """Of an organization, by name. Raises NotFound."""
        await self.get(org)
        return await self._shelves.sandboxes(org)

    async def list(self) -> list[Organization]:
        """All of them, for the operator."""
        return await self._shelves.organizations()


def _sandbox_steps(sandbox: Sandbox, by: Actor) -> tuple[Step, ...]:
    values = {
        "id": sandbox.id,
        "org": sandbox.org,
        "name": sandbox.name,
        "type": sandbox.type,
        "created_at": sandbox.created_at,
    }
    subject = Subject(Noun.SANDBOX, sandbox.id, sandbox.name)
    return (
        Step(statement="sandbox_insert", values=values),
        audit.entry(by, Place(sandbox.org), Deed.CREATED, subject, None, {"type": sandbox.type}),
    )


def _check_org(org: str, name: str, sandboxes: tuple[tuple[str, SandboxType], ...]) -> None:
    problems = checks.Problems()
    problems.need("org", ID.fullmatch(org), ID_RULE)
    if name:
        problems.add("name", checks.name(name, "organization's"))
    for word, _ in sandboxes:
        problems.need("sandbox", NAME.fullmatch(word), NAME_RULE)
    problems.refuse("The organization can't be made like this.")


def unknown(org: str) -> Invalid:
    """What the command line says of an organization that is not there."""
    message = f"There is no organization {org}. `retour init --org {org}` makes it."
    return Invalid(Code.INVALID_FIELDS, message, (Field("org", message),))
