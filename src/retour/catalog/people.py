"""People: who belongs to an organization and as what, invitations, sign-in links, passwords.

A person may belong to several organizations, each with administrators of its own: these change what the person is in
their organization and never the account. The last administrator of an organization stays.
"""

from __future__ import annotations

import asyncio
from typing import Any

from retour import audit, checks, ids, limits
from retour.audit import Deed, Noun, Place, Subject
from retour.errors import Code, Conflict, Field, Forbidden, Invalid, NotFound, Refused
from retour.model import COMMAND_LINE, Actor, ActorKind, Role, User, Value
from retour.passwords import hash_password, hash_secret
from retour.stores import Row, Store
from retour.stores.handovers import Changed, Clash, Stale, Step
from retour.stores.shelves import Member, Shelves

CHOOSE = "Make somebody else administrator first."


class Invitation(Value):
    """Somebody asked to join an organization, until the link is used or runs out."""

    id: str
    org: str
    org_name: str
    email: str
    role: Role
    invited_by: str
    created_at: int
    expires_at: int


class People:
    """Add, invite, change and remove the members of organizations."""

    def __init__(self, store: Store, shelves: Shelves) -> None:
        self._store = store
        self._shelves = shelves

    # --- members ---

    async def members(self, org: str) -> list[Member]:
        """The people of an organization, by address."""
        return await self._shelves.members(org)

    async def member(self, org: str, person_id: str) -> Member:
        """One of them. Raises NotFound."""
        found = [one for one in await self.members(org) if one.id == person_id]
        if not found:
            raise NotFound(Code.NOT_FOUND, f"There is no such person in {org}.")
        return found[0]

    async def member_by_email(self, org: str, email: str) -> Member:
        """The same by address. Raises NotFound."""
        found = [one for one in await self.members(org) if one.email == email.strip().lower()]
        if not found:
            raise NotFound(Code.NOT_FOUND, f"There is no person with the address {email} in {org}.")
        return found[0]

    async def add(self, org: str, email: str, name: str, role: Role, by: Actor = COMMAND_LINE) -> User:
        """A person of an organization; one who is known already gets the role there. Raises Invalid, Conflict."""
        email = checked_email(email)
        found = await self._shelves.user_by_email(email)
        user = found or User(
            id=ids.new_id(), email=email, name=name, password_hash=None, created_at=ids.now()
        )
        known = next((one for one in await self.members(org) if one.id == user.id), None)
        deed, before = (Deed.ROLE_CHANGED, {"role": known.role}) if known else (Deed.ADDED, None)
        told = _entry(by, org, deed, user.id, email, before, {"role": role})
        made = () if found else (_insert(user),)
        answer = await self._store.write(
            Changed(steps=(*made, _turn(org), _membership(org, user.id, role), told))
        )
        if isinstance(answer, Clash):
            return await self.add(org, email, name, role, by)  # somebody else added the person meanwhile
        if isinstance(answer, Stale):
            raise _last(email, org)
        return user

    async def change_role(self, org: str, person_id: str, role: str, by: Actor = COMMAND_LINE) -> None:
        """Raises NotFound, Invalid; Conflict for the last administrator."""
        problems = checks.Problems()
        problems.add("role", checks.one_of(role, [*Role], "The role"))
        problems.refuse("The role can't be changed like this.")
        member = await self.member(org, person_id)
        if role == member.role:
            return
        told = _entry(
            by, org, Deed.ROLE_CHANGED, person_id, member.email, {"role": member.role}, {"role": role}
        )
        await self._change(org, member, role, member.shut_out, told)

    async def disable(self, org: str, person_id: str, disabled: bool, by: Actor = COMMAND_LINE) -> None:
        """Shut a person out of the organization, or let in again. Raises NotFound; Conflict for the last one."""
        member = await self.member(org, person_id)
        if member.shut_out == disabled:
            return
        deed = Deed.DISABLED if disabled else Deed.ENABLED
        told = _entry(by, org, deed, person_id, member.email)
        await self._change(org, member, member.role, disabled, told)

    async def remove(self, org: str, person_id: str, by: Actor = COMMAND_LINE) -> None:
        """Take a person out of the organization; the account stays. Raises NotFound; Conflict for the last one."""
        member = await self.member(org, person_id)
        place = {"org": org, "person_id": person_id}
        told = _entry(by, org, Deed.REMOVED, person_id, member.email, {"role": member.role})
        await self._write_members(
            org, member, Step(statement="membership_delete", values=place, guard=True), told
        )

    async def _change(self, org: str, member: Member, role: str, disabled: bool, told: Step) -> None:
        values = {"org": org, "person_id": member.id, "role": role, "disabled": int(disabled)}
        values |= {"was_role": member.role, "was_disabled": int(member.shut_out)}
        step = Step(statement="membership_change", values=values, guard=True)
        await self._write_members(org, member, step, told)

    async def _write_members(self, org: str, member: Member, step: Step, told: Step) -> None:
        """Each change of an organization's members after the other, or none would be the last administrator."""
        answer = await self._store.write(Changed(steps=(_turn(org), step, told)))
        if not isinstance(answer, Stale):
            return
        newest = await self.member(org, member.id)
        if (newest.role, newest.shut_out) != (member.role, member.shut_out):
            raise Conflict(
                Code.VERSION_STALE, f"Somebody changed {member.email} meanwhile. Look again, then decide."
            )
        raise _last(member.email, org)

    # --- invitations ---

    async def invitations(self, org: str) -> list[Invitation]:
        """Those that are open, by address."""
        rows = await self._store.read("invitations_of", org=org, now=ids.now())
        return [_invitation(row) for row in rows]

    async def invite(self, org: str, email: str, role: str, by: Actor) -> str:
        """A link's token, which lets somebody join within INVITATION_AGE; it ends an earlier one for the address.

        Raises Invalid; Conflict when the person is a member already.
        """
        email = checked_email(email)
        problems = checks.Problems()
        problems.add("role", checks.one_of(role, [*Role], "The role"))
        problems.refuse("The invitation can't be made like this.")
        if any(one.email == email for one in await self.members(org)):
            message = f"{email} belongs to this organization already."
            raise Conflict(Code.EXISTS, message, (Field("email", message),))
        token, now = ids.new_secret(32), ids.now()
        values: dict[str, Any] = {"org": org, "email": email, "id": ids.new_id(), "role": role}
        values |= {"hash": hash_secret(token)}
        values |= {"invited_by": by.name, "created_at": now, "expires_at": now + limits.INVITATION_AGE}
        told = _entry(by, org, Deed.INVITED, "", email, None, {"role": role})
        await self._store.write(Changed(steps=(Step(statement="invitation_put", values=values), told)))
        return token

    async def withdraw(self, org: str, invitation_id: str, by: Actor) -> None:
        """End an invitation. Raises NotFound."""
        found = [one for one in await self.invitations(org) if one.id == invitation_id]
        if not found:
            raise _no_invitation()
        place = {"org": org, "id": invitation_id}
        told = _entry(by, org, Deed.WITHDRAWN, "", found[0].email, {"role": found[0].role})
        step = Step(statement="invitation_delete", values=place, guard=True)
        if isinstance(await self._store.write(Changed(steps=(step, told))), Stale):
            raise _no_invitation()

    async def invitation(self, token: str) -> Invitation | None:
        """What a link is for; looking does not use it up."""
        rows = await self._store.read("invitation_by_hash", hash=hash_secret(token), now=ids.now())
        return _invitation(rows[0]) if rows else None

    async def has_account(self, email: str) -> bool:
        """Whether this person is known here. Then joining takes a sign-in: a link must not open an account."""
        return await self._shelves.user_by_email(email) is not None

    async def accept(self, token: str, name: str, password: str) -> User:
        """Join as somebody new, with a name and a password. Raises NotFound, Invalid, Conflict."""
        invitation = await self.invitation(token)
        if invitation is None:
            raise _no_invitation()
        problems = checks.Problems()
        problems.add("name", checks.name(name, "person's"))
        problems.add("password", password_trouble(password))
        problems.refuse("The account can't be made like this.")
        password_hash = await asyncio.to_thread(hash_password, password)
        user = User(
            id=ids.new_id(),
            email=invitation.email,
            name=name.strip(),
            password_hash=password_hash,
            created_at=ids.now(),
        )
        await self._join(token, invitation, user, _insert(user))
        return user

    async def join(self, token: str, person: Actor) -> None:
        """Join as somebody who is signed in. Raises NotFound; Forbidden when the invitation is somebody else's."""
        invitation = await self.invitation(token)
        if invitation is None:
            raise _no_invitation()
        user = await self._user(invitation.email)
        if user.id != person.id:
            title = f"This invitation is for {invitation.email}, and you are signed in as {person.name}."
            raise Forbidden(Code.CLIENT_REFUSED, title)
        await self._join(token, invitation, user)

    async def _join(self, token: str, invitation: Invitation, user: User, *made: Step) -> None:
        org, role = invitation.org, invitation.role
        by = Actor(kind=ActorKind.PERSON, id=user.id, name=user.email)
        use = {"hash": hash_secret(token), "now": ids.now()}
        told = _entry(by, org, Deed.JOINED, user.id, user.email, None, {"role": role})
        steps = (
            Step(statement="invitation_use", values=use, guard=True),
            *made,
            _turn(org),
            _membership(org, user.id, role),
            told,
        )
        answer = await self._store.write(Changed(steps=steps))
        if isinstance(answer, Clash):
            raise Conflict(Code.EXISTS, f"{user.email} has an account by now. Sign in with it, then join.")
        if isinstance(answer, Stale):
            raise _no_invitation()

    # --- accounts ---

    async def close(self, email: str, closed: bool, by: Actor = COMMAND_LINE) -> None:
        """Close a person's account everywhere, or open it again; sessions end. For the operator.

        Raises NotFound; Conflict when an organization would lose its last administrator.
        """
        user = await self._user(email)
        if user.disabled == closed:
            return
        deed = Deed.DISABLED if closed else Deed.ENABLED
        steps = (
            Step(statement="people_turn_of", values={"person_id": user.id}),
            Step(statement="person_disable", values={"id": user.id, "disabled": int(closed)}, guard=True),
            Step(statement="sessions_of_delete", values={"person_id": user.id}),
            *await self._everywhere(by, deed, user),
        )
        if isinstance(await self._store.write(Changed(steps=steps)), Stale):
            raise _last(user.email, "an organization")

    async def sign_in_link(self, email: str, by: Actor = COMMAND_LINE) -> str:
        """A token that signs this person in once, within SIGN_IN_LINK_SECONDS. Raises NotFound, Forbidden."""
        user = await self._user(email)
        if user.disabled:
            title = f"{user.email} is disabled. Let the person in again first (retour user enable)."
            raise Forbidden(Code.CLIENT_REFUSED, title)
        token = ids.new_secret(32)
        expires_at = ids.now() + limits.SIGN_IN_LINK_SECONDS * limits.SECOND
        values = {"hash": hash_secret(token), "person_id": user.id, "expires_at": expires_at}
        told = await self._everywhere(by, Deed.LINK_MADE, user)
        await self._store.write(Changed(steps=(Step(statement="sign_in_link_insert", values=values), *told)))
        return token

    async def set_password(self, user: User, name: str, password: str) -> None:
        """Every open session of the person ends. Raises Invalid when the password is too short or too long."""
        problems = checks.Problems()
        problems.add("password", password_trouble(password))
        problems.refuse("The account can't be saved like this.")
        password_hash = await asyncio.to_thread(hash_password, password)
        values = {"id": user.id, "name": name or user.name, "password_hash": password_hash}
        steps = (
            Step(statement="person_password", values=values),
            Step(statement="sessions_of_delete", values={"person_id": user.id}),
            *await self._everywhere(_itself(user), Deed.CHANGED, user, after={"password": audit.SECRET}),
        )
        await self._store.write(Changed(steps=steps))

    async def rename(self, user: User, name: str) -> None:
        """Another name for a person. Raises Invalid."""
        problems = checks.Problems()
        problems.add("name", checks.name(name, "person's"))
        problems.refuse("The account can't be saved like this.")
        if name == user.name:
            return
        values = {"id": user.id, "name": name, "password_hash": user.password_hash}
        names = ({"name": user.name}, {"name": name})
        told = await self._everywhere(_itself(user), Deed.CHANGED, user, *names)
        await self._store.write(Changed(steps=(Step(statement="person_password", values=values), *told)))

    async def _everywhere(
        self,
        by: Actor,
        deed: Deed,
        user: User,
        before: dict[str, str] | None = None,
        after: dict[str, str] | None = None,
    ) -> list[Step]:
        """An entry in each organization of the person."""
        rows = await self._store.read("organizations_of", person_id=user.id)
        return [_entry(by, str(row[0]), deed, user.id, user.email, before, after) for row in rows]

    async def _user(self, email: str) -> User:
        user = await self._shelves.user_by_email(email.strip().lower())
        if user is None:
            raise NotFound(Code.NOT_FOUND, f"There is no person with the address {email}.")
        return user


