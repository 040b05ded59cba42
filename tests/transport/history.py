"""Reading a channel's messages page by page.

Source: "Get Channel Messages" in Discord's message reference.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

from tests.transport.people import Json
from tests.transport.wire import ApiError

MOST = 100


def page(messages: Sequence[Json], query: Mapping[str, str]) -> list[Json]:
    """Some of the messages, newest first: the last 50, or as the query says it with `limit`,
    and `around`, `after` or `before` an id.

    Raises ApiError 50035 for a limit that is not 1 to 100, or an id that is none.
    """
    limit = _whole(query, "limit", 50)
    if not 1 <= limit <= MOST:
        raise _invalid(f"limit is not 1 to {MOST}")
    found = sorted(messages, key=_id_of)
    if "around" in query:
        start = bisect_left(found, _whole(query, "around"), key=_id_of) - limit // 2
        found = found[max(0, start) : max(0, start + limit)]
    elif "after" in query:
        start = bisect_right(found, _whole(query, "after"), key=_id_of)
        found = found[start : start + limit]
    else:
        if "before" in query:
            found = found[: bisect_left(found, _whole(query, "before"), key=_id_of)]
        found = found[-limit:]
    return found[::-1]


def _id_of(message: Json) -> int:
    return int(message["id"])


def _whole(query: Mapping[str, str], name: str, otherwise: int = 0) -> int:
    try:
        return int(query.get(name, otherwise))
    except ValueError:
        raise _invalid(f"{name} is not a number") from None


def _invalid(why: str) -> ApiError:
    return ApiError(400, 50035, f"Invalid Form Body: {why}")
