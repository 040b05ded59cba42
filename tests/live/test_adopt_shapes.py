"""Adopting databases that lack more, hold strange things, or are none to adopt."""

import secrets
from collections.abc import AsyncGenerator
from urllib.parse import urlsplit

import pytest

from bot.actions.adopting import Refused
from migrations import runner
from tests.database import catalog
from tests.live.adoption import adopt, connected, execute, preview, state, undo, value


async def test_missing_tables_are_made_and_dropped_again(small_live_url: str) -> None:
    await execute(small_live_url, "DROP TABLE kai_interactions, quest_logs, user_quests, quests")
    before = await state(small_live_url)
    await adopt(small_live_url)
    assert await value(small_live_url, "SELECT count(*) FROM discord.created_objects") == 0
    after = await state(small_live_url, without=("discord",))
    await execute(
        small_live_url,
        "INSERT INTO kai_interactions (user_id, message) SELECT min(id), 'hello' FROM userdata",
    )
    with pytest.raises(Refused, match=r"kai_interactions was created, and holds rows now"):
        await undo(small_live_url)
    await execute(small_live_url, "DELETE FROM kai_interactions")
    await undo(small_live_url)
    assert await state(small_live_url, without=("discord",)) == before
    await adopt(small_live_url)
    assert await state(small_live_url, without=("discord",)) == after


async def test_missing_columns_are_added_and_dropped_again(small_live_url: str) -> None:
    await execute(
        small_live_url,
        "ALTER TABLE challenge_logs DROP COLUMN kai_notes, DROP COLUMN completed",
        "ALTER TABLE user_quests DROP COLUMN start_date, ALTER current_day DROP DEFAULT",
    )
    before = await state(small_live_url)
    await adopt(small_live_url)
    assert await value(small_live_url, "SELECT bool_and(completed = false) FROM challenge_logs")
    new = "UPDATE challenge_logs SET kai_notes = {} WHERE id = (SELECT max(id) FROM challenge_logs)"
    await execute(small_live_url, new.format("'Well done!'"))
    with pytest.raises(Refused, match=r"challenge_logs.kai_notes was created, and holds values"):
        await undo(small_live_url)
    await execute(small_live_url, new.format("NULL"))
    await undo(small_live_url)
    assert await state(small_live_url, without=("discord",)) == before


async def test_what_rows_forbid_is_left_for_a_person(small_live_url: str) -> None:
    await execute(
        small_live_url,
        "ALTER TABLE quest_logs DROP CONSTRAINT quest_logs_quest_id_fkey",
        "INSERT INTO quest_logs (user_id, quest_id, day_number) SELECT min(id), 0, 1 FROM userdata",
    )
    done = await adopt(small_live_url)
    (finding,) = [finding for finding in done.left if "quest_logs_quest_id_fkey" in finding.where]
    assert "1 row(s) name a row of public.quests that is not there" in finding.what
    assert (await adopt(small_live_url)).is_empty
    await execute(small_live_url, "DELETE FROM quest_logs WHERE quest_id = 0")
    later = await adopt(small_live_url)
    assert [step.kind for step in later.steps] == ["missing foreign key"]
    assert any("foreign_key_violation" in warning for warning in later.warnings)
    undone = await undo(small_live_url)
    assert (undone.run, len(undone.dropped), undone.earlier) == (2, 1, 1)


async def test_what_adopting_does_not_mend_is_refused(small_live_url: str) -> None:
    await execute(small_live_url, "ALTER TABLE challenges ALTER total_days TYPE TEXT")
    before = await state(small_live_url)
    plan = await preview(small_live_url)
    assert ["public.challenges.total_days" in sentence for sentence in plan.refusals] == [True]
    with pytest.raises(Refused, match="total_days"):
        await adopt(small_live_url)
    assert await state(small_live_url) == before


async def test_a_row_that_others_refer_to_is_the_one_kept(small_live_url: str) -> None:
    (group, *_) = [
        group
        for group in (await preview(small_live_url)).groups
        if group.table == "public.challenge_logs" and group.merged
    ]
    assert group.merged is not None
    referred = group.merged.removed[0]
    await execute(
        small_live_url,
        "CREATE TABLE kai.memories (id SERIAL PRIMARY KEY, log INT REFERENCES challenge_logs(id))",
        f"INSERT INTO kai.memories (log) VALUES ({referred})",
    )
    done = await adopt(small_live_url)
    (same,) = [other for other in done.groups if other.key == group.key]
    assert same.merged is not None
    assert same.merged.kept == referred
    assert await value(small_live_url, "SELECT log FROM kai.memories") == referred


