"""`python -m bot db adopt`: take over a database that has the handbook's tables already."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from bot.actions import adopting
from bot.actions.adopting import How, Refused, Undone
from bot.actions.adoption_plan import Migration, Plan
from bot.actions.duplicates import Group
from bot.actions.services import utcnow
from bot.commands.common import FAULT, carry_out, err, out
from bot.opening import database_trouble, database_url
from bot.settings import Settings
from db.care.locking import opened
from db.care.shapes import Finding
from db.pool import TROUBLE
from migrations.history import LOCK

FIRST = 20
"""How many duplicates of a table are listed without --all."""
SHOWN = 60
"""How many characters of a text are shown."""


def adopt(
    apply: Annotated[
        bool, typer.Option("--apply", help="Do it; without this it is only told.")
    ] = False,
    merge_duplicates: Annotated[
        bool,
        typer.Option("--merge-duplicates", help="Merge rows that should have been one."),
    ] = False,
    undo: Annotated[
        bool,
        typer.Option("--undo", help="Take the last adoption back; this, too, only with --apply."),
    ] = False,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to go on trying while the tables are in use.")
    ] = 60,
    all_: Annotated[
        bool, typer.Option("--all", help=f"List all duplicates, not {FIRST} a table.")
    ] = False,
) -> None:
    """Take over a database that has the handbook's tables already; a dry run unless told --apply.

    What is missing is made, duplicates are merged when asked for, and the migrations are stamped:
    in one transaction, all of it logged, so that --undo --apply can take it back while no bot is
    connected. Exit 1 when refused.
    """
    how = How(merging=merge_duplicates, wait=wait, key=LOCK, now=utcnow())

    async def work(settings: Settings) -> None:
        # Without a pool: undoing looks for those of bots.
        async with database_url(settings) as url:
            await _reach(url)
            try:
                if undo:
                    await _undo(url, how, doing=apply)
                else:
                    await _adopt(url, how, doing=apply, everything=all_)
            except Refused as error:
                _print_groups(error.groups, everything=all_)
                _refuse(error.sentences)

    carry_out(work)


async def _reach(url: str) -> None:
    """Raise StartError when the database cannot be reached."""
    try:
        async with opened(url):
            pass
    except (*TROUBLE, ValueError) as error:  # ValueError: asyncpg cannot read the URL
        raise database_trouble(error) from error


async def _undo(url: str, how: How, *, doing: bool) -> None:
    undoing = await (adopting.undo(url, how) if doing else adopting.preview_undo(url))
    _print_undoing(undoing, done=doing)
    _refuse(undoing.refusals)


async def _adopt(url: str, how: How, *, doing: bool, everything: bool) -> None:
    from migrations import runner  # noqa: PLC0415  it costs half a second

    migrations = [Migration(*script) for script in runner.scripts()]
    if doing:
        plan = await adopting.adopt(url, migrations, how)
    else:
        plan = await adopting.preview(url, migrations, merging=how.merging)
    _print_plan(plan, everything=everything, done=doing)
    _refuse(plan.refusals)


def _refuse(sentences: Sequence[str]) -> None:
    if sentences:
        for sentence in sentences:
            err.print(sentence, markup=False)
        raise typer.Exit(FAULT)


def _print_plan(plan: Plan, *, everything: bool, done: bool) -> None:
    if plan.is_empty and not plan.refusals:
        out.print("Nothing to adopt.")
        if plan.scripts:
            out.print("Migrations are pending: run `python -m bot db migrate`.", markup=False)
        _print_left(plan.left)
        return
    _print_migrations(plan)
    _print_groups(plan.groups, everything=everything)
    _print_steps(plan.steps)
    _print_list("Website statements that could fail from then on", plan.warnings)
    _print_list("Triggers that fire on rows which are merged", plan.triggers)
    _print_list("Large tables, in which others wait meanwhile", plan.large)
    _print_left(plan.left)
    if done:
        out.print("Done.")
        if plan.steps or plan.groups:
            out.print(
                f"It is run {plan.run} of discord.adoption_log, and "
                "`python -m bot db adopt --undo --apply` takes it back.",
                markup=False,
            )
    elif not plan.refusals:
        out.print("Nothing was changed: with --apply all this is done.", markup=False)


def _heading(text: str) -> None:
    out.print(text, style="bold", markup=False)


def _print_list(heading: str, lines: Sequence[str]) -> None:
    if lines:
        _heading(heading)
        for line in lines:
            out.print(f"  {line}", markup=False)


def _print_migrations(plan: Plan) -> None:
    lines = [f"apply  {script.name}" for script in plan.scripts]
    if plan.current is None and plan.scripts:
        lines = [
            "create the schema discord, with alembic_version and created_objects",
            "stamp  0001, whose tables are here",
            *lines,
        ]
    _print_list("Migrations", lines)


def _print_steps(steps: Sequence[Finding]) -> None:
    _print_list("Statements", [" ".join(str(step.remedy).split()) for step in steps])


def _print_left(left: Sequence[Finding]) -> None:
    """What adopting does not touch, with the SQL that would mend it."""
    lines: list[str] = []
    for finding in left:
        lines.append(f"{finding.where}: {finding.what}")
        if finding.remedy:
            lines.append(f"    {finding.remedy}")
    _print_list("Left alone, for you to decide", lines)


def _print_groups(groups: Sequence[Group], *, everything: bool) -> None:
    """The duplicates: what is kept, what changes in it, what goes."""
    for table in dict.fromkeys(group.table for group in groups):
        of_table = [group for group in groups if group.table == table]
        going = sum(len(group.ids) - 1 for group in of_table)
        _heading(f"Duplicates in {table}: {len(of_table)} key(s) in several rows, {going} too many")
        shown = of_table if everything else of_table[:FIRST]
        for group in shown:
            out.print(f"  {_told(group)}", markup=False)
        if hidden := len(of_table) - len(shown):
            out.print(f"  … and {hidden} more: --all lists them.", markup=False)


def _told(group: Group) -> str:
    key = ", ".join(f"{column} {value}" for column, value in group.key.items())
    ids = ", ".join(map(str, group.ids))
    if group.merged is None:
        return f"{key}: rows {ids}: {group.trouble}"
    changes = ", ".join(f"{name} = {_value(value)}" for name, value in group.merged.values.items())
    removed = ", ".join(map(str, group.merged.removed))
    return (
        f"{key}: rows {ids}: keep {group.merged.kept}"
        f"{f' with {changes}' if changes else ' as it is'}, remove {removed}"
    )


def _value(value: Any) -> str:
    if not isinstance(value, str):
        return "NULL" if value is None else str(value)
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(value)} characters)"


def _print_undoing(undoing: Undone, *, done: bool) -> None:
    _heading(f"Run {undoing.run} of discord.adoption_log")
    _print_list("What it made, which is dropped", undoing.dropped)
    back = [f"{count:>8}  {table}" for table, count in undoing.rows.items()]
    _print_list("Rows that are given back as they were", back)
    if done:
        out.print("Done: it was undone. The schema discord stays.")
    elif not undoing.refusals:
        out.print("Nothing was changed: with --undo --apply all this is done.", markup=False)
    if undoing.earlier:
        out.print(
            f"{undoing.earlier} earlier run(s) still stand: the same again takes the last back."
            if done
            else f"{undoing.earlier} earlier run(s) would still stand."
        )
