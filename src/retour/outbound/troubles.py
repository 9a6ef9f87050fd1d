"""From libcurl's codes to a named trouble and a sentence that tells whoever reads it what happened. Pure."""

from __future__ import annotations

import errno

import pycurl

from retour import limits
from retour.outbound.addresses import Problem, Trouble
from retour.outbound.curl import Call, Heard

CERTIFICATE_EXPIRED = 10  # the X509_V_ERR_… of openssl/x509_vfy.h, as CURLINFO_SSL_VERIFYRESULT tells them
_UNTRUSTED = {
    9: "is not valid yet",
    CERTIFICATE_EXPIRED: "has expired",
    18: "is signed by itself, not by an authority that is trusted here",
    19: "is not signed by an authority that is trusted here",
    20: "is not signed by an authority that is trusted here, or its chain is not complete",
    21: "is not signed by an authority that is trusted here, or its chain is not complete",
    23: "has been revoked",
}
_TLS = (
    pycurl.E_SSL_CONNECT_ERROR,
    pycurl.E_PEER_FAILED_VERIFICATION,
    pycurl.E_SSL_CERTPROBLEM,
    pycurl.E_SSL_CIPHER,
    pycurl.E_SSL_ISSUER_ERROR,
    pycurl.E_SSL_INVALIDCERTSTATUS,
)
_LOST = (pycurl.E_GOT_NOTHING, pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR, pycurl.E_PARTIAL_FILE)
_TOO_LARGE = 100  # CURLE_TOO_LARGE, which pycurl has no name for: a line of over 100 kB


def trouble_of(code: int, message: str, heard: Heard, call: Call, deadline: float) -> Problem | None:
    """What went wrong in a call, or None. `deadline`: the seconds that were given for the whole of it."""
    if heard.refused is not None:
        return Problem(trouble=Trouble.ADDRESS_FORBIDDEN, sentence=heard.refused)
    if heard.overflowed or code == _TOO_LARGE:
        return _said(Trouble.RESPONSE_TOO_LARGE_HEADERS, "The headers of the answer are over 16 KiB.")
    if heard.cut or code == pycurl.E_OK:
        return None
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return _said(Trouble.TIMEOUT, _too_late(heard, call, deadline))
    if code == pycurl.E_COULDNT_CONNECT:
        return _said(Trouble.CONNECT_FAILED, _unconnected(heard, call))
    if code in _TLS:
        return _said(Trouble.TLS_FAILED, _unsafe(code, message, heard, call))
    if code in _LOST or (call.once and heard.repeated):
        return _said(Trouble.CONNECTION_LOST, _lost(heard, call))
    return _said(Trouble.PROTOCOL_ERROR, f"{call.target.host} did not answer in HTTP/1.1.")


def certificate_expired(heard: Heard) -> bool:
    """Whether the handshake failed for that reason."""
    return heard.verify_result == CERTIFICATE_EXPIRED


def _said(trouble: Trouble, sentence: str) -> Problem:
    return Problem(trouble=trouble, sentence=sentence)


def _too_late(heard: Heard, call: Call, deadline: float) -> str:
    host = call.target.host
    if heard.status_code is not None:
        return f"The answer {heard.status_code} did not end within {deadline:g} s."
    early = min(deadline, limits.CONNECT_SECONDS)
    if not heard.connected and not heard.reused:
        return f"No connection to {host} within {early:g} s."
    if call.target.scheme == "https" and not heard.shaken and not heard.reused:
        return f"The TLS handshake with {host} did not end within {early:g} s."
    return f"No answer within {deadline:g} s."


def _unconnected(heard: Heard, call: Call) -> str:
    host, port = call.target.host, call.target.port
    if heard.system_error == errno.ECONNREFUSED:
        return f"{host} refused the connection: nothing listens on port {port}."
    if heard.system_error in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return f"There is no route to {host}."
    return f"No connection to {host} on port {port}."


def _unsafe(code: int, message: str, heard: Heard, call: Call) -> str:
    host = call.target.host
    if heard.verify_result in _UNTRUSTED:
        return f"The certificate of {host} {_UNTRUSTED[heard.verify_result]}."
    if code == pycurl.E_PEER_FAILED_VERIFICATION and "subject name" in message:
        return f"The certificate is not valid for this name. {host} shows the certificate of another host."
    if code == pycurl.E_PEER_FAILED_VERIFICATION:
        return f"The certificate of {host} can't be verified."
    return (
        f"The TLS handshake with {host} failed. It has to speak TLS 1.2 or newer on port {call.target.port}."
    )


def _lost(heard: Heard, call: Call) -> str:
    if heard.status_code is not None:
        return f"{call.target.host} closed the connection in the middle of its answer {heard.status_code}."
    return f"{call.target.host} closed the connection without an answer."
