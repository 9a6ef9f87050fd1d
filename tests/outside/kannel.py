"""A Kannel of the tests' own: bearerbox, smsbox, and two SMSCs behind it, Kannel's fake one and one by SMPP.

Folder and logs are private. Its boxes listen on every address: start it in a network of its own (network.py).
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

FAKE, SMPP, DOWN = "fake", "smpp", "down"
"""Its SMSCs, as `smsc=` names them; the last can't be reached. A message takes no other way than the one it names."""

FAKESMSC = "/usr/lib/kannel/test/fakesmsc"
SHORT_CODE = "12345"
SECONDS = 60

BEARERBOX = """
group = core
admin-port = {admin}
admin-password = admin
smsbox-port = 13001
box-deny-ip = "*.*.*.*"
box-allow-ip = 127.0.0.1
log-file = {folder}/bearerbox.log
log-level = 0

group = smsc
smsc = fake
smsc-id = fake
allowed-smsc-id = fake
port = 10000
connect-allow-ip = 127.0.0.1
"""
BY_SMPP = """
group = smsc
smsc = smpp
smsc-id = {name}
allowed-smsc-id = {name}
host = 127.0.0.1
port = {port}
transceiver-mode = true
smsc-username = kannel
smsc-password = secret
system-type = ""
reconnect-delay = 1
"""
ADMIN = 13000
NOBODY = 9  # a port on which nothing listens


@dataclass
class Kannel:
    """smsc: the port of the SMSC by SMPP. stopper: who sends STOP as soon as the fake SMSC is there."""

    folder: Path
    smsc: int
    stopper: str
    _boxes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _fake: subprocess.Popen[bytes] | None = None

    def start(self, smsbox: str) -> None:
        """Everything, until each is connected to its next. smsbox: the groups of its configuration, without the log."""
        parts = [BEARERBOX.format(admin=ADMIN, folder=self.folder)]
        parts += [BY_SMPP.format(name=SMPP, port=self.smsc), BY_SMPP.format(name=DOWN, port=NOBODY)]
        log = f"log-file = {self.folder}/smsbox.log\nlog-level = 0\n"
        parts.append(smsbox.replace("group = smsbox\n", f"group = smsbox\n{log}"))
        (self.folder / "kannel.conf").write_text("\n".join(parts))
        self._box("bearerbox")
        self._until(r"^Status: running")
        self._box("smsbox")
        self._until(r"^ +smsbox:.*on-line", rf"^ +{SMPP}\[.*\(online")
        self._until(rf"^ +{FAKE}\[.*\(online", meanwhile=self._network)

    def stop(self) -> None:
        """Everything, at once."""
        for process in (*self._boxes, *([self._fake] if self._fake else [])):
            process.kill()
            process.wait()

    def reported(self) -> set[str]:
        """The values of `status` in the reports that it has sent."""
        return set(
            re.findall(r"Parsing URL `[^']*[?&]status=(\d+)", (self.folder / "smsbox.log").read_text())
        )

    def _box(self, program: str) -> None:
        command = [program, "-v", "4", str(self.folder / "kannel.conf")]
        self._boxes.append(_started(command, self.folder))

    def _network(self) -> None:
        """Connects to the fake SMSC as its network; ends where that does not listen yet."""
        if self._fake is None or self._fake.poll() is not None:
            command = [FAKESMSC, "-m", "1", f"{self.stopper} {SHORT_CODE} text Stop"]
            self._fake = _started(command, self.folder)

    def _until(self, *lines: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Until bearerbox's status has a line like each of these."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            assert all(box.poll() is None for box in self._boxes), f"Kannel has ended: see {self.folder}"
            meanwhile()
            status = self._status()
            if all(re.search(line, status, re.MULTILINE) for line in lines):
                return
            time.sleep(0.05)
        raise TimeoutError(f"Kannel: {self._status() or 'no answer'}")

    def _status(self) -> str:
        """In words; "" while it does not answer."""
        try:
            return httpx.get(f"http://127.0.0.1:{ADMIN}/status.txt?password=admin").text
        except httpx.TransportError:
            return ""


def _started(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    silent = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=folder, stdin=silent, stdout=silent, stderr=silent)
