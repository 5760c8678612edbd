"""Turns a page of the service into a page of a static site."""

from __future__ import annotations

import html
import posixpath
import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

from forecast_service.cli.site_addresses import Scope, file_of, normal

ORIGIN = "http://site.invalid"
"""Scheme and host of the requests for the pages, which then stand in lines of code and in cards."""
ADDRESSES = re.compile(r"href|src|srcset|action|data-(?:light|dark)-[a-z]+")
ABSOLUTE = re.compile(re.escape(ORIGIN) + r"((?:&amp;|[^\s\"'<>&\\])*)")

Attributes = list[tuple[str, str | None]]


class Rewriter(HTMLParser):
    """Makes the links of one page relative, and leaves out forms and links that need a server.

    Parameters
    ----------
    file : the page's own file.
    address : where the site will be served, for addresses with a host.

    Attributes
    ----------
    found : the normal addresses that the page links to.
    """

    def __init__(self, scope: Scope, file: str, address: str) -> None:
        super().__init__(convert_charrefs=False)
        self.scope, self.file, self.address = scope, file, address
        self.found: list[str] = []
        self.written: list[str] = []
        self.left_out: str | None = None
        """The tag of the element that is being left out."""

    def page(self, text: str) -> str:
        """The page of the static site."""
        self.feed(text)
        self.close()
        return ABSOLUTE.sub(self._absolute, "".join(self.written))

    def _absolute(self, found: re.Match[str]) -> str:
        path = html.unescape(found[1]) or "/"
        place = self._file(path)
        return html.escape(self.address + (path.lstrip("/") if place is None else place))

    def _file(self, address: str) -> str | None:
        """The file of an address of the service; None if the site does not have it."""
        if not self.scope.holds(address):
            return None
        self.found.append(normal(address))
        return file_of(self.found[-1])

    def _relative(self, address: str) -> str | None:
        """The link to an address of the service, from this page; None if the site does not have it."""
        place, fragment = self._file(address), urlsplit(address).fragment
        if place is None:
            return None
        link = posixpath.relpath(place, posixpath.dirname(self.file) or ".")
        return f"{link}#{fragment}" if fragment else link

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        if tag == "form":
            self.left_out = tag
        self._write_tag(tag, attrs, self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        self._write_tag(tag, attrs, self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == self.left_out:
            self.left_out = None
        else:
            self._write(f"</{tag}>")

    def _write_tag(self, tag: str, attrs: Attributes, text: str) -> None:
        changed = [(name, value) for name, value in attrs if ADDRESSES.fullmatch(name) and (value or "")[:1] == "/"]
        if not changed:
            self._write(text)
            return
        kept: Attributes = []
        for name, value in attrs:
            link = self._relative(value or "") if (name, value) in changed else value
            if link is not None or value is None:
                kept.append((name, link))
        if tag == "a" and "download" in dict(attrs) and "href" not in dict(kept):
            self.left_out = tag
        elif tag == "a":
            # The script that replaces parts of a page resolves relative links of the rest wrongly.
            kept.append(("data-leave", None))
        inner = "".join(f" {name}" if value is None else f' {name}="{html.escape(value)}"' for name, value in kept)
        self._write(f"<{tag}{inner}{'/' if text.endswith('/>') else ''}>")

    def _write(self, text: str) -> None:
        if self.left_out is None:
            self.written.append(text)

    def handle_data(self, data: str) -> None:
        self._write(data)

    def handle_entityref(self, name: str) -> None:
        self._write(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._write(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self._write(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self._write(f"<!{decl}>")