async def test_two_rows_that_others_refer_to_are_not_merged(small_live_url: str) -> None:
    group = (await preview(small_live_url)).groups[0]
    await execute(
        small_live_url,
        f"CREATE TABLE kai.marks (id SERIAL PRIMARY KEY, it INT REFERENCES {group.table}(id))",
        *(f"INSERT INTO kai.marks (it) VALUES ({row_id})" for row_id in group.ids[:2]),
    )
    before = await state(small_live_url)
    with pytest.raises(Refused, match=r"kai\.marks") as refused:
        await adopt(small_live_url)
    assert all(str(row_id) in str(refused.value) for row_id in group.ids)
    assert await state(small_live_url) == before


async def test_nothing_of_the_handbooks_is_no_adoption(empty_database_url: str) -> None:
    with pytest.raises(Refused, match="db migrate"):
        await adopt(empty_database_url)
    with pytest.raises(Refused, match="nothing to undo"):
        await undo(empty_database_url)


async def test_a_database_in_step_has_nothing_to_adopt(database_url: str) -> None:
    before = await state(database_url)
    assert (await adopt(database_url)).is_empty
    assert (await preview(database_url)).refusals == ()
    assert await state(database_url) == before


async def test_a_lost_index_is_made_again(database_url: str) -> None:
    before = await state(database_url, without=("discord",))
    await execute(database_url, "DROP INDEX idx_challenges_active")
    done = await adopt(database_url, merging=False)
    assert [step.kind for step in done.steps] == ["missing index"]
    assert await state(database_url, without=("discord",)) == before


async def test_an_older_adoption_gets_the_newer_migrations_with_it(small_live_url: str) -> None:
    await adopt(small_live_url)
    await execute(small_live_url, "DELETE FROM discord.adoption_log")
    await runner.downgrade(small_live_url, "0004")
    await execute(small_live_url, "DROP INDEX idx_challenges_active")
    done = await adopt(small_live_url)
    assert [script.revision for script in done.scripts] == ["0005", "0006"]
    assert await catalog.pending(small_live_url) == []


async def test_a_schema_of_somebody_else_is_left_alone(small_live_url: str) -> None:
    await execute(small_live_url, "CREATE SCHEMA discord", "CREATE TABLE discord.theirs (id INT)")
    before = await state(small_live_url)
    with pytest.raises(Refused, match=r"discord\.theirs"):
        await adopt(small_live_url)
    assert await state(small_live_url) == before


async def test_a_newer_bots_database_is_left_alone(database_url: str) -> None:
    await execute(database_url, "UPDATE discord.alembic_version SET version_num = '9999'")
    with pytest.raises(Refused, match="9999"):
        await adopt(database_url)


@pytest.fixture
async def reader_url(small_live_url: str) -> AsyncGenerator[str]:
    """The small database, for a role that may only read."""
    role = f"reader_{secrets.token_hex(4)}"
    await execute(
        small_live_url,
        f"CREATE ROLE {role} LOGIN",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}",
    )
    yield urlsplit(small_live_url)._replace(query=_with_role(small_live_url, role)).geturl()
    await execute(small_live_url, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def _with_role(url: str, role: str) -> str:
    return "&".join(filter(None, [urlsplit(url).query, f"role={role}"]))


async def test_who_may_only_read_sees_what_would_be_done(
    small_live_url: str, reader_url: str
) -> None:
    before = await state(small_live_url)
    full, plan = await preview(small_live_url), await preview(reader_url)
    assert (plan.steps, plan.groups) == (full.steps, full.groups)
    said = " ".join(plan.refusals)
    assert "not the owner of" in said
    assert "public.challenge_logs" in said
    assert "GRANT CREATE ON DATABASE" in said
    with pytest.raises(Refused, match="not the owner of"):
        await adopt(reader_url)
    assert await state(small_live_url) == before


async def test_an_owner_that_is_no_superuser_can_adopt(small_live_url: str) -> None:
    owner = f"owner_{secrets.token_hex(4)}"
    name = urlsplit(small_live_url).path.removeprefix("/")
    url = urlsplit(small_live_url)._replace(query=_with_role(small_live_url, owner)).geturl()
    async with connected(small_live_url) as connection:
        tables = [
            row[0]
            for row in await connection.fetch(
                "SELECT oid::regclass::text FROM pg_class "
                "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
        ]
    await execute(
        small_live_url,
        f"CREATE ROLE {owner} LOGIN",
        *(f"ALTER TABLE {table} OWNER TO {owner}" for table in tables),
    )
    try:
        assert len((await preview(url)).refusals) == 2, "no CREATE in the database and in public"
        await execute(
            small_live_url,
            f"GRANT CREATE ON DATABASE {name} TO {owner}",
            f"GRANT CREATE ON SCHEMA public TO {owner}",
        )
        before = await state(small_live_url)
        await adopt(url)
        await undo(url)
        assert await state(small_live_url, without=("discord",)) == before
    finally:
        await execute(
            small_live_url,
            f"REASSIGN OWNED BY {owner} TO CURRENT_USER",
            f"DROP OWNED BY {owner}",
            f"DROP ROLE {owner}",
        )
