"""Adopting the website's database: what is told, what is done, and that it can be undone."""

import asyncio

import pytest
from asyncpg import UniqueViolationError

from bot.actions.adopting import Refused, preview_undo
from db.care.checking import check
from db.pool import create_pool
from tests.database import catalog
from tests.live.adoption import adopt, connected, execute, preview, state, texts, undo, value

MERGED = ("user_challenges", "challenge_logs", "user_quests", "quest_logs", "user_badges")


async def test_the_dry_run_tells_all_and_changes_nothing(live_url: str) -> None:
    before = await state(live_url)
    plain = await preview(live_url, merging=False)
    plan = await preview(live_url)
    assert await state(live_url) == before
    assert [script.revision for script in plan.scripts] == ["0002", "0003", "0004", "0005", "0006"]
    assert plan.refusals == ()
    assert {group.table for group in plan.groups} <= {f"public.{name}" for name in MERGED}
    assert all(step.remedy and step.undo for step in plan.steps)
    (sentence,) = plain.refusals
    assert "--merge-duplicates" in sentence
    assert (plain.groups, plain.steps) == (plan.groups, plan.steps)
    logs = [warning for warning in plan.warnings if "challenge_logs" in warning]
    assert any("mark done" in warning and "unique_violation" in warning for warning in logs)


async def test_without_the_flag_duplicates_stop_it(live_url: str) -> None:
    before = await state(live_url)
    with pytest.raises(Refused, match="--merge-duplicates") as refused:
        await adopt(live_url, merging=False)
    assert refused.value.groups
    assert await state(live_url) == before


async def test_adopting_loses_nothing_and_can_be_undone(live_url: str) -> None:
    before, written = await state(live_url), await texts(live_url)
    plan = await preview(live_url)
    done = await adopt(live_url)
    assert (done.run, done.groups, done.steps) == (1, plan.groups, plan.steps)

    after = await state(live_url, without=("discord",))
    changed = {name for name, rows in after["rows"].items() if rows != before["rows"][name]}
    assert changed == {group.table for group in plan.groups}
    left = await texts(live_url)
    assert written, "there was something to lose"
    for place, all_of_it in written.items():
        assert all(any(text in other for other in left[place]) for text in all_of_it)
    assert await catalog.pending(live_url) == []
    async with connected(live_url) as connection:
        found = await check(connection)
    assert [finding for finding in found if finding.level == "breaking" or finding.undo] == []
    again = await adopt(live_url, merging=False)
    assert again.is_empty

    logged = await state(live_url)
    told = await preview_undo(live_url)
    assert await state(live_url) == logged
    assert (told.run, told.earlier, told.refusals) == (1, 0, ())
    assert told.rows.keys() == changed
    assert sorted(told.dropped) == sorted(str(step.undo) for step in plan.steps)
    assert await undo(live_url) == told
    assert await state(live_url, without=("discord",)) == before
    with pytest.raises(Refused, match="nothing to undo"):
        await undo(live_url)

    assert (await adopt(live_url)).run == 2
    assert await state(live_url, without=("discord",)) == after


async def test_the_log_holds_the_rows_as_they_were_and_as_they_were_left(
    small_live_url: str,
) -> None:
    async with connected(small_live_url) as connection:
        rows = {
            name: dict(await connection.fetch(f"SELECT id, to_jsonb(t)::text FROM {name} t"))
            for name in MERGED
        }
        await adopt(small_live_url)
        log = await connection.fetch(
            "SELECT action, table_name, row_id, before::text, after::text "
            "FROM discord.adoption_log WHERE action <> 'create'"
        )
        left = {
            name: dict(await connection.fetch(f"SELECT id, to_jsonb(t)::text FROM {name} t"))
            for name in MERGED
        }
    assert {row["action"] for row in log} == {"change", "remove"}
    for row in log:
        name = row["table_name"].removeprefix("public.")
        assert row["before"] == rows[name].pop(row["row_id"])
        assert row["after"] == left[name].pop(row["row_id"], None)
        assert (row["after"] is None) == (row["action"] == "remove")
    assert left == rows, "a row that is not in the log is as it was"


