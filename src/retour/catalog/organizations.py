"""Organizations, sandboxes, people, API credentials: who there is and what belongs to whom."""

from __future__ import annotations

import asyncio

from retour import checks, ids, limits
from retour.errors import Code, Conflict, Field, Forbidden, Invalid, NotFound
from retour.model import Credential, Organization, Role, Sandbox, SandboxType, Scope, User, Value
from retour.passwords import hash_password, hash_secret
from retour.stores import Store
from retour.stores.handovers import Changed, Clash, Step
from retour.stores.shelves import Member, Shelves

ALL_SCOPES = (Scope.EXECUTE, Scope.CONFIGURE, Scope.READ)


class NewCredential(Value):
    """A credential just made, and its secret, which is shown this once."""

    credential: Credential
    secret: str


class Organizations:
    """Create and list organizations, sandboxes, people and credentials."""

    def __init__(self, store: Store, shelves: Shelves) -> None:
        self._store = store
        self._shelves = shelves

    async def create(
        self, org: str, name: str, sandboxes: tuple[tuple[str, SandboxType], ...]
    ) -> list[Sandbox]:
        """An organization with its sandboxes, in one step. Raises Invalid, Conflict when the id is taken."""
        now = ids.now()
        _check_org(org, sandboxes)
        made = [
            Sandbox(id=ids.new_id(), org=org, name=word, type=kind, created_at=now)
            for word, kind in sandboxes
        ]
        steps = [
            Step(statement="organization_insert", values={"id": org, "name": name or org, "created_at": now})
        ]
        for sandbox in made:
            values = {
                "id": sandbox.id,
                "org": org,
                "name": sandbox.name,
                "type": sandbox.type,
                "created_at": now,
            }
            steps.append(Step(statement="sandbox_insert", values=values))
        if isinstance(await self._store.write(Changed(steps=tuple(steps))), Clash):
            raise Conflict(Code.EXISTS, f"The organization {org} exists already.")
        return made

    async def find(self, org: str) -> Organization | None:
        """By its id."""
        return await self._shelves.organization(org)

    async def create_credential(
        self, org: str, name: str, scopes: tuple[Scope, ...] = ALL_SCOPES
    ) -> NewCredential:
        """A client id and a secret for the API."""
        secret = ids.new_secret(32)
        credential = Credential(
            client_id=ids.new_id().replace("-", ""),
            org=org,
            name=name,
            scopes=scopes,
            secret_hash=hash_secret(secret),
            created_at=ids.now(),
        )
        values = {
            "client_id": credential.client_id,
            "org": org,
            "name": name,
            "scopes": " ".join(scopes),
            "secret_hash": credential.secret_hash,
            "created_at": credential.created_at,
        }
        await self._store.write(Changed(steps=(Step(statement="credential_insert", values=values),)))
        return NewCredential(credential=credential, secret=secret)

    # --- people ---

    async def add_user(self, org: str, email: str, name: str, role: Role) -> User:
        """A person of an organization; one who is known already gets the role there."""
        email = checked_email(email)
        found = await self._shelves.user_by_email(email)
        user = found or User(
            id=ids.new_id(), email=email, name=name, password_hash=None, created_at=ids.now()
        )
        member = {"org": org, "person_id": user.id, "role": role}
        steps = [Step(statement="membership_put", values=member)]
        if found is None:
            values = {
                "id": user.id,
                "email": email,
                "name": name,
                "password_hash": None,
                "created_at": user.created_at,
            }
            steps.insert(0, Step(statement="person_insert", values=values))
        if isinstance(await self._store.write(Changed(steps=tuple(steps))), Clash):
            return await self.add_user(org, email, name, role)  # somebody else added the person meanwhile
        return user

    async def members(self, org: str) -> list[Member]:
        """The people of an organization."""
        return await self._shelves.members(org)

    async def disable_user(self, email: str, disabled: bool) -> User:
        """Close or open a person's access; open sessions end. Raises NotFound."""
        user = await self._user(email)
        steps = (
            Step(statement="person_disable", values={"id": user.id, "disabled": disabled}),
            Step(statement="sessions_of_delete", values={"person_id": user.id}),
        )
        await self._store.write(Changed(steps=steps))
        return user

    async def sign_in_link(self, email: str) -> str:
        """A token that signs this person in once, within SIGN_IN_LINK_SECONDS. Raises NotFound, Forbidden."""
        user = await self._user(email)
        if user.disabled:
            title = f"{user.email} is disabled. Let the person in again first: retour user disable --undo."
            raise Forbidden(Code.CLIENT_REFUSED, title)
        token = ids.new_secret(32)
        expires_at = ids.now() + limits.SIGN_IN_LINK_SECONDS * limits.SECOND
        values = {"hash": hash_secret(token), "person_id": user.id, "expires_at": expires_at}
        await self._store.write(Changed(steps=(Step(statement="sign_in_link_insert", values=values),)))
        return token

    async def set_password(self, user: User, name: str, password: str) -> None:
        """Every open session of the person ends. Raises Invalid when the password is too short or too long."""
        low, high = limits.PASSWORD_CHARACTERS
        if not low <= len(password) <= high:
            message = f"Use {low} to {high} characters."
            raise Invalid(Code.INVALID_FIELDS, message, (Field("password", message),), status=422)
        password_hash = await asyncio.to_thread(hash_password, password)
        values = {"id": user.id, "name": name or user.name, "password_hash": password_hash}
        steps = (
            Step(statement="person_password", values=values),
            Step(statement="sessions_of_delete", values={"person_id": user.id}),
        )
        await self._store.write(Changed(steps=steps))

    async def rename(self, user: User, name: str) -> None:
        """Another name for a person. Raises Invalid."""
        problems = checks.Problems()
        problems.add("name", checks.name(name, "person's"))
        problems.refuse("The account can't be saved like this.")
        values = {"id": user.id, "name": name, "password_hash": user.password_hash}
        await self._store.write(Changed(steps=(Step(statement="person_password", values=values),)))

    async def _user(self, email: str) -> User:
        user = await self._shelves.user_by_email(email.strip().lower())
        if user is None:
            raise NotFound(Code.NOT_FOUND, f"There is no person with the address {email}.")
        return user


def checked_email(email: str) -> str:
    """A person's address as it is kept. Raises Invalid."""
    kept = email.strip().lower()
    if not checks.email_address(kept):
        message = "Enter a complete e-mail address."
        raise Invalid(Code.INVALID_FIELDS, message, (Field("email", message),), status=422)
    return kept


def _check_org(org: str, sandboxes: tuple[tuple[str, SandboxType], ...]) -> None:
    problems = checks.Problems()
    good = org.isascii() and org.isprintable() and 0 < len(org) <= limits.NAME_CHARACTERS and " " not in org
    problems.need("org", good, "Use 1 to 100 printable ASCII characters without spaces.")
    for word, _ in sandboxes:
        plain = (
            word.isascii() and word.replace("-", "").isalnum() and word == word.lower() and len(word) <= 64
        )
        problems.need(
            "sandbox", plain, "A sandbox name has lower-case letters, digits and hyphens, 64 at most."
        )
    problems.refuse("The organization can't be made like this.")
