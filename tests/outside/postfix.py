"""A Postfix of the tests' own on loopback, the mail hosts that it sends to, and the name server that it asks.

Nothing of the machine's Postfix is touched: folder, ports and log are private. Its SMTP client runs in a chroot whose
resolv.conf names our server, so that real MX look-ups lead to what a test wants. Needs root, as Postfix does.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dnslib import MX, QTYPE, RCODE, RR, A
from dnslib.server import BaseResolver, DNSServer

NAMES = "127.9.9.9"
"""Address of the name server: resolv.conf knows no ports, so it has port 53 of an address of its own."""

# Domain -> what its only mail host does, as options of smtp-sink(1).
HOSTS = {
    "ok.test": (),
    "hard.test": ("-f", "RCPT", "-B", "550 5.1.1 <anne@hard.test>: Recipient address rejected: User unknown"),
    "soft.test": ("-r", "RCPT", "-b", "451 4.3.2 System not accepting network messages"),
    "spam.test": ("-f", ".", "-B", "554 5.7.1 Message rejected as spam by Content Filtering"),
    "full.test": ("-f", ".", "-B", "552 5.2.2 Mailbox full: quota exceeded"),
}
# The same, found by MX; each on port 25 of an address of its own.
BY_NAME = {
    "good.test": (),
    "gone.test": ("-f", "RCPT", "-B", "550 5.1.1 The email account that you tried to reach does not exist"),
    "b421.test": ("-Q", "MAIL"),
    "blocked.test": (
        "-f",
        "CONNECT",
        "-B",
        "554 5.7.1 Service unavailable; Client host blocked using zen.example",
    ),
}
NULL_MX, LOOP, SERVFAIL = "nullmx.test", "loop.test", "servfail.test"

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
myhostname = mta.lab.test
mydomain = lab.test
myorigin = lab.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
mydestination =
local_recipient_maps =
local_transport = error:5.1.1 no local mail here
alias_maps =
alias_database =
smtp_host_lookup = dns
smtpd_peername_lookup = no
transport_maps = texthash:{folder}/etc/transport
virtual_mailbox_domains = final.test
virtual_alias_domains = alias.test
virtual_alias_maps = texthash:{folder}/etc/alias
virtual_mailbox_maps = texthash:{folder}/etc/vmailbox
virtual_mailbox_base = {folder}/spool
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
relay_domains = feedback.test, relay.test
relay_recipient_maps = texthash:{folder}/etc/relayrcpt
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/etc/access
recipient_delimiter = +
smtpd_discard_ehlo_keywords =
smtp_discard_ehlo_keywords = dsn
notify_classes =
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
delay_warning_time = 3s
maximal_queue_lifetime = 12s
bounce_queue_lifetime = 12s
smtp_connect_timeout = 3s
smtp_helo_timeout = 5s
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
enable_long_queue_ids = yes
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - y - - smtp
relay unix - - y - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class _Names(BaseResolver):  # type: ignore[misc]
    """MX and addresses of the domains above; everything else does not exist."""

    def __init__(self) -> None:
        self._addresses = {f"mx.{name}": f"127.0.1.{number}" for number, name in enumerate(BY_NAME, 1)}
        self._addresses |= {"mta.lab.test": "127.0.0.1"}

    def resolve(self, request: Any, handler: Any) -> Any:
        """A reply to a question."""
        reply, name, kind = request.reply(), str(request.q.qname).rstrip(".").lower(), QTYPE[request.q.qtype]
        if name == SERVFAIL:
            reply.header.rcode = RCODE.SERVFAIL
        elif kind == "MX" and name in (*BY_NAME, NULL_MX, LOOP):
            host = {NULL_MX: ".", LOOP: "mta.lab.test."}.get(name, f"mx.{name}.")
            reply.add_answer(RR(request.q.qname, QTYPE.MX, rdata=MX(host, 0 if host == "." else 10), ttl=5))
        elif kind == "A" and name in self._addresses:
            reply.add_answer(RR(request.q.qname, QTYPE.A, rdata=A(self._addresses[name]), ttl=5))
        elif name not in self._addresses:
            reply.header.rcode = RCODE.NXDOMAIN
        return reply


@dataclass
class Postfix:
    """`start` it with the port where it finds the LMTP listener of feedback.test; `stop` it at the end."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="retour-postfix-")))
    port: int = 0
    _sinks: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _names: list[DNSServer] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """Its log."""
        return self.folder / "maillog"

    def start(self, feedback: int) -> None:
        """Everything, until Postfix answers."""
        os.chmod(self.folder, 0o755)
        self.port = _free_port()
        routes = {domain: self._sink(_free_port(), options) for domain, options in HOSTS.items()}
        for number, options in enumerate(BY_NAME.values(), 1):
            self._sink(25, options, f"127.0.1.{number}")
        self._names = [DNSServer(_Names(), port=53, address=NAMES, tcp=tcp) for tcp in (False, True)]
        for server in self._names:
            server.start_thread()
        self._write(routes, feedback)
        self._postfix("start")
        _wait_for(self.port)

    def stop(self) -> None:
        """Everything, and the folder is gone."""
        self._postfix("stop", check=False)
        for sink in self._sinks:
            sink.kill()
            sink.wait()
        for server in self._names:
            server.stop()
            server.server.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _sink(self, port: int, options: tuple[str, ...], address: str = "127.0.0.1") -> int:
        command = ["smtp-sink", "-u", "nobody", "-h", "mx.lab.test", *options, f"{address}:{port}", "100"]
        self._sinks.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return port

    def _write(self, routes: dict[str, int], feedback: int) -> None:
        owner = pwd.getpwnam("postfix")
        for name in ("etc", "queue", "data", "spool", "queue/etc"):
            (self.folder / name).mkdir(exist_ok=True)
        for name in ("data", "spool"):
            shutil.chown(self.folder / name, "postfix")
        lines = {
            "etc/main.cf": MAIN.format(folder=self.folder, uid=owner.pw_uid, gid=owner.pw_gid),
            "etc/master.cf": MASTER.format(port=self.port),
            "etc/transport": _routes(routes, feedback),
            "etc/vmailbox": "anne@final.test final/\n",
            "etc/alias": "team@alias.test one@spam.test, two@spam.test\n",
            "etc/relayrcpt": "@feedback.test ok\nknown@relay.test ok\n",
            "etc/access": "policy@ok.test 550 5.7.1 Not wanted here\ngrey@ok.test 450 4.7.1 Greylisted, come again\n",
            "queue/etc/resolv.conf": f"nameserver {NAMES}\noptions timeout:1 attempts:1\n",
            "queue/etc/services": "smtp 25/tcp mail\n",
        }
        for name, text in lines.items():
            (self.folder / name).write_text(text)
        self._postfix("set-permissions", check=False)

    def _postfix(self, verb: str, check: bool = True) -> None:
        command = ["postfix", "-c", str(self.folder / "etc"), verb]
        subprocess.run(command, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)


def _routes(routes: dict[str, int], feedback: int) -> str:
    lines = [f"{domain} smtp:[127.0.0.1]:{port}" for domain, port in routes.items()]
    lines += [f"feedback.test lmtp:inet:127.0.0.1:{feedback}", f"down.test smtp:[127.0.0.1]:{_free_port()}"]
    return "\n".join(lines) + "\n"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def _wait_for(port: int) -> None:
    """Until something answers there."""
    for _ in range(100):
        with socket.socket() as tried:
            tried.settimeout(0.2)
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise TimeoutError("Postfix does not answer")
