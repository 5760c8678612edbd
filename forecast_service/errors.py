"""What the service refuses with: one shape, which becomes one problem (RFC 9457)."""

from __future__ import annotations

from collections.abc import Sequence

Errors = Sequence[dict[str, str]]


class ServiceError(Exception):
    """A refusal; a subclass may set these as attributes of its class.

    Attributes
    ----------
    status : of HTTP.
    kind : the last part of the problem's type; the usual one of the status if None.
    detail : in a sentence, for the caller.
    errors : the inputs at fault, each with a ``detail`` and a JSON ``pointer`` into the body, the name of a
        ``parameter``, or a ``field``, which is the one or the other as the request has a body or not.
    retry_after_s : when asking again may help; None if it does not.
    """

    status = 500
    kind: str | None = None
    detail = ""
    errors: Errors = ()
    retry_after_s: int | None = None

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
