"""What the dry run says of the website's own statements, for every constraint of the handbook."""

import pytest

from bot.actions.consequences import consequences
from db.care import ddl
from db.care.expected import expected
from db.care.keys import NINE, UNIQUE_KEYS
from db.care.shapes import Column, Finding
from tests.live.adoption import execute, preview

ERRORS = {"p": "unique_violation", "u": "unique_violation", "f": "foreign_key_violation"}


@pytest.mark.parametrize("name", NINE)
def test_every_constraint_has_its_sentence(name: str) -> None:
    table = expected().tables[f"public.{name}"]
    for constraint in table.constraints:
        where = f"{table.full_name}.{constraint.name}"
        remedy = ddl.add_constraint(table, constraint)
        (sentence,) = consequences([Finding("breaking", "missing", where, "", remedy)])
        assert sentence.startswith(f"{table.full_name} ")
        assert ERRORS[constraint.kind] in sentence
        if constraint.kind == "u":
            assert sentence.count(f"({', '.join(UNIQUE_KEYS[name])})") == 1
        if constraint.kind == "f":
            assert f"a DELETE there takes the rows of {table.full_name} with it" in sentence


@pytest.mark.parametrize("name", NINE)
def test_an_index_or_a_table_makes_nothing_fail(name: str) -> None:
    table = expected().tables[f"public.{name}"]
    remedies = [index.definition for index in table.indexes if not index.constraint]
    findings = [Finding("drift", "missing index", table.full_name, "", sql) for sql in remedies]
    made = Finding("breaking", "missing table", table.full_name, "", ddl.create_table(table))
    assert consequences([*findings, made]) == []


def test_a_new_column_that_must_be_filled_has_one() -> None:
    table = expected().tables["public.challenges"]
    column = Column("total_days", "integer", not_null=True, default=None)
    remedies = (ddl.add_column(table, column), ddl.set_not_null(table, column))
    for kind, remedy in zip(("missing column", "not null"), remedies, strict=True):
        finding = Finding("breaking", kind, "public.challenges.total_days", "", remedy)
        assert "not_null_violation" in consequences([finding])[0]


async def test_how_to_spare_the_website_a_long_wait(small_live_url: str) -> None:
    assert (await preview(small_live_url)).large == ()
    await execute(
        small_live_url,
        "UPDATE pg_class SET reltuples = 1e6 WHERE oid = 'kai_interactions'::regclass",
    )
    (sentence,) = (await preview(small_live_url)).large
    assert "about 1,000,000 rows" in sentence
    assert "CREATE INDEX CONCURRENTLY idx_kai_interactions_context ON" in sentence
