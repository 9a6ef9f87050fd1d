"""Forms with a file, as browsers and programs send them."""

from __future__ import annotations

import pytest

from retour.web.multipart import MOST_PARTS, Part, parts

KIND = "multipart/form-data; boundary=xyz"


def form(*fields: bytes, end: bytes = b"--xyz--\r\n") -> bytes:
    """A body of these fields, each with its headers."""
    return b"".join(b"--xyz\r\n" + field + b"\r\n" for field in fields) + end


def test_fields_and_files_are_told_apart_and_kept_to_the_last_byte() -> None:
    text = b'Content-Disposition: form-data; name="word"\r\n\r\nhello'
    head = (
        b'content-disposition: form-data; name="file"; filename="a b.csv"\r\nContent-Type: text/csv\r\n\r\n'
    )
    file = head + b"1\r\n--xy\r\n\r\n"
    assert parts(form(text, file), KIND) == [
        Part("word", None, b"hello"),
        Part("file", "a b.csv", b"1\r\n--xy\r\n\r\n"),
    ]


def test_a_quoted_boundary_and_a_name_beyond_ascii() -> None:
    field = 'Content-Disposition: form-data; name="file"; filename="é.csv"\r\n\r\n'.encode()
    (found,) = parts(form(field), 'multipart/form-data; boundary="xyz"')
    assert (found.filename, found.content) == ("é.csv", b"")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", KIND),
        (b"hello", KIND),
        (form(b'Content-Disposition: form-data; name="a"\r\n\r\n1', end=b""), KIND),
        (form(b"no headers"), KIND),
        (form(b"X: y\r\n\r\n1"), KIND),
        (form(b'Content-Disposition: form-data; name="a"\r\n\r\n1'), "multipart/form-data"),
        (form(b'Content-Disposition: form-data; name="a"\r\n\r\n1'), "text/plain; boundary=xyz"),
        (form(*[b'Content-Disposition: form-data; name="a"\r\n\r\n1'] * (MOST_PARTS + 1)), KIND),
    ],
)
def test_what_is_no_such_form_is_refused(body: bytes, kind: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parts(body, kind)


def test_as_many_fields_as_are_taken() -> None:
    assert (
        len(parts(form(*[b'Content-Disposition: form-data; name="a"\r\n\r\n1'] * MOST_PARTS), KIND))
        == MOST_PARTS
    )
