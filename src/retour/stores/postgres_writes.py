"""How PostgreSQL runs plans: many side by side in one transaction, a step of all of them in few round trips.

A statement counts what it changed, or tells what it found, per asker: it gives back the number that came with its
values. There is no savepoint per hand-over: one that must be undone spoils the batch, and each is then written alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

import asyncpg

from retour.stores import plans, sql, tallies
from retour.stores.handovers import Answer, Handover
from retour.stores.plans import Ask, Conflict, Plan
from retour.stores.sql import PARAMETER, names_of, statements

T = TypeVar("T")
DATABASE_CLOCK = "CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000000 AS BIGINT)"
GIVEN_CLOCK = "CAST(:now AS BIGINT)"  # leases by the time that the room gives, for tests that move it
GONE = re.compile(r"is clos|was clos|released back")  # a connection or a pool
BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"


class SpoiltError(Exception):
    """One of the batch is to be undone, after it had written something: so nothing of the batch is committed."""


class UnknownError(Exception):
    """The connection was lost while it committed: it may be written, or not."""


class Statement(sql.Statement):
    """With $1, $2 … in the place of the names."""

    __slots__ = ()

    def arguments(self, values: sql.Source) -> tuple[Any, ...]:
        """As above. U+0000, which text can't hold here, becomes U+FFFD, also in what is looked for."""
        return tuple(
            value.replace("\0", "\ufffd") if isinstance(value, str) and "\0" in value else value
            for value in super().arguments(values)
        )


