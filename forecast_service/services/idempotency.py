"""The Idempotency-Key of the present request."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from flask import request

from forecast_service.store.idempotency import IdempotentRequest


def idempotent(headers: dict[str, Any]) -> IdempotentRequest | None:
    """The present request, whose body is checked, with its Idempotency-Key; None if it has none."""
    if "idempotency_key" not in headers:
        return None
    # The digest is of the JSON sent, not of what a schema made of it: a later release may fill in other defaults.
    sent = json.dumps([request.path, json.loads(request.get_data() or b"{}")], sort_keys=True)
    return IdempotentRequest(headers["idempotency_key"], hashlib.sha256(sent.encode()).hexdigest())
