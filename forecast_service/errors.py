"""The service's error, which becomes a problem document (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Errors = Sequence[dict[str, str]]


class ServiceError(Exception):
    """The service refuses a request. A subclass may set the attributes on its class.

    Attributes
    ----------
    status : HTTP status.
    kind : last part of the problem's type; None for the usual type of the status.
    detail : a sentence for the caller.
    errors : the inputs at fault, each with a ``detail`` and one of: a JSON ``pointer`` into the body, the name of a
        ``parameter``, or a ``field``, which becomes a pointer if the request has a body and a parameter if not.
    retry_after_s : seconds after which the caller may try again; None if that does not help.
    headers : more headers of the answer.
    """

    status = 500
    kind: str | None = None
    detail = ""
    errors: Errors = ()
    retry_after_s: int | None = None
    headers: Mapping[str, str] = {}

    def __init__(
        self,
        status: int | None = None,
        detail: str | None = None,
        *,
        kind: str | None = None,
        errors: Errors = (),
        retry_after_s: int | None = None,
    ) -> None:
        self.status = self.status if status is None else status
        self.detail = self.detail if detail is None else detail
        self.kind = kind or self.kind
        self.errors = errors or self.errors
        self.retry_after_s = retry_after_s or self.retry_after_s
        super().__init__(self.detail)
