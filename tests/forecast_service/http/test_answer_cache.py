"""What is kept of answers is bounded."""

from __future__ import annotations

from forecast_service.http.answer_cache import AnswerCache, Representation
from forecast_service.observability import metrics


def test_the_cache_is_bounded_and_drops_what_was_not_asked_for_longest() -> None:
    cache, dropped = AnswerCache(10_000), metrics.EVICTIONS._value.get()
    for number in range(10):
        cache.get(0)
        cache.put(number, Representation(b"x" * 2000, "json", str(number), {}, expires_with_vintage=False))
        assert cache.answers.currsize <= 10_000
    assert len(cache.answers) == 3
    assert [n for n in range(10) if cache.get(n)] == [0, 8, 9]
    assert metrics.EVICTIONS._value.get() - dropped == 7
    assert (metrics.CACHE_ENTRIES._value.get(), metrics.CACHE_BYTES._value.get()) == (3, cache.answers.currsize)
    cache.put("large", Representation(b"x" * 20_000, "json", "large", {}, expires_with_vintage=False))
    assert cache.get("large") is None
    cache.put("more than half", Representation(b"x" * 4_500, "csv", "half", {}, expires_with_vintage=False))
    assert cache.get("more than half") is None
    grown = cache.get(9)
    assert grown
    before = cache.answers.currsize
    grown.encoded("gzip")
    cache.put(9, grown)
    assert cache.answers.currsize > before
