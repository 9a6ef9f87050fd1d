"""ids: order, uniqueness, fork, and the one text form of a time."""

from __future__ import annotations

import os
import re
import threading
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retour import ids

SOME_YEARS = st.integers(min_value=-(10**15), max_value=10**16)


def test_an_id_is_a_uuid_of_version_7_that_tells_its_time() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(ids.new_id())
    after = time.time_ns() // 1_000_000
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert before <= made.int >> 80 <= after


def test_ids_rise_as_text_even_within_a_millisecond() -> None:
    made = [ids.new_id() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_rise_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ids.new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 1_000_000_000_000_000)
    assert ids.new_id() > before


def test_threads_do_not_share_an_id() -> None:
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.extend(_many(2_000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8_000


def _many(count: int) -> list[str]:
    return [ids.new_id() for _ in range(count)]


def test_a_forked_child_does_not_repeat_its_parents_randomness() -> None:
    ids.new_id()
    theirs = _in_a_child(lambda: ids.new_id())
    ours = ids.new_id()
    assert uuid.UUID(theirs).int & (1 << 62) - 1 != uuid.UUID(ours).int & (1 << 62) - 1


def _in_a_child(work: object) -> str:
    """What `work` gives in a forked process."""
    assert callable(work)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, work().encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        return pipe.read().decode()


def test_execution_ids_look_like_adobes_and_do_not_repeat() -> None:
    made = [ids.new_execution_id() for _ in range(20_000)]
    assert all(re.fullmatch(r"HUMA-[0-9]{24}", one) for one in made)
    assert len(set(made)) == len(made)
    assert made == sorted(made)


def test_a_secret_is_url_safe_and_another_one_each_time() -> None:
    first, second = ids.new_secret(32), ids.new_secret(32)
    assert first != second
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", first)


def test_a_time_is_written_with_milliseconds_and_z() -> None:
    assert ids.iso(1_791_310_961_512_999) == "2026-10-06T18:22:41.512Z"
    assert ids.iso(0) == "1970-01-01T00:00:00.000Z"


def test_a_time_without_an_offset_is_utc_and_one_with_is_converted() -> None:
    assert ids.parse_iso("2026-10-06T18:22:41.512345") == 1_791_310_961_512_345
    assert ids.parse_iso("2026-10-06T20:22:41+02:00") == ids.parse_iso("2026-10-06T18:22:41Z")


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z", "18:22"])
def test_what_is_not_a_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        ids.parse_iso(text)


@given(SOME_YEARS)
def test_a_time_survives_its_text_to_the_millisecond(micros: int) -> None:
    assert ids.parse_iso(ids.iso(micros)) == micros // 1_000 * 1_000


def test_now_is_the_clock_in_microseconds() -> None:
    assert abs(ids.now() - time.time_ns() // 1_000) < 1_000_000
