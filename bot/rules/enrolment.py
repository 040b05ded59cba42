"""How an enrolment moves: the day about to be done, and what completing it leads to."""

from dataclasses import dataclass

ACTIVE, COMPLETED, CANCELLED = "active", "completed", "cancelled"
MAX_ACTIVE_QUESTS = 3
ENDLESS = 36_500
"""The days of a standing quest, which nobody counts to its end."""


@dataclass(frozen=True, slots=True)
class Advance:
    """What completing `day` makes of an enrolment."""

    day: int
    next_day: int
    finished: bool

    @property
    def status(self) -> str:
        """The enrolment's status afterwards."""
        return COMPLETED if self.finished else ACTIVE


def day_to_do(current_day: int | None, total_days: int) -> int:
    """The 1-based day about to be done. NULL and 0 read as day 1; never past the last day."""
    return min(max(current_day or 1, 1), total_days)


def advance(current_day: int | None, total_days: int) -> Advance:
    """Complete the current day. The last one leaves `current_day = total_days`."""
    day = day_to_do(current_day, total_days)
    finished = day >= total_days
    return Advance(day, day if finished else day + 1, finished)


def is_endless(total_days: int) -> bool:
    """Whether a quest of so many days stands for ever: it is shown without its length."""
    return total_days >= ENDLESS


def known_length(total_days: int | None) -> int | None:
    """The number of days as it may be told: None for an item that stands for ever, or for none."""
    return None if total_days is None or is_endless(total_days) else total_days
