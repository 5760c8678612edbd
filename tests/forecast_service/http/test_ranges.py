"""Parts of tables (RFC 9110, 14): readers of Parquet and Arrow fetch the end of a file before its beginning."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

PATH = "/v1/countries/DEU/forecast"


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet", "arrow"])
def test_the_parts_of_a_table_make_the_whole(client: FlaskClient, form: str) -> None:
    whole = client.get(f"{PATH}.{form}")
    assert (whole.status_code, whole.headers["Accept-Ranges"]) == (200, "bytes")
    length = len(whole.data)
    parts = []
    for asked, sent in (
        ("bytes=0-99", f"bytes 0-99/{length}"),
        ("bytes=100-", f"bytes 100-{length - 1}/{length}"),
        ("bytes=-8", f"bytes {length - 8}-{length - 1}/{length}"),
    ):
        part = client.get(f"{PATH}.{form}", headers={"Range": asked})
        assert (part.status_code, part.headers["Content-Range"]) == (206, sent)
        assert part.headers["ETag"] == whole.headers["ETag"]
        assert int(part.headers["Content-Length"]) == len(part.data)
        parts.append(part.data)
    assert parts[0] + parts[1] == whole.data
    assert whole.data.endswith(parts[2])


def test_the_head_of_a_table_says_how_long_it_is(client: FlaskClient) -> None:
    whole = client.get(f"{PATH}.parquet")
    head = client.head(f"{PATH}.parquet", headers={"Range": "bytes=0-9"})
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len(whole.data))
    assert head.headers["Accept-Ranges"] == "bytes"


def test_a_part_of_another_answer_is_not_sent(client: FlaskClient) -> None:
    etag = client.get(f"{PATH}.parquet").headers["ETag"]
    part = client.get(f"{PATH}.parquet", headers={"Range": "bytes=0-9", "If-Range": etag})
    assert (part.status_code, len(part.data)) == (206, 10)
    other = client.get(f"{PATH}.parquet", headers={"Range": "bytes=0-9", "If-Range": '"of-another-vintage"'})
    assert (other.status_code, other.headers["ETag"]) == (200, etag)
    held = client.get(f"{PATH}.parquet", headers={"Range": "bytes=0-9", "If-None-Match": etag})
    assert held.status_code == 304


def test_a_part_of_a_compressed_csv_is_a_part_of_what_is_sent(client: FlaskClient) -> None:
    headers = {"Accept-Encoding": "gzip"}
    whole = client.get(f"{PATH}.csv", headers=headers)
    part = client.get(f"{PATH}.csv", headers=headers | {"Range": "bytes=10-"})
    assert (part.status_code, part.headers["Content-Encoding"]) == (206, "gzip")
    assert part.data == whole.data[10:]


def test_a_part_beyond_the_end_is_refused(client: FlaskClient) -> None:
    length = len(client.get(f"{PATH}.parquet").data)
    refused = client.get(f"{PATH}.parquet", headers={"Range": f"bytes={length}-"})
    assert (refused.status_code, refused.mimetype) == (416, "application/problem+json")
    assert refused.headers["Content-Range"] == f"bytes */{length}"


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "lines=1-2", "bytes=9-1", "nonsense"])
def test_who_asks_for_something_else_gets_the_whole(client: FlaskClient, asked: str) -> None:
    whole = client.get(f"{PATH}.parquet").data
    found = client.get(f"{PATH}.parquet", headers={"Range": asked})
    assert (found.status_code, found.data) == (200, whole)


def test_what_is_no_table_has_no_parts(client: FlaskClient) -> None:
    found = client.get(PATH, headers={"Range": "bytes=0-9"})
    assert found.status_code == 200
    assert "Accept-Ranges" not in found.headers