def translate(text: str, clock: str) -> Statement:
    """From `:name` to `$1`; the same name is the same parameter."""
    text = text.replace(":clock", clock)
    names = names_of(text)
    return Statement(PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", text), names)


def counted(statement: Statement) -> Statement:
    """The same, with one more parameter: the asker's number, which stands at the end of each row that comes back."""
    number = f"CAST(${len(statement.names) + 1} AS INTEGER)"
    if statement.text.startswith(("SELECT", "WITH")) or "RETURNING" in statement.text:
        text = f"WITH found AS ({statement.text}) SELECT found.*, {number} FROM found"  # noqa: S608 - ours
        return Statement(text, statement.names)
    return Statement(f"{statement.text} RETURNING {number}", statement.names)


class Texts:
    """Every statement as reads have it, and as plans have it: what PostgreSQL does differently is asked by plans."""

    def __init__(self, clock: str) -> None:
        self.plain = {name: translate(text, clock) for name, text in statements().items()}
        own = {name: translate(text, clock) for name, text in statements("postgres").items()}
        self.counted = {name: counted(statement) for name, statement in own.items()}


class Course(Generic[T]):
    """A plan on its way: what it asks now, what it is told, its answer at the end."""

    __slots__ = ("_plan", "_wrote", "answer", "asks", "told")

    def __init__(self, plan: Plan[T]) -> None:
        self._plan = plan
        self._wrote = False
        self.asks: list[Ask] = []
        self.told: list[Any] = []
        self.answer: T | None = None
        self._advance(None)

    @property
    def spoilt(self) -> bool:
        """Whether it wrote something that its answer denies."""
        return self._wrote and plans.undone(self.answer)

    def go_on(self) -> None:
        """With what it was told."""
        self._wrote = self._wrote or any(
            not ask.rows for ask, told in zip(self.asks, self.told, strict=True) if told
        )
        self._advance(self.told)

    def _advance(self, told: list[Any] | None) -> None:
        try:
            self.asks = next(self._plan) if told is None else self._plan.send(told)
        except StopIteration as end:
            self.asks, self.answer = [], end.value
        self.told = [[] if ask.rows else 0 for ask in self.asks]


async def write(
    db: asyncpg.Connection, texts: Texts, handovers: Sequence[Handover], part: str
) -> list[Answer]:
    """All of them in one transaction; the answers. Raises SpoiltError, UnknownError, or whatever goes wrong.

    part: the name by which this process counts.
    """
    answers: dict[int, Any] = {}
    async with Transaction(db):
        for places in rounds(handovers):
            courses = {place: Course(plans.of(handovers[place])) for place in places}
            await _side_by_side(db, texts, courses.values())
            if any(course.spoilt for course in courses.values()):
                raise SpoiltError
            answers |= {place: course.answer for place, course in courses.items()}
        await _count(db, texts, [(handovers[place], answer) for place, answer in answers.items()], part)
    return [answers[place] for place in range(len(handovers))]


async def write_one(db: asyncpg.Connection, texts: Texts, handover: Handover, part: str) -> Answer:
    """The same with one, which is undone alone."""
    plan = plans.of(handover)
    try:
        async with Transaction(db) as transaction:
            answer = await _to_its_end(db, texts, plan)
            transaction.keep = not plans.undone(answer)
            await _count(db, texts, [(handover, answer)], part)
    except asyncpg.IntegrityConstraintViolationError as error:
        return plans.refuse(plan, Conflict(str(error)))
    return answer


async def carry_out(db: asyncpg.Connection, texts: Texts, plan: Plan[T]) -> T:
    """A plan of a claim in a transaction of its own."""
    async with Transaction(db):
        return await _to_its_end(db, texts, plan)


async def _to_its_end(db: asyncpg.Connection, texts: Texts, plan: Plan[T]) -> T:
    course = Course(plan)
    await _side_by_side(db, texts, [course])
    answer: T = course.answer  # type: ignore[assignment]  # it has ended
    return answer


async def _count(
    db: asyncpg.Connection, texts: Texts, written: Iterable[tuple[Handover, Answer]], part: str
) -> None:
    """Add what these hand-overs count."""
    add, counts = texts.plain["tally_add"], tallies.total(written)
    if counts:
        values = [place._asdict() | {"part": part, "n": n} for place, n in counts.items()]
        await db.executemany(add.text, [add.arguments(row) for row in values])


class Transaction:
    """`async with` it: committed at the end, if `keep`; rolled back when something goes wrong."""

    def __init__(self, db: asyncpg.Connection) -> None:
        self._db = db
        self.keep = True

    async def __aenter__(self) -> Transaction:
        await self._db.execute(BEGIN)
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None and self.keep:
            await self._commit()
        else:
            await self._roll_back()

    async def _commit(self) -> None:
        try:
            await self._db.execute("COMMIT")
        except Exception as error:
            if unavailable(error) and not isinstance(error, UNSENT):
                raise UnknownError from error
            raise

    async def _roll_back(self) -> None:
        """Where the connection is lost the server has done it."""
        try:
            await self._db.execute("ROLLBACK")
        except Exception as error:
            if not unavailable(error):
                raise


def rounds(handovers: Sequence[Handover]) -> list[list[int]]:
    """Their places, in rounds. Those of a round are about different things, so they may be carried out side by side.

    In each the same order for every process: two that take the same rows in opposite orders wait for each other.
    """
    made: list[dict[str | None, int]] = []
    for place, handover in enumerate(handovers):
        subject = plans.subject(handover)
        if not made or subject in made[-1] or None in (subject, *made[-1]):
            made.append({})
        made[-1][subject] = place
    return [[places[subject] for subject in sorted(places, key=str)] for places in made]


async def _side_by_side(db: asyncpg.Connection, texts: Texts, courses: Iterable[Course[Any]]) -> None:
    """Step by step, until each has its answer."""
    while under_way := [course for course in courses if course.asks]:
        askers: dict[str, list[tuple[Course[Any], int]]] = {}
        for course in under_way:
            for place, ask in enumerate(course.asks):
                askers.setdefault(ask.statement, []).append((course, place))
        for name, asking in askers.items():
            await _ask(db, texts.counted[name], asking)
        for course in under_way:
            course.go_on()


async def _ask(db: asyncpg.Connection, statement: Statement, askers: list[tuple[Course[Any], int]]) -> None:
    """One statement for all who ask it, in one round trip."""
    arguments = [
        (*statement.arguments(course.asks[place].values), number)
        for number, (course, place) in enumerate(askers)
    ]
    for row in await db.fetchmany(statement.text, arguments):
        course, place = askers[row[-1]]
        if course.asks[place].rows:
            course.told[place].append(row[:-1])
        else:
            course.told[place] += 1


def unavailable(error: BaseException) -> bool:
    """Whether the database can't be reached or can't work now (and not: it refuses this statement)."""
    if isinstance(error, asyncpg.InterfaceError):
        return GONE.search(str(error)) is not None  # the driver's words; its other errors are bugs of ours
    return isinstance(error, UNAVAILABLE)


UNSENT = (
    asyncpg.InternalClientError
)  # the driver has heard that the server ends this connection, and sends nothing
UNAVAILABLE = (
    UNSENT,
    OSError,  # TimeoutError is one
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shuts down, starts up, takes too long
    asyncpg.InsufficientResourcesError,  # disk, memory, connections
    asyncpg.PostgresSystemError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
