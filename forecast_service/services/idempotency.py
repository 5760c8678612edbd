"""The Idempotency-Key of the present request."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import request

from forecast_service.store.idempotency import IdempotentRequest


def idempotent(headers: dict[str, Any]) -> IdempotentRequest | None:
    """The present request with its Idempotency-Key; None if it has none."""
    if "idempotency_key" not in headers:
        return None
    # The digest is of the bytes sent, not of the parsed body: a later release may fill in other defaults.
    sent = hashlib.sha256(request.path.encode() + request.get_data()).hexdigest()
    return IdempotentRequest(headers["idempotency_key"], sent)
