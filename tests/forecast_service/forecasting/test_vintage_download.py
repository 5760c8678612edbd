"""Fetching files, from a server on this machine that behaves badly."""

import hashlib
import socket
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from forecast_service.forecasting.vintage_download import Conditions, DownloadError, Limits, download
from tests.support.sockets import connections, sockets_of

FILE = b"iso3,year,share_pct\n" * 2000


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list[dict[str, str]]

    def log_message(self, *_):
        pass

    def send(self, status=200, body=FILE, **headers):
        self.send_response(status)
        plain = {"Content-Type": "text/csv", "Content-Length": str(len(body))}
        for name, value in (plain | {k.replace("_", "-"): v for k, v in headers.items()}).items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.server.seen.append(dict(self.headers) | {"path": self.path})
        what = self.path.split("?")[0].strip("/")
        try:
            getattr(self, what.replace("-", "_"))()
        except (BrokenPipeError, ConnectionResetError):
            self.server.left.set()
        self.close_connection = True

    def plain(self):
        if self.headers.get("If-None-Match") == '"one"':
            self.send(304, b"", Content_Length=None)
        else:
            self.send(ETag='"one"', Last_Modified="Mon, 01 Jun 2026 00:00:00 GMT")

    def no_conditions(self):
        self.send()

    def slow(self):
        self.send(body=b"", Content_Length="1000")
        for _ in range(100):
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.05)

    def slow_headers(self):
        for _ in range(100):
            self.wfile.write(b"H")
            self.wfile.flush()
            time.sleep(0.05)

    def silent(self):
        self.server.left.wait(5)

    def cut_off(self):
        self.send(body=FILE[:1000], Content_Length=str(len(FILE)))

    def cut_off_chunks(self):
        self.send(body=b"5\r\nhello\r\n400\r\nx", Content_Length=None, Transfer_Encoding="chunked")

    def chunks(self):
        body = b"".join(b"%x\r\n%s\r\n" % (len(FILE[i : i + 999]), FILE[i : i + 999]) for i in range(0, len(FILE), 999))
        self.send(body=body + b"0\r\n\r\n", Content_Length=None, Transfer_Encoding="chunked")

    def endless_chunks(self):
        self.send(body=b"", Content_Length=None, Transfer_Encoding="chunked")
        while True:
            self.wfile.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")

    def no_length(self):
        self.send(Content_Length=None)

    def endless(self):
        self.send(body=b"", Content_Length=None)
        while True:
            self.wfile.write(b"x" * 100_000)

    def large(self):
        self.send(body=b"", Content_Length=str(10**12))

    def page(self):
        self.send(body=b"<html>Just a moment</html>", Content_Type="text/html; charset=utf-8")

    def squeezed(self):
        self.send(Content_Encoding="gzip")

    def missing(self):
        self.send(404, b"no")

    def moved(self):
        self.send(302, b"", Location="/plain")

    def around(self):
        self.send(302, b"", Location="/around")

    def to_loopback(self):
        self.send(302, b"", Location=self.server.elsewhere)

    def to_nowhere(self):
        self.send(301, b"", Location="ftp://127.0.0.1/x")

    def not_http(self):
        self.wfile.write(b"220 welcome\r\n\r\n")


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.seen, made.left, made.elsewhere = [], threading.Event(), ""
    thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.left.set()
    made.shutdown()
    made.server_close()


@pytest.fixture
def address(server):
    return f"127.0.0.1:{server.server_address[1]}"


@pytest.fixture
def get(address):
    def ask(path, known=None, sha256="", seconds=10.0, most=1_000_000, url=None):
        return download(url or f"http://{address}/{path}", Limits(frozenset({address}), seconds, most), known, sha256)

    return ask


@pytest.mark.parametrize("path", ["plain", "chunks", "moved", "plain?a=b"])
def test_a_file_is_fetched(get, server, path):
    found = get(path)
    assert found.data == FILE
    assert found.conditions.sha256 == hashlib.sha256(FILE).hexdigest()
    assert server.seen[0]["path"] == f"/{path}"
    assert server.seen[0]["Accept-Encoding"] == "identity"


def test_a_file_that_is_the_same_is_not_fetched_again(get, server):
    first = get("plain")
    assert first.conditions == Conditions('"one"', "Mon, 01 Jun 2026 00:00:00 GMT", hashlib.sha256(FILE).hexdigest())
    assert get("plain", first.conditions) is None
    assert server.seen[1]["If-None-Match"] == '"one"'
    assert server.seen[1]["If-Modified-Since"] == "Mon, 01 Jun 2026 00:00:00 GMT"
    # A server that knows no conditions sends it again: its hash tells.
    assert get("no-conditions", Conditions(sha256=first.conditions.sha256)) is None


def test_a_checksum_is_held_to(get):
    right = hashlib.sha256(FILE).hexdigest()
    assert get("plain", sha256=right.upper()).data == FILE
    assert get("no-length", sha256=right).data == FILE
    with pytest.raises(DownloadError, match="not the one that was asked for"):
        get("plain", sha256="0" * 64)


