"""OpenTelemetry spans (FORECAST_TRACES): one per request, and below it one per computation. Needs the extra ``otel``.

OpenTelemetry's own variables (``OTEL_EXPORTER_OTLP_ENDPOINT``, ``OTEL_SERVICE_NAME``, ``OTEL_TRACES_SAMPLER`` and so
on) say where spans go.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from flask import Flask, current_app, g, has_app_context, request

from forecast_service.settings import BadSetting, Settings

EXTENSION = "forecast-tracer"


def make_tracer(settings: Settings, exporter: Any = None) -> Any:
    """The tracer, which makes spans; None if the settings ask for none.

    Parameters
    ----------
    exporter : receives the spans one by one (tests); OTLP over HTTP in batches if None.
    """
    if not settings.traces:
        return None
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

        if exporter is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            processor: Any = BatchSpanProcessor(OTLPSpanExporter())
        else:
            processor = SimpleSpanProcessor(exporter)
    except ImportError:
        raise BadSetting("FORECAST_TRACES: needs the extra otel: pip install 'forecast-service[otel]'") from None
    named = "OTEL_SERVICE_NAME" in os.environ
    provider = TracerProvider(resource=Resource.create({} if named else {"service.name": "forecast-service"}))
    provider.add_span_processor(processor)
    return provider.get_tracer("forecast_service")


def register(app: Flask, settings: Settings, exporter: Any = None) -> None:
    """Trace the requests of ``app``; ``exporter`` as in :func:`make_tracer`."""
    if tracer := make_tracer(settings, exporter):
        app.extensions[EXTENSION] = tracer


def traceparent() -> str | None:
    """The traceparent for work that the present request starts: of its own span, or else of the caller's."""
    carrier: dict[str, str] = {}
    if "current_span" in g:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        TraceContextTextMapPropagator().inject(carrier)
    sent: str | None = structlog.contextvars.get_contextvars().get("traceparent")
    return carrier.get("traceparent", sent)


def begin_task(tracer: Any, name: str, parent: str | None, **attributes: Any) -> Any:
    """Start a span outside a request, below ``parent``; end it with :func:`end_task`. None without a tracer."""
    return tracer and tracer.start_span(name, _below({"traceparent": parent} if parent else {}), attributes=attributes)


def end_task(task: Any, error: BaseException | None = None) -> None:
    """End a span of :func:`begin_task`; with ``error``, mark it as failed, without the message."""
    if task is None:
        return
    from opentelemetry.trace import StatusCode

    if error is not None:
        task.set_status(StatusCode.ERROR, type(error).__name__)
    task.end()


def _below(carrier: Any) -> Any:
    """The context that the headers in ``carrier`` name (W3C Trace Context)."""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract(carrier)


def _tracer() -> Any:
    return current_app.extensions.get(EXTENSION) if has_app_context() else None


def begin(method: str, route: str) -> None:
    """Start the span of a request, below the caller's if it sent a traceparent."""
    tracer = _tracer()
    if tracer is None:
        return
    from opentelemetry.trace import SpanKind

    facts = {"http.request.method": method, "http.route": route, "url.scheme": request.scheme}
    name, context = f"{method} {route}", _below(request.headers)
    g.span = tracer.start_as_current_span(name, context, kind=SpanKind.SERVER, attributes=facts)
    g.current_span = g.span.__enter__()


def describe(status: int, facts: dict[str, Any]) -> None:
    """Add the status and the facts of the request to its span."""
    if "current_span" not in g:
        return
    from opentelemetry.trace import StatusCode

    g.current_span.set_attribute("http.response.status_code", status)
    g.current_span.set_attributes({f"forecast.{name}": value for name, value in facts.items()})
    if status >= 500:
        g.current_span.set_status(StatusCode.ERROR)


def end() -> None:
    """End the span of the request."""
    if "span" in g:
        g.pop("span").__exit__(None, None, None)


@contextmanager
def span(name: str, **attributes: Any) -> Iterator[None]:
    """Open a span below the present one; do nothing without a tracer."""
    tracer = _tracer()
    if tracer is None:
        yield
        return
    with tracer.start_as_current_span(name, attributes=attributes):
        yield
