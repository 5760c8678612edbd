"""Downloads a publisher's file. Off unless hosts are allowed (FORECAST_DOWNLOAD_HOSTS).

A name is resolved once, and the connection goes to the address that was checked, so the name cannot change in between.
All addresses of a name must be public; an address that is not must itself be in the list, as ``127.0.0.1:8080``. Every
redirect is checked like the first request. One time limit covers everything, so a server that sends a byte a second is
cut off like one that sends none.
"""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from forecast_service.version import VERSION
from models.dataset.importers.base import MOST_BYTES

REDIRECTS = 3
_CHUNK = 1 << 16
_MOVED = (301, 302, 303, 307, 308)


class DownloadError(Exception):
    """The download failed; the message says why."""


@dataclass(frozen=True)
class Limits:
    """Limits of a download. ``hosts`` are names, with or without a port; ``seconds`` limits the whole download."""

    hosts: frozenset[str]
    seconds: float = 60.0
    most_bytes: int = MOST_BYTES


@dataclass(frozen=True)
class Conditions:
    """The validators of the file that was downloaded last, so that the server need not send the same file again."""

    etag: str = ""
    last_modified: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Downloaded:
    """A file and its validators."""

    data: bytes
    conditions: Conditions


def download(url: str, limits: Limits, known: Conditions | None = None, sha256: str = "") -> Downloaded | None:
    """The file at ``url``; None if it is the one that ``known`` describes.

    Parameters
    ----------
    sha256 : the expected hash of the file, in hexadecimal; any if empty.

    Raises
    ------
    DownloadError
    """
    if not limits.hosts:
        raise DownloadError("downloads are off: FORECAST_DOWNLOAD_HOSTS names the hosts that may be asked")
    deadline = time.monotonic() + limits.seconds
    for _ in range(REDIRECTS + 1):
        parts = _checked(url, limits)
        with _answer(parts, limits, deadline, known) as answer:
            if answer.status == 304 and known:
                return None
            if answer.status in _MOVED:
                url = urljoin(url, answer.headers.get("Location", ""))
                continue
            if answer.status != 200:
                raise DownloadError(f"{parts.hostname} answers {answer.status}")
            data = _body(answer, limits, deadline, known_hash=bool(sha256))
            digest = hashlib.sha256(data).hexdigest()
            if sha256 and digest != sha256.lower():
                raise DownloadError(f"the file's SHA-256 is {digest}, not the one that was asked for")
            if known and digest == known.sha256:
                return None
            headers = answer.headers
            return Downloaded(data, Conditions(headers.get("ETag", ""), headers.get("Last-Modified", ""), digest))
    raise DownloadError(f"more than {REDIRECTS} redirects")


