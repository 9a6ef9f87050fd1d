"""libcurl's own callbacks: the very address in use is asked about, whatever the look-up said before."""

from __future__ import annotations

import select
from collections.abc import AsyncIterator, Awaitable, Callable

import pycurl
import pytest
from msgspec.structs import replace

from cast import until
from outside.https import replying, serving
from outside.service import free_port
from outside.sockets import trap
from retour.outbound.addresses import Permit, Problem, Target, Trouble, parse_allowed, parse_target
from retour.outbound.authorities import Authorities
from retour.outbound.curl import Call, Heard, Line
from retour.outbound.transfers import Transfers
from retour.outbound.troubles import trouble_of

Perform = Callable[[Line, Call], Awaitable[Heard]]


@pytest.fixture
async def transfers() -> AsyncIterator[Transfers]:
    made = Transfers()
    yield made
    made.close()


@pytest.fixture
def perform(transfers: Transfers) -> Perform:
    """Calls one after another, on lines that have their connections in common."""

    async def perform(line: Line, call: Call) -> Heard:
        line.dial(call)
        code, _ = await transfers.perform(line.curl)
        return line.heard(code)

    return perform


@pytest.fixture
def line(transfers: Transfers) -> Line:
    return Line(Authorities().path, "Retour/test", transfers.opened)


def _call(port: int, permit: Permit, *, host: str = "hooks.test", to: str = "127.0.0.1") -> Call:
    allowed = parse_allowed("127.0.0.0/8")
    target = parse_target(f"http://{host}:{port}/", "acme", allowed)
    assert isinstance(target, Target)
    return Call(target=target, addresses=(to,), method="POST", lines=[], body=b"x", seconds=2, permit=permit)


def _yes(address: str, port: int) -> None:
    return None


def _no(address: str, port: int) -> str:
    return f"{address}:{port} is refused."


@pytest.mark.parametrize("host", ["hooks.test", "127.0.0.1"])
async def test_an_address_is_asked_about_when_it_is_dialled(perform: Perform, line: Line, host: str) -> None:
    with trap() as inside:
        call = _call(inside.port, _no, host=host)
        heard = await perform(line, call)
        assert not inside.touched
    assert not heard.connected
    problem = trouble_of(pycurl.E_COULDNT_CONNECT, "", heard, call, 2)
    refused = f"127.0.0.1:{inside.port} is refused."
    assert problem == Problem(trouble=Trouble.ADDRESS_FORBIDDEN, sentence=refused)


async def test_an_address_is_asked_about_before_each_request_on_a_kept_connection(
    perform: Perform, line: Line
) -> None:
    async with serving() as endpoint:
        first = await perform(line, _call(endpoint.port, _yes))
        second = await perform(line, _call(endpoint.port, _no))
    assert (first.refused, first.status_code) == (None, 200)
    assert (second.refused, second.status_code) == (f"127.0.0.1:{endpoint.port} is refused.", None)
    assert (len(endpoint.requests), endpoint.connections) == (1, 1)


async def test_a_pin_of_one_call_does_not_bind_the_next(perform: Perform, line: Line) -> None:
    async with serving() as endpoint:
        elsewhere = await perform(line, _call(endpoint.port, _yes, to="127.0.0.2"))
        here = await perform(line, _call(endpoint.port, _yes, to="127.0.0.1"))
    assert (elsewhere.status_code, here.status_code, here.address) == (None, 200, "127.0.0.1")


async def test_libcurl_never_looks_a_name_up_itself(perform: Perform, line: Line) -> None:
    """`localhost` is in every hosts file, but it is pinned elsewhere here."""
    with trap() as inside:
        heard = await perform(line, _call(inside.port, _yes, host="localhost", to="127.0.0.2"))
        assert not inside.touched
    assert heard.status_code is None


async def test_other_protocols_are_not_spoken_even_if_a_url_of_theirs_came_so_far(
    perform: Perform, line: Line
) -> None:
    with trap() as inside:
        call = _call(inside.port, _yes)
        secure = replace(call.target, scheme="https")
        for url in (
            f"http://127.0.0.1:{inside.port}/",
            f"gopher://127.0.0.1:{inside.port}/_x",
            "file:///etc/passwd",
        ):
            heard = await perform(line, replace(call, target=replace(secure, url=url)))
            assert (heard.status_code, heard.read) == (None, 0)
        assert not inside.touched


async def test_a_line_remembers_nothing_of_its_last_call(perform: Perform, line: Line) -> None:
    async with serving(replying(200, b"abc", (("X-Once", "1"),))) as endpoint:
        await perform(line, _call(endpoint.port, _no))
        first = await perform(line, _call(endpoint.port, _yes))
        second = await perform(line, _call(endpoint.port, _yes))
    assert (first.refused, first.repeated, first.reused) == (None, False, False)
    assert (second.refused, second.repeated, second.reused) == (None, False, True)
    assert (second.body, second.read) == (b"abc", 3)
    assert second.headers == (("Content-Length", "3"), ("X-Once", "1"))


async def test_a_kept_connection_that_the_other_end_closes_keeps_nobody_busy_and_is_not_used_again(
    transfers: Transfers, perform: Perform, line: Line
) -> None:
    """Nobody waits for it then; what is never taken out of epoll would be told again at each turn of the loop."""
    port = free_port()

    async def quiet() -> bool:
        return not select.select([transfers._sockets], [], [], 0)[0]

    for _ in range(2):
        async with serving(port=port):
            heard = await perform(line, _call(port, _yes))
        assert (heard.status_code, heard.reused) == (200, False)
        await until(quiet)


async def test_a_connection_with_the_number_of_one_that_was_closed_is_listened_to(
    perform: Perform, line: Line
) -> None:
    """The other end closes while libcurl keeps the connection, so that nobody says that its number is free again."""
    for _ in range(3):
        async with serving(replying(200, b"yes", (("Connection", "close"),))) as endpoint:
            heard = await perform(line, _call(endpoint.port, _yes))
            assert (heard.status_code, heard.body) == (200, b"yes")


async def test_what_a_call_asks_otherwise_than_the_one_before_is_asked_so(
    perform: Perform, line: Line
) -> None:
    """Options that stay the same are not set again; the second call differs in all of them, the third from both."""
    async with serving() as endpoint, serving() as other:
        for port, method in ((endpoint.port, "POST"), (other.port, "PUT"), (endpoint.port, "POST")):
            await perform(line, replace(_call(port, _yes), method=method, body=method.encode()))
    assert [(asked.method, asked.body) for asked in endpoint.requests] == [
        ("POST", b"POST"),
        ("POST", b"POST"),
    ]
    assert [(asked.method, asked.body) for asked in other.requests] == [("PUT", b"PUT")]
