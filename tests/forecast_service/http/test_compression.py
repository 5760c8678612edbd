"""Files of the page: compressed once, with an ETag for each encoding, in whole, in part, or not at all."""

from __future__ import annotations

import gzip
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forecast_service.dashboard.assets import FOLDER
from forecast_service.http.compression import send_file

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


@pytest.fixture
def address(client: FlaskClient) -> str:
    """The address of the style sheet."""
    return re.findall(r'href="([^"]+/page\.css)"', client.get("/method").text)[0]


STYLES = (FOLDER / "page.css").read_bytes()


@pytest.mark.parametrize(
    ("encoding", "decoded"), [("gzip", gzip.decompress), ("zstd", zstd.decompress), ("identity", bytes)]
)
def test_a_file_comes_in_the_encoding_that_is_asked_for(
    client: FlaskClient, address: str, encoding: str, decoded: Callable[[bytes], bytes]
) -> None:
    answer = client.get(address, headers={"Accept-Encoding": encoding})
    assert decoded(answer.data) == STYLES
    assert answer.headers.get("Content-Encoding", "identity") == encoding
    assert answer.headers["Content-Length"] == str(len(answer.data))
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert "immutable" in answer.headers["Cache-Control"]
    if encoding != "identity":
        assert len(answer.data) < len(STYLES) / 2
    head = client.head(address, headers={"Accept-Encoding": encoding})
    assert (head.headers["Content-Length"], head.headers["ETag"]) == (str(len(answer.data)), answer.headers["ETag"])
    again = client.get(address, headers={"Accept-Encoding": encoding, "If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_each_encoding_has_its_own_tag_so_that_parts_are_not_mixed(client: FlaskClient, address: str) -> None:
    tags = {client.get(address, headers={"Accept-Encoding": it}).headers["ETag"] for it in ("gzip", "zstd", "identity")}
    assert len(tags) == 3
    whole = client.get(address, headers={"Accept-Encoding": "gzip"})
    asked = {"Accept-Encoding": "gzip", "Range": "bytes=10-99", "If-Range": whole.headers["ETag"]}
    part = client.get(address, headers=asked)
    assert (part.status_code, part.data) == (206, whole.data[10:100])
    other = client.get(address, headers=asked | {"Accept-Encoding": "zstd"})
    assert other.status_code == 200


def test_a_file_that_compression_does_not_make_smaller_stays_plain(tmp_path: Path, app: Flask) -> None:
    noise = tmp_path / "noise.svg"
    noise.write_bytes(bytes(i * i * 97 % 251 for i in range(120)))
    with app.test_request_context(headers={"Accept-Encoding": "zstd, gzip"}):
        answer = send_file(noise)
    assert answer.get_data() == noise.read_bytes()
    assert "Content-Encoding" not in answer.headers
    assert not answer.headers["ETag"].endswith('zstd"')
