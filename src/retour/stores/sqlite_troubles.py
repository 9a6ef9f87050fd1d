"""What keeps the embedded store from being opened, as a sentence that says what to do. Bugs stay what they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from retour.errors import ConfigError

_DEEDS: dict[type[apsw.Error], str] = {
    apsw.FullError: "Make room on its disk; nothing is lost.",
    apsw.NotADBError: "Keep the file, and put a backup into another data directory (retour restore).",
    apsw.CorruptError: "Keep the file, and put a backup into another data directory (retour restore).",
    apsw.CantOpenError: "This user must be able to write to the file and its directory.",
    apsw.ReadOnlyError: "This user must be able to write to the file and its directory.",
    apsw.PermissionsError: "This user must be able to write to the file and its directory.",
    apsw.BusyError: "Another program holds it open: stop that one.",
    apsw.LockedError: "Another program holds it open: stop that one.",
    apsw.IOError: "Look at the disk, and at how large this user's files may be.",
}


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Raises ConfigError in place of what the system or SQLite says."""
    try:
        yield
    except OSError as error:
        raise ConfigError(f"The store {path} can't be opened: {error.strerror}.") from error
    except tuple(_DEEDS) as error:
        said = str(error).removeprefix(f"{type(error).__name__}: ")
        raise ConfigError(f"The store {path} can't be opened: {said}. {_DEEDS[type(error)]}") from error