@pytest.mark.parametrize("path", ["slow", "slow-headers", "silent"])
def test_a_slow_server_is_cut_off(get, server, path):
    started = time.monotonic()
    with pytest.raises(DownloadError, match=r"took longer than 0.4 s"):
        get(path, seconds=0.4)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("cut-off", r"cut off after 1000 of 40000 bytes"),
        ("cut-off-chunks", r"cannot be read from \(IncompleteRead\)"),
        ("no-length", "the answer has no length"),
        ("large", r"has 1000000000000 bytes; at most 1000000 are fetched"),
        ("endless-chunks", "has more than the 1000000 bytes"),
        ("page", "is a web page"),
        ("squeezed", "is compressed"),
        ("missing", "answers 404"),
        ("around", "more than 3 redirects"),
        ("to-nowhere", "is not in FORECAST_DOWNLOAD_HOSTS"),
        ("not-http", r"cannot be read from \(BadStatusLine\)"),
    ],
)
def test_what_is_not_the_whole_file_is_refused(get, server, path, message):
    with pytest.raises(DownloadError, match=message) as refused:
        get(path)
    mine, port = sockets_of("self"), server.server_address[1]
    left_open = [one for one in connections() if one.remote_port == port and one.inode in mine]
    assert left_open == [], refused  # which holds on to what was not closed


def test_a_body_without_end_is_left_even_with_a_checksum(get):
    with pytest.raises(DownloadError, match="has more than the 1000000 bytes"):
        get("endless", sha256="0" * 64)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "10.0.0.1", "169.254.169.254", "0.0.0.0"])  # noqa: S104
def test_a_redirect_to_this_machine_or_a_private_address_is_not_followed(get, server, host):
    other = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    other.seen = []
    threading.Thread(target=other.serve_forever, args=(0.02,), daemon=True).start()
    server.elsewhere = f"http://{host}:{other.server_address[1]}/plain"
    try:
        with pytest.raises(DownloadError, match="is not in FORECAST_DOWNLOAD_HOSTS"):
            get("to-loopback")
        assert other.seen == []
    finally:
        other.shutdown()
        other.server_close()


@pytest.mark.parametrize(
    "found",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",  # noqa: S104
     "::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "2002:7f00:1::1"],
)  # fmt: skip
def test_an_allowed_name_that_stands_for_a_private_address_is_refused(monkeypatch, found):
    public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 443))
    private = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (found, 443, 0, 0))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: [public, private])
    monkeypatch.setattr(socket, "create_connection", lambda *_a, **_k: pytest.fail("it was connected to"))
    with pytest.raises(DownloadError, match=r"data.example.org stands for an address that is not public"):
        download("https://data.example.org/x.xlsx", Limits(frozenset({"data.example.org"})))


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch):
    asked, reached = [], []

    def resolve(host, port, **_):
        asked.append(host)
        # A name that changes what it stands for: public when it is checked, this machine afterwards.
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14" if len(asked) == 1 else "127.0.0.1", port))
        ]

    def connect(where, **_):
        reached.append(where)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(DownloadError, match="ConnectionRefusedError"):
        download("https://data.example.org/x.xlsx", Limits(frozenset({"data.example.org"})))
    assert asked == ["data.example.org"]
    assert reached == [("93.184.215.14", 443)]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://other.example.org/x", "is not in FORECAST_DOWNLOAD_HOSTS"),
        ("https://data.example.org.evil.net/x", "is not in FORECAST_DOWNLOAD_HOSTS"),
        ("http://data.example.org/x", "only https"),
        ("file:///etc/passwd", "is no URL of a file"),
        ("https://user:secret@data.example.org/x", "is no URL of a file"),
        ("https://data.example.org:8443/x", "port 8443"),
        ("https://data.example.org/a b", "is no URL of a file"),
        ("https://data.example.org/\r\nHost: x", "is no URL of a file"),
        ("https://data.example.org:port/x", "is no URL"),
        ("https://[::1/x", "is no URL"),
    ],
)
def test_what_may_be_asked(url, message):
    with pytest.raises(DownloadError, match=message):
        download(url, Limits(frozenset({"data.example.org"})))


def test_downloads_are_off_by_default():
    with pytest.raises(DownloadError, match="downloads are off"):
        download("https://data.example.org/x", Limits(frozenset()))


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.seen = []
    made.handle_error = lambda *_: None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    made.socket = context.wrap_socket(made.socket, server_side=True)
    threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
    address = f"127.0.0.1:{made.server_address[1]}"
    limits = Limits(frozenset({address}), 10)
    try:
        with pytest.raises(DownloadError, match="SSLCertVerificationError"):
            download(f"https://{address}/plain", limits)
        assert made.seen == []
        with pytest.MonkeyPatch.context() as trusting:
            trusting.setattr(ssl, "create_default_context", lambda: _trusting(certificate))
            assert download(f"https://{address}/plain", limits).data == FILE
    finally:
        made.shutdown()
        made.server_close()


def _trusting(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certificate)
    return context


def test_a_server_that_never_shakes_hands_is_cut_off():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        started = time.monotonic()
        with pytest.raises(DownloadError, match=r"took longer than 0.4 s"):
            download(f"https://127.0.0.1:{port}/x", Limits(frozenset({f"127.0.0.1:{port}"}), 0.4))
        assert time.monotonic() - started < 3
