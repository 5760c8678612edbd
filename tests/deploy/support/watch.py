"""Every answer of a load, checked against the few that may be given: each vintage's own, to the byte."""

from __future__ import annotations

import http.client
import json
import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.service import Service

FORECAST = "/v1/countries/{code}/forecast"
SETTLED_S = 1.0
"""So far from one switch, an answer belongs to the next."""
PAUSE_S = 0.1
"""Between two requests of a client, so that what is computed beside gets its turn too."""
OWN = {"name": "capped", "levers": [{"type": "cap", "share_pct": 3.0}]}


@dataclass(frozen=True)
class Question:
    """What is asked; with ``vintage`` it names its vintage."""

    path: str
    body: str | None = None
    pinned: bool = False

    @property
    def json(self) -> Any:
        return None if self.body is None else json.loads(self.body)

    def of(self, vintage: str) -> Question:
        """The same of one vintage."""
        if self.body is not None:
            return Question(self.path, json.dumps(self.json | {"vintage": vintage}), pinned=True)
        return Question(f"{self.path}{'&' if '?' in self.path else '?'}vintage={vintage}", pinned=True)


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
    """Asks over and over, and compares each answer with those that may be given."""

    # Begun, ended (time.time), vintage; of questions that name none.
    seen: list[tuple[float, float, str]] = field(default_factory=list)
    pinned: int = 0
    wrong: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, ask: Ask, question: Question, allowed: dict[str, Sent], conditional: bool) -> None:
        """Ask until told to stop; if ``conditional``, with the ETag of the answer before.

        ``allowed`` holds the answers that may be given, by the name of their vintage; more may be added to it.
        """
        before = None
        while not self.stopping.is_set():
            headers = {"If-None-Match": before} if conditional and before else {}
            time.sleep(PAUSE_S)
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
        elif not question.pinned:
            self.seen.append((begun, ended, of[0]))
        else:
            self.pinned += 1

    def wait_for(self, more: int, patience: float = 60) -> None:
        """Until so many more answers have come."""
        target, end = len(self.seen) + more, time.monotonic() + patience
        while len(self.seen) < target:
            assert time.monotonic() < end, f"the load stands still: {self.wrong[:3]}"
            assert not self.wrong, self.wrong[:3]
            time.sleep(0.01)

    def deviations(self, switches: list[tuple[float, str]]) -> tuple[float, float]:
        """By how much an answer of the next vintage came too early, or one of the last too late, at most (s).

        ``switches`` are the moments (time.time), each with the vintage that is current from then on; the first is the
        beginning.
        """
        early = late = 0.0
        ends = [at for at, _ in switches[2:]] + [math.inf]
        for (since, before), (at, after), end in zip(switches, switches[1:], ends, strict=False):
            for begun, ended, name in self.seen:
                if name == after and since + SETTLED_S < ended < at:
                    early = max(early, at - ended)
                if name == before and at < begun < end - SETTLED_S:
                    late = max(late, begun - at)
        return early, late


Truths = dict[Question, dict[str, Sent]]
"""For each question the answers that may be given, by the name of their vintage."""


def learn(ask: Ask, known: Truths, vintage: str) -> None:
    """Allow the answers of one more vintage to the questions that name none."""
    for question, allowed in known.items():
        if not question.pinned:
            allowed[vintage] = ask(question.of(vintage), {})
            assert allowed[vintage].status == 200


def truths(ask: Ask, vintages: tuple[str, ...]) -> Truths:
    """For each question, without and with its vintage named, the answers that may be given."""
    found: Truths = {}
    for question in QUESTIONS:
        pinned = {vintage: ask(question.of(vintage), {}) for vintage in vintages}
        assert {sent.status for sent in pinned.values()} == {200}, pinned
        assert len({sent.body for sent in pinned.values()}) == len(vintages)
        found[question] = pinned
        found |= {question.of(vintage): {vintage: sent} for vintage, sent in pinned.items()}
    return found
