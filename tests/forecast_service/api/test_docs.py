"""The documentation page, which needs no other host."""

from __future__ import annotations

import re

from flask.testing import FlaskClient


def test_the_page_names_no_other_host_and_its_files_are_there(client: FlaskClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert page.mimetype == "text/html"
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) >= 4
    for address in addresses:
        assert not re.match(r"(?:[a-z]+:)?/", address), "relative, so that a gateway's prefix does no harm"
        with client.get(f"/{address}") as response:
            assert response.status_code == 200, address
    assert "//" not in page.text.replace("<!--", "")


def test_no_script_stands_in_the_page(client: FlaskClient) -> None:
    for attributes, content in re.findall(r"<script([^>]*)>(.*?)</script>", client.get("/docs").text, re.DOTALL):
        assert "src=" in attributes
        assert not content.strip()


def test_the_page_shows_this_contract(client: FlaskClient) -> None:
    with client.get("/static/docs.js") as script:
        assert script.mimetype == "text/javascript"
        assert 'url: "openapi.json"' in script.text
    with client.get("/docs/assets/swagger-ui-bundle.js") as bundle:
        assert "SwaggerUIBundle" in bundle.text