def _checked(url: str, limits: Limits) -> SplitResult:
    """The parts of a URL that may be fetched. Raises DownloadError if it may not be fetched."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise DownloadError(f"{url[:200]!r} is no URL") from None
    host = parts.hostname or ""
    if parts.username is not None or not host or any(c <= " " or c == "\x7f" for c in url):
        raise DownloadError(f"{url[:200]!r} is no URL of a file")
    named = {host, f"{host}:{port}"} if port else {host}
    if not named & limits.hosts:
        raise DownloadError(f"the host {host}{f':{port}' if port else ''} is not in FORECAST_DOWNLOAD_HOSTS")
    plain = parts.scheme == "http" and _address(host) is not None
    if parts.scheme != "https" and not plain:
        raise DownloadError("only https is fetched (http from addresses that are in FORECAST_DOWNLOAD_HOSTS)")
    if port not in (None, 443) and f"{host}:{port}" not in limits.hosts:
        raise DownloadError(f"port {port} of {host} is not in FORECAST_DOWNLOAD_HOSTS")
    return parts


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _resolved(host: str, port: int) -> str:
    """An address of ``host`` that a connection may go to.

    Raises DownloadError if there is none, or one of them is not public.
    """
    if _address(host) is not None:
        return host  # _checked has found it in the list
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise DownloadError(f"{host} has no address") from None
    for text in found:
        address = ipaddress.ip_address(text.partition("%")[0])
        inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None) or address
        if not address.is_global or not inner.is_global or address.is_multicast:
            raise DownloadError(f"{host} stands for an address that is not public")
    return min(found, key=lambda text: (":" in text, text))


@contextmanager
def _answer(
    parts: SplitResult, limits: Limits, deadline: float, known: Conditions | None
) -> Iterator[http.client.HTTPResponse]:
    """The answer to one GET, its body not read yet; the connection is cut at the deadline."""
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = _resolved(host, port)
    connection = http.client.HTTPConnection(host, port)
    over = threading.Event()
    try:
        reached: socket.socket = socket.create_connection((address, port), timeout=_left(deadline))
        if parts.scheme == "https":
            # The handshake comes later, when the timer can cut it off.
            secure = ssl.create_default_context()
            reached = secure.wrap_socket(reached, server_hostname=host, do_handshake_on_connect=False)
        watch = threading.Timer(_left(deadline), _cut, (reached, over))
        watch.daemon = True
        watch.start()
        try:
            if isinstance(reached, ssl.SSLSocket):
                reached.do_handshake()
            connection.sock = reached
            path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
            connection.request("GET", path, headers=_headers(known))
            with connection.getresponse() as answer:  # closed, because an unread rest would hold the socket
                yield answer
        finally:
            watch.cancel()
            reached.close()
    except DownloadError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        if over.is_set() or isinstance(error, TimeoutError):
            raise DownloadError(f"{host} took longer than {limits.seconds:g} s") from None
        raise DownloadError(f"{host} cannot be read from ({type(error).__name__})") from None
    finally:
        connection.close()


def _headers(known: Conditions | None) -> dict[str, str]:
    headers = {"User-Agent": f"forecast-service/{VERSION}", "Accept-Encoding": "identity", "Connection": "close"}
    if known and known.etag:
        headers["If-None-Match"] = known.etag
    if known and known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    return headers


def _left(deadline: float) -> float:
    # A timeout of 0 would mean "do not wait".
    return max(deadline - time.monotonic(), 0.001)


def _cut(reached: socket.socket, over: threading.Event) -> None:
    """Cut a connection that another thread reads from."""
    over.set()
    with suppress(OSError):  # that thread may have just closed it
        # Not reached.shutdown: on a TLS socket it drops the state that the reading thread uses.
        socket.socket.shutdown(reached, socket.SHUT_RDWR)


def _body(answer: http.client.HTTPResponse, limits: Limits, deadline: float, *, known_hash: bool) -> bytes:
    """The whole body. Raises DownloadError if it is too large, too slow, cut off, a web page or compressed."""
    kind = answer.headers.get_content_type()
    if kind in ("text/html", "application/xhtml+xml"):
        raise DownloadError("the answer is a web page, not a file")
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise DownloadError("the answer is compressed, which was not asked for")
    length = answer.length
    if length is None and not answer.chunked and not known_hash:
        raise DownloadError("the answer has no length, so a truncated file could not be detected")
    if length is not None and length > limits.most_bytes:
        raise DownloadError(f"the file has {length} bytes; at most {limits.most_bytes} are fetched")
    data = bytearray()
    while chunk := answer.read1(_CHUNK) if not answer.chunked else answer.read(_CHUNK):
        data += chunk
        if len(data) > limits.most_bytes:
            raise DownloadError(f"the file has more than the {limits.most_bytes} bytes that are fetched")
        if time.monotonic() > deadline:
            raise DownloadError(f"the file took longer than {limits.seconds:g} s")
    if time.monotonic() > deadline:
        raise DownloadError(f"the file took longer than {limits.seconds:g} s")
    if length is not None and len(data) != length:
        raise DownloadError(f"the file was cut off after {len(data)} of {length} bytes")
    return bytes(data)
