"""Endpoints that hang, drip, flood or lie cost one request its deadline, and nobody else anything."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from outbound.asking import Opening, asking
from outside import hostile
from outside.certificates import Authority
from outside.https import Behaviour, Endpoint, Exchange, serving
from outside.sockets import saying, trap
from retour import limits
from retour.outbound import Answer, Outbound, Trouble

DEADLINE = 0.5


@asynccontextmanager
async def _asked(
    opening: Opening, authority: Authority, behaviour: Behaviour, seconds: float = 5
) -> AsyncIterator[tuple[Answer, Endpoint, float]]:
    async with opening() as (outbound, _), serving(behaviour, tls=authority.server("hooks.test")) as endpoint:
        started = time.monotonic()
        answer = await outbound.ask(asking(endpoint.url("/", "hooks.test"), seconds=seconds))
        yield answer, endpoint, time.monotonic() - started


@pytest.mark.parametrize(
    ("behaviour", "status", "detail"),
    [
        (hostile.hang, None, "No answer within 0.5 s."),
        (hostile.continue_for_ever, None, "No answer within 0.5 s."),
        (hostile.drip, 200, "The answer 200 did not end within 0.5 s."),
        (hostile.drip_headers, 200, "The answer 200 did not end within 0.5 s."),
    ],
)
async def test_the_deadline_holds_against_endpoints_that_do_not_end(
    opening: Opening, authority: Authority, behaviour: Behaviour, status: int | None, detail: str
) -> None:
    async with _asked(opening, authority, behaviour, DEADLINE) as (answer, _, elapsed):
        assert (answer.trouble, answer.status_code, answer.detail) == (Trouble.TIMEOUT, status, detail)
        assert not answer.accepted
        assert not answer.ended
        assert DEADLINE * 0.9 < elapsed < DEADLINE + 1


@pytest.mark.parametrize("behaviour", [hostile.endless, hostile.endless_chunks])
async def test_an_endless_body_is_cut_at_64_kib_and_counts_as_accepted(
    opening: Opening, authority: Authority, behaviour: Behaviour
) -> None:
    async with _asked(opening, authority, behaviour) as (answer, _, elapsed):
        assert answer.accepted
        assert (answer.cut, answer.ended, answer.trouble) == (True, False, None)
        assert len(answer.body) == limits.RESPONSE_KEPT_BYTES
        assert limits.RESPONSE_READ_BYTES < answer.read <= limits.RESPONSE_READ_BYTES + 32_768
        assert answer.detail == "The endpoint answered 200 OK. Its body was cut at 64 KiB."
        assert elapsed < 3


async def test_a_body_of_just_64_kib_is_read_to_its_end(opening: Opening, authority: Authority) -> None:
    async def answer_just_enough(exchange: Exchange) -> None:
        await exchange.reply(200, bytes(limits.RESPONSE_READ_BYTES))

    async with _asked(opening, authority, answer_just_enough) as (answer, _, _):
        assert (answer.ended, answer.cut) == (True, False)
        assert (answer.read, len(answer.body)) == (limits.RESPONSE_READ_BYTES, limits.RESPONSE_KEPT_BYTES)


async def test_an_endless_error_page_is_cut_but_not_accepted(opening: Opening, authority: Authority) -> None:
    async def flood(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 500 Oops\r\n\r\n" + hostile.CHUNK * 5)
        await exchange.reader.read()

    async with _asked(opening, authority, flood) as (answer, _, _):
        assert (answer.status_code, answer.cut, answer.accepted) == (500, True, False)


@pytest.mark.slow
async def test_memory_stays_flat_while_endless_bodies_are_read(opening: Opening) -> None:
    async with opening() as (outbound, _), serving(hostile.endless) as endpoint:
        await _flood(outbound, endpoint, 20)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await _flood(outbound, endpoint, 200)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 4_096  # KiB


async def _flood(outbound: Outbound, endpoint: Endpoint, times: int) -> None:
    for _ in range(times):
        answer = await outbound.ask(asking(endpoint.url()))
        assert answer.cut


@pytest.mark.parametrize("behaviour", [hostile.huge_headers, hostile.huge_header_line])
async def test_headers_over_16_kib_fail_the_try(
    opening: Opening, authority: Authority, behaviour: Behaviour
) -> None:
    async with _asked(opening, authority, behaviour) as (answer, _, _):
        assert answer.trouble == Trouble.RESPONSE_TOO_LARGE_HEADERS
        assert answer.detail == "The headers of the answer are over 16 KiB."
        assert sum(len(name) + len(value) for name, value in answer.headers) <= limits.RESPONSE_HEADER_BYTES
        assert not answer.accepted


async def test_a_compressed_body_is_kept_as_it_came(opening: Opening, authority: Authority) -> None:
    async with _asked(opening, authority, hostile.gzip_bomb) as (answer, endpoint, _):
        assert answer.accepted
        assert answer.body.startswith(b"\x1f\x8b")
        assert answer.read < limits.RESPONSE_READ_BYTES
        assert endpoint.requests[0].header("Accept-Encoding") is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failed_try_and_is_not_followed(
    opening: Opening, authority: Authority, status: int
) -> None:
    with trap() as inside:
        to = f"http://127.0.0.1:{inside.port}/latest/meta-data"
        async with _asked(opening, authority, hostile.redirecting(to, status)) as (answer, endpoint, _):
            assert (answer.status_code, answer.accepted, answer.trouble) == (status, False, None)
            assert answer.detail.endswith(f"It points to {to}; redirects are not followed.")
            assert len(endpoint.requests) == 1
        assert not inside.touched


async def test_a_redirect_to_the_metadata_address_is_told_and_left(
    opening: Opening, authority: Authority
) -> None:
    behaviour = hostile.redirecting("http://169.254.169.254/latest")
    async with _asked(opening, authority, behaviour) as (answer, _, elapsed):
        assert answer.detail == (
            "The endpoint answered 302 Found. It points to http://169.254.169.254/latest; "
            "redirects are not followed."
        )
        assert elapsed < 3


@pytest.mark.parametrize(
    ("behaviour", "detail"),
    [
        (hostile.close_unanswered, "hooks.test closed the connection without an answer."),
        (hostile.close_mid_body, "hooks.test closed the connection in the middle of its answer 200."),
        (hostile.close_mid_chunk, "hooks.test closed the connection in the middle of its answer 200."),
    ],
)
async def test_a_connection_that_is_closed_too_early_fails_the_try(
    opening: Opening, authority: Authority, behaviour: Behaviour, detail: str
) -> None:
    async with _asked(opening, authority, behaviour) as (answer, endpoint, _):
        assert (answer.trouble, answer.detail) == (Trouble.CONNECTION_LOST, detail)
        assert not answer.accepted
        assert len(endpoint.requests) == 1


async def test_an_answer_that_is_no_http_fails_the_try(opening: Opening, authority: Authority) -> None:
    async with _asked(opening, authority, hostile.gibberish) as (answer, _, _):
        assert (answer.trouble, answer.body) == (Trouble.PROTOCOL_ERROR, b"")


async def test_answers_of_1xx_are_passed_over(opening: Opening, authority: Authority) -> None:
    async with _asked(opening, authority, hostile.continue_first) as (answer, _, _):
        assert answer.accepted
        assert (answer.status_code, answer.body) == (202, b"taken")
        assert answer.headers == (("Content-Length", "5"),)


async def test_a_post_on_a_dead_kept_connection_is_repeated_and_noted(
    opening: Opening, authority: Authority
) -> None:
    tls = authority.server("hooks.test")
    async with opening() as (outbound, _), serving(hostile.closing_kept_connections(), tls=tls) as endpoint:
        first = await outbound.ask(asking(endpoint.url("/", "hooks.test")))
        second = await outbound.ask(asking(endpoint.url("/", "hooks.test"), body=b"again"))
    assert (first.repeated, first.reused) == (False, False)
    assert (second.repeated, second.reused, second.accepted) == (True, False, True)
    assert [request.body for request in endpoint.requests] == [b"{}", b"again", b"again"]


async def test_what_may_go_out_once_is_not_repeated_on_a_dead_kept_connection(
    opening: Opening, authority: Authority
) -> None:
    tls = authority.server("hooks.test")
    async with opening() as (outbound, _), serving(hostile.closing_kept_connections(), tls=tls) as endpoint:
        first = await outbound.ask(asking(endpoint.url("/", "hooks.test"), once=True))
        second = await outbound.ask(asking(endpoint.url("/", "hooks.test"), body=b"again", once=True))
    assert (first.begun, first.accepted) == (True, True)
    assert (second.begun, second.trouble, second.status_code) == (True, Trouble.CONNECTION_LOST, None)
    assert [request.body for request in endpoint.requests] == [b"{}", b"again"]


async def test_a_request_that_never_left_has_not_begun(opening: Opening) -> None:
    async with opening() as (outbound, _):
        answer = await outbound.ask(asking("https://127.0.0.1:1/", once=True))
    assert (answer.begun, answer.trouble) == (False, Trouble.CONNECT_FAILED)


async def test_a_certificate_for_another_name_is_refused(opening: Opening, authority: Authority) -> None:
    answer, endpoint = await _with_tls(opening, authority, "other.test")
    assert answer.trouble == Trouble.TLS_FAILED
    assert answer.detail.startswith("The certificate is not valid for this name.")
    assert not endpoint.requests


async def test_an_expired_certificate_is_refused_and_dated(opening: Opening, authority: Authority) -> None:
    answer, endpoint = await _with_tls(
        opening, authority, "hooks.test", expires_at=datetime(2026, 3, 5, tzinfo=UTC)
    )
    assert answer.trouble == Trouble.TLS_FAILED
    assert answer.detail == "The certificate of hooks.test expired on 5 Mar 2026."
    assert not endpoint.requests


async def test_looking_at_an_expired_certificate_opens_no_way_in(
    opening: Opening, authority: Authority
) -> None:
    tls = authority.server("hooks.test", expires_at=datetime.now(UTC) - timedelta(days=1))
    async with opening() as (outbound, _), serving(tls=tls) as endpoint:
        answers = [await outbound.ask(asking(endpoint.url("/", "hooks.test"))) for _ in range(3)]
    assert {answer.trouble for answer in answers} == {Trouble.TLS_FAILED}
    assert not endpoint.requests


async def test_a_certificate_of_an_unknown_authority_is_refused(
    opening: Opening, authority: Authority
) -> None:
    answer, endpoint = await _with_tls(opening, Authority("Somebody Else"), "hooks.test")
    assert answer.trouble == Trouble.TLS_FAILED
    assert "authority that is trusted here" in answer.detail
    assert not endpoint.requests


async def test_http_spoken_on_an_https_port_is_told_as_a_failed_handshake(opening: Opening) -> None:
    async with opening() as (outbound, _), saying(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        answer = await outbound.ask(asking(f"https://127.0.0.1:{port}/", seconds=DEADLINE))
    assert answer.trouble == Trouble.TLS_FAILED
    assert answer.detail == (
        f"The TLS handshake with 127.0.0.1 failed. It has to speak TLS 1.2 or newer on port {port}."
    )


async def test_a_handshake_that_hangs_is_a_timeout(opening: Opening) -> None:
    async with opening() as (outbound, _), saying(b"") as port:
        answer = await outbound.ask(asking(f"https://127.0.0.1:{port}/", seconds=DEADLINE))
    assert answer.trouble == Trouble.TIMEOUT
    assert answer.detail == "The TLS handshake with 127.0.0.1 did not end within 0.5 s."


@pytest.mark.slow
async def test_connecting_and_shaking_hands_have_three_seconds(opening: Opening) -> None:
    async with opening() as (outbound, _), saying(b"") as port:
        started = time.monotonic()
        answer = await outbound.ask(asking(f"https://127.0.0.1:{port}/", seconds=8))
        elapsed = time.monotonic() - started
    assert answer.detail == "The TLS handshake with 127.0.0.1 did not end within 3 s."
    assert limits.CONNECT_SECONDS * 0.9 < elapsed < limits.CONNECT_SECONDS + 1


@pytest.mark.slow
async def test_a_hanging_endpoint_does_not_slow_fifty_others_down(
    opening: Opening, authority: Authority
) -> None:
    tls = authority.server("hooks.test")
    async with opening() as (outbound, _), serving(hostile.hang) as silent, serving(tls=tls) as endpoint:
        hanging = [asyncio.create_task(outbound.ask(asking(silent.url(), seconds=2))) for _ in range(16)]
        await silent.arrived(16)
        started = time.monotonic()
        asks = (
            outbound.ask(asking(endpoint.url("/", "hooks.test"), sandbox=f"sandbox-{number}"))
            for number in range(50)
        )
        answers = await asyncio.gather(*asks)
        elapsed = time.monotonic() - started
        assert all(answer.accepted for answer in answers)
        assert elapsed < 1.5
        assert not any(task.done() for task in hanging)
        assert {answer.trouble for answer in await asyncio.gather(*hanging)} == {Trouble.TIMEOUT}


async def _with_tls(
    opening: Opening, authority: Authority, name: str, expires_at: datetime | None = None
) -> tuple[Answer, Endpoint]:
    tls = authority.server(name, expires_at=expires_at)
    async with opening() as (outbound, _), serving(tls=tls) as endpoint:
        return await outbound.ask(asking(endpoint.url("/", "hooks.test"))), endpoint
