"""Rows that should have been one: which is kept, and that nothing of the others is lost."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.merging import BETWEEN, Merged, merge
from bot.rules.texts import is_blank

DAY = dt.date(2026, 3, 1)
NOON = dt.datetime(2026, 3, 1, 12)  # noqa: DTZ001 - naive means UTC, as in the handbook's columns

dates = st.none() | st.dates(dt.date(2025, 1, 1), dt.date(2026, 12, 31))
times = st.none() | st.datetimes(dt.datetime(2025, 1, 1), dt.datetime(2026, 12, 31))  # noqa: DTZ001
texts = st.none() | st.sampled_from(["", " ", "\u2800", "kind", "kind ", "Kind", "a\n\nb"])

RANK = {"completed": 0, "active": 1, "cancelled": 2}


def groups(columns: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """One to five rows with ids of their own, in any order."""
    row = st.fixed_dictionaries({"id": st.integers(1, 99), **columns})
    return st.lists(row, min_size=1, max_size=5, unique_by=lambda row: row["id"])


enrolments = groups(
    {
        "status": st.sampled_from(["active", "completed", "cancelled", "paused"]),
        "current_day": st.none() | st.integers(-1, 9),
        "start_date": dates,
        "completed_at": dates,
    }
)
logs = groups(
    {
        "completed": st.none() | st.booleans(),
        "completed_at": times,
        "reflection": texts,
        "kai_notes": texts,
        "task_generated": texts,
    }
)
awards = groups({"earned_at": times})
any_group = st.one_of(
    st.tuples(st.sampled_from(["user_challenges", "user_quests"]), enrolments),
    st.tuples(st.sampled_from(["challenge_logs", "quest_logs"]), logs),
    st.tuples(st.just("user_badges"), awards),
)


def after(rows: list[dict[str, Any]], merged: Merged) -> dict[str, Any]:
    """The kept row as it will be."""
    (kept,) = [row for row in rows if row["id"] == merged.kept]
    return {**kept, **merged.values}


@given(any_group, st.randoms(use_true_random=False))
def test_one_is_kept_and_the_order_of_the_rows_says_nothing(
    group: tuple[str, list[dict[str, Any]]], chance: Any
) -> None:
    table, rows = group
    merged = merge(table, rows)
    assert sorted((merged.kept, *merged.removed)) == sorted(row["id"] for row in rows)
    (kept,) = [row for row in rows if row["id"] == merged.kept]
    assert all(kept[column] != value for column, value in merged.values.items())
    mixed = list(rows)
    chance.shuffle(mixed)
    assert merge(table, mixed) == merged
    assert merge(table, [after(rows, merged)]) == Merged(merged.kept, {}, ())


@given(any_group, st.integers(0, 4))
def test_another_row_that_must_be_kept_ends_with_the_same_values(
    group: tuple[str, list[dict[str, Any]]], number: int
) -> None:
    table, rows = group
    keep = rows[number % len(rows)]["id"]
    free, forced = merge(table, rows), merge(table, rows, keep)
    assert forced.kept == keep
    assert {**after(rows, forced), "id": 0} == {**after(rows, free), "id": 0}


@given(enrolments)
def test_the_most_advanced_enrolment_with_the_earliest_dates(rows: list[dict[str, Any]]) -> None:
    merged = after(rows, merge("user_challenges", rows))
    ranks = {row["id"]: RANK.get(row["status"], 3) for row in rows}
    assert RANK.get(merged["status"], 3) == min(ranks.values())
    best = [row for row in rows if ranks[row["id"]] == min(ranks.values())]
    furthest = max(max(row["current_day"] or 1, 1) for row in best)
    assert max(merged["current_day"] or 1, 1) == furthest
    assert merged["id"] == min(r["id"] for r in best if max(r["current_day"] or 1, 1) == furthest)
    assert merged["start_date"] == min((d for r in rows if (d := r["start_date"])), default=None)
    if merged["status"] == "completed":
        ends = [date for row in best if (date := row["completed_at"])]
        assert merged["completed_at"] == min(ends, default=None)


@given(logs)
def test_a_day_is_done_if_any_says_so_and_no_text_is_lost(rows: list[dict[str, Any]]) -> None:
    merged = after(rows, merge("quest_logs", rows))
    done = [row for row in rows if row["completed"]]
    assert bool(merged["completed"]) == bool(done)
    if ends := [time for row in done if (time := row["completed_at"])]:
        assert merged["completed_at"] == min(ends)
    for column in ("reflection", "kai_notes", "task_generated"):
        by_id = sorted(rows, key=lambda row: row["id"])
        wanted = list(dict.fromkeys(r[column] for r in by_id if not is_blank(r[column])))
        if wanted:
            assert merged[column] == BETWEEN.join(wanted)
        else:
            assert is_blank(merged[column])


@given(awards)
def test_a_badge_was_earned_when_it_was_first(rows: list[dict[str, Any]]) -> None:
    merged = merge("user_badges", rows)
    assert merged.values == {}, "the earliest row is the one kept"
    assert after(rows, merged)["earned_at"] == min(
        (time for row in rows if (time := row["earned_at"])), default=None
    )


def test_an_active_enrolment_beats_a_cancelled_one_and_keeps_its_own_day() -> None:
    left = {"id": 1, "status": "cancelled", "current_day": 9, "start_date": DAY}
    active = {"id": 2, "status": "active", "current_day": None, "start_date": None}
    assert merge("user_quests", [left, active]) == Merged(2, {"start_date": DAY}, (1,))
    assert merge("user_quests", [left, active], keep=1) == Merged(
        1, {"status": "active", "current_day": None}, (2,)
    )


def test_two_reflections_and_a_day_marked_done_become_one_row() -> None:
    empty = {"kai_notes": None, "completed_at": None}
    rows = [
        {"id": 5, "reflection": " I wrote a letter. ", "completed": False, **empty},
        {"id": 3, "reflection": "Somebody smiled.", "completed": None, **empty},
        {"id": 9, "reflection": None, "completed": True, **empty, "completed_at": NOON},
        {"id": 7, "reflection": "Somebody smiled.", "completed": True, **empty},
    ]
    joined = "Somebody smiled.\n\n I wrote a letter. "
    assert merge("challenge_logs", rows) == Merged(
        7, {"completed_at": NOON, "reflection": joined}, (3, 5, 9)
    )


def test_what_has_no_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="badges"):
        merge("badges", [{"id": 1}])
    with pytest.raises(ValueError, match="id 4"):
        merge("user_badges", [{"id": 1, "earned_at": None}], keep=4)