def _itself(user: User) -> Actor:
    return Actor(kind=ActorKind.PERSON, id=user.id, name=user.email)


def checked_email(email: str) -> str:
    """A person's address as it is kept. Raises Invalid."""
    kept = email.strip().lower()
    if not checks.email_address(kept):
        message = "Enter a complete e-mail address."
        raise Invalid(Code.INVALID_FIELDS, message, (Field("email", message),), status=422)
    return kept


def password_trouble(password: str) -> str | None:
    """Why a password can't be used."""
    low, high = limits.PASSWORD_CHARACTERS
    return None if low <= len(password) <= high else f"Use {low} to {high} characters."


def _turn(org: str) -> Step:
    return Step(statement="people_turn", values={"org": org}, guard=True)


def _membership(org: str, person_id: str, role: Role) -> Step:
    values = {"org": org, "person_id": person_id, "role": role}
    return Step(statement="membership_put", values=values, guard=True)


def _insert(user: User) -> Step:
    values = {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "password_hash": user.password_hash,
        "created_at": user.created_at,
    }
    return Step(statement="person_insert", values=values)


def _entry(
    by: Actor, org: str, deed: Deed, person_id: str, email: str, before: Any = None, after: Any = None
) -> Step:
    return audit.entry(by, Place(org), deed, Subject(Noun.USER, person_id, email), before, after)


def _invitation(row: Row) -> Invitation:
    names = Invitation.__struct_fields__
    values = dict(zip(names, row, strict=True))
    return Invitation(**values | {"role": Role(values["role"])})


def _no_invitation() -> NotFound:
    return NotFound(Code.NOT_FOUND, "This invitation was used already, was withdrawn or has expired.")


def _last(email: str, org: str) -> Refused:
    title = f"{email} is the last administrator of {org}. {CHOOSE}"
    return Conflict(Code.CLIENT_REFUSED, title)