async def test_the_constraints_are_there_afterwards(small_live_url: str) -> None:
    await adopt(small_live_url)
    with pytest.raises(UniqueViolationError):
        await execute(
            small_live_url,
            "INSERT INTO challenge_logs (user_id, challenge_id, day_number) "
            "SELECT user_id, challenge_id, day_number FROM challenge_logs LIMIT 1",
        )


CHANGED_LOG = """(SELECT row_id FROM discord.adoption_log WHERE action = 'change'
    AND table_name = 'public.challenge_logs' ORDER BY id LIMIT 1)"""
USED_AGAIN = """
INSERT INTO user_challenges (id, user_id, challenge_id, status)
SELECT row_id, (SELECT max(id) FROM userdata), (SELECT max(id) FROM challenges), 'active'
  FROM discord.adoption_log
 WHERE action = 'remove' AND table_name = 'public.user_challenges' LIMIT 1"""
ERASED = """
INSERT INTO discord.accounts (discord_id, user_id, zone, created_at)
SELECT 8, (before ->> 'user_id')::int, 'UTC', now() FROM discord.adoption_log
 WHERE action = 'remove' LIMIT 1;
SELECT discord.erase_audit(8)"""
MORE = f"UPDATE challenge_logs SET reflection = reflection || ' More.' WHERE id = {CHANGED_LOG}"


@pytest.mark.parametrize(
    ("statement", "phrase"),
    [
        (MORE, "has changed"),
        (f"DELETE FROM challenge_logs WHERE id = {CHANGED_LOG}", "is gone"),
        (USED_AGAIN, "again"),
        (ERASED, "was erased from the log"),
    ],
)
async def test_what_has_changed_since_cannot_be_undone(
    small_live_url: str, statement: str, phrase: str
) -> None:
    await adopt(small_live_url)
    await execute(
        small_live_url,
        "DELETE FROM user_challenges WHERE user_id = (SELECT max(id) FROM userdata)",
        statement,
    )
    before = await state(small_live_url)
    (told,) = (await preview_undo(small_live_url)).refusals
    assert phrase in told
    with pytest.raises(Refused, match=phrase):
        await undo(small_live_url)
    assert await state(small_live_url) == before


async def test_it_is_not_undone_under_a_bot(small_adopted_url: str, database_url: str) -> None:
    before = await state(small_adopted_url)
    elsewhere = await create_pool(database_url, idle_seconds=0)
    pool = await create_pool(small_adopted_url, size=1, idle_seconds=0)
    pid = await pool.fetchval("SELECT pg_backend_pid()")
    (told,) = (await preview_undo(small_adopted_url)).refusals
    assert f"(process {pid} on the server): stop it first." in told
    with pytest.raises(Refused) as refused:
        await undo(small_adopted_url)
    assert refused.value.sentences == (told,)
    assert await state(small_adopted_url) == before
    await pool.close()
    await gone(small_adopted_url, pid)
    assert (await undo(small_adopted_url)).run == 1
    await elsewhere.close()


async def gone(url: str, pid: int) -> None:
    """Wait until a process of the server's has ended."""
    async with asyncio.timeout(10):
        while await value(url, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid):
            pass


async def test_triggers_are_told_and_rest_while_rows_are_given_back(small_live_url: str) -> None:
    await execute(
        small_live_url,
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN NEW.kai_notes = ''touched''; RETURN NEW; END'",
        "CREATE TRIGGER touched BEFORE INSERT OR UPDATE ON challenge_logs "
        "FOR EACH ROW EXECUTE FUNCTION touch()",
        "ALTER TABLE challenge_logs ENABLE ALWAYS TRIGGER touched",
    )
    before = await state(small_live_url)
    assert (await preview(small_live_url)).triggers == ("touched on public.challenge_logs",)
    await adopt(small_live_url)
    assert await value(
        small_live_url, "SELECT count(*) FROM challenge_logs WHERE kai_notes = 'touched'"
    )
    await undo(small_live_url)
    assert await state(small_live_url, without=("discord",)) == before


async def test_rows_that_a_trigger_keeps_stop_it(small_live_url: str) -> None:
    await execute(
        small_live_url,
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER kept BEFORE DELETE ON user_challenges FOR EACH ROW EXECUTE FUNCTION no()",
    )
    before = await state(small_live_url)
    with pytest.raises(Refused, match="still there"):
        await adopt(small_live_url)
    assert await state(small_live_url) == before
