"""Atom feeds (RFC 4287)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.etree import ElementTree as Xml

NAMESPACE = "http://www.w3.org/2005/Atom"
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML can hold."""


@dataclass(frozen=True)
class Link:
    """An absolute address, its relation (``self``, ``alternate``, ``related``) and media type."""

    href: str
    rel: str
    type: str


@dataclass(frozen=True)
class Entry:
    """An entry.

    Attributes
    ----------
    id : an absolute IRI that never changes. updated : aware; later whenever the content is another.
    summary : plain text. content : HTML, the children of a ``div``.
    """

    id: str
    title: str
    updated: datetime
    published: datetime
    summary: str
    links: Sequence[Link]
    content: Xml.Element = field(default_factory=lambda: Xml.Element("div"))


@dataclass(frozen=True)
class Feed:
    """A feed with at least one entry, the newest first; ``author`` is the name of the service that writes it."""

    id: str
    title: str
    subtitle: str
    author: str
    links: Sequence[Link]
    entries: Sequence[Entry]

    @property
    def updated(self) -> datetime:
        """When the last of its entries changed."""
        return max(entry.updated for entry in self.entries)


def write(feed: Feed) -> bytes:
    """The document, the same for the same feed."""
    root = Xml.Element("feed", {"xmlns": NAMESPACE, "xml:lang": "en"})
    _texts(root, id=feed.id, title=feed.title, subtitle=feed.subtitle, updated=_moment(feed.updated))
    _texts(Xml.SubElement(root, "author"), name=feed.author)
    _links(root, feed.links)
    for entry in feed.entries:
        inner = Xml.SubElement(root, "entry")
        _texts(inner, id=entry.id, title=entry.title, updated=_moment(entry.updated))
        _texts(inner, published=_moment(entry.published), summary=entry.summary)
        _links(inner, entry.links)
        # Escaped, as every reader takes it; XHTML inside XML is less common.
        html = Xml.tostring(entry.content, encoding="unicode", method="html")
        Xml.SubElement(inner, "content", {"type": "html"}).text = _sound(html)
    return Xml.tostring(root, encoding="utf-8", xml_declaration=True)


def _texts(parent: Xml.Element, **texts: str) -> None:
    for name, text in texts.items():
        Xml.SubElement(parent, name).text = _sound(text)


def _links(parent: Xml.Element, links: Sequence[Link]) -> None:
    for link in links:
        Xml.SubElement(parent, "link", {"rel": link.rel, "type": link.type, "href": _sound(link.href)})


def _sound(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
