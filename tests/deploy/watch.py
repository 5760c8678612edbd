"""Every answer of a load, checked against the few that may be given: each edition's own, to the byte."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.serving import Service

FORECAST = "/v1/countries/{code}/forecast"
OWN = {"name": "capped", "levers": [{"type": "cap", "share_pct": 3.0}]}


@dataclass(frozen=True)
class Question:
    """What is asked; with ``vintage`` it names its edition."""

    path: str
    body: str | None = None

    @property
    def json(self) -> Any:
        return None if self.body is None else json.loads(self.body)

    def of(self, vintage: str) -> Question:
        """The same of one edition."""
        if self.body is not None:
            return Question(self.path, json.dumps(self.json | {"vintage": vintage}))
        return Question(f"{self.path}{'&' if '?' in self.path else '?'}vintage={vintage}")


QUESTIONS = (
    Question("/v1/countries/DEU/forecast"),
    Question("/v1/countries/POL/forecast?deadline=2030"),
    Question("/v1/countries/ESP/forecast.csv"),
    Question("/v1/countries/ITA/history"),
    Question("/v1/forecasts", json.dumps({"country": "NLD", "scenario": OWN})),
)


@dataclass(frozen=True)
class Sent:
    """What came back, as far as it must belong together."""

    status: int
    etag: str | None
    body: bytes

    @property
    def vintage(self) -> str | None:
        return None if self.body[:1] != b"{" else json.loads(self.body).get("vintage")


Ask = Callable[[Question, dict[str, str]], Sent]


def direct(service: Service) -> Ask:
    """Asks the service itself."""

    def ask(question: Question, headers: dict[str, str]) -> Sent:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        try:
            kind = {"Content-Type": "application/json"} if question.body else {}
            method = "POST" if question.body else "GET"
            connection.request(method, question.path, question.body, headers | kind)
            response = connection.getresponse()
            return Sent(response.status, response.getheader("ETag"), response.read())
        finally:
            connection.close()

    return ask


@dataclass
class Watch:
    """Asks over and over, and compares each answer with those that ``truths`` allow.

    ``truths`` holds for each question, as it is asked, the edition's name and its answer.
    """

    truths: dict[Question, dict[str, Sent]]
    seen: list[tuple[float, float, str]] = field(default_factory=list)  # begun, ended (time.time), edition
    wrong: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, ask: Ask, question: Question, conditional: bool) -> None:
        """Ask until told to stop; if ``conditional``, with the ETag of the answer before."""
        allowed, before = self.truths[question], None
        while not self.stopping.is_set():
            headers = {"If-None-Match": before} if conditional and before else {}
            begun = time.time()
            try:
                sent = ask(question, headers)
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(f"{question.path}: {type(error).__name__}")
                continue
            self._judge(question, allowed, sent, before, begun)
            before = sent.etag

    def _judge(
        self, question: Question, allowed: dict[str, Sent], sent: Sent, before: str | None, begun: float
    ) -> None:
        ended = time.time()
        if sent.status == 304:
            of = [name for name, truth in allowed.items() if truth.etag == sent.etag == before]
        else:
            of = [name for name, truth in allowed.items() if truth == sent]
        self.kinds[str(sent.status)] += 1
        if len(of) != 1:
            self.wrong.append(f"{question.path}: {sent.status} {sent.etag} {sent.vintage} {sent.body[:100]!r}")
        else:
            self.seen.append((begun, ended, of[0]))

    def wait_for(self, more: int, patience: float = 60) -> None:
        """Until so many more answers have come."""
        target, end = len(self.seen) + more, time.monotonic() + patience
        while len(self.seen) < target:
            assert time.monotonic() < end, f"the load stands still: {self.wrong[:3]}"
            assert not self.wrong, self.wrong[:3]
            time.sleep(0.01)

    def around(self, moment: datetime, old: str, new: str) -> tuple[float, float]:
        """How long before the moment the first answer of ``new`` ended, and after it the last of ``old`` began (s)."""
        at = moment.timestamp()
        mine = [one for one in self.seen if abs(one[0] - at) < 30]
        early = max((at - ended for _, ended, name in mine if name == new), default=0.0)
        late = max((begun - at for begun, _, name in mine if name == old), default=0.0)
        return early, late


def truths(ask: Ask, vintages: tuple[str, ...]) -> dict[Question, dict[str, Sent]]:
    """For each question, without and with its edition named, the answers that may be given."""
    found: dict[Question, dict[str, Sent]] = {}
    for question in QUESTIONS:
        pinned = {vintage: ask(question.of(vintage), {}) for vintage in vintages}
        assert {sent.status for sent in pinned.values()} == {200}, pinned
        assert len({sent.body for sent in pinned.values()}) == len(vintages)
        found[question] = pinned
        found |= {question.of(vintage): {vintage: sent} for vintage, sent in pinned.items()}
    return found
