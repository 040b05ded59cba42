"""A production install out of the one at hand: only what the bot requires, no default groups."""

import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from tests.process.bots import PROJECT

PYTHON = (sys.executable, "-S")
"""Finds the packages that PYTHONPATH names, and none of those installed beside it."""


def install(folder: Path, *groups: str) -> Path:
    """Link the required packages, those of the groups, and all that they require, into folder."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    for name in sorted(_closure(_wanted(project, groups))):
        for file in distribution(name).files or ():
            top = file.parts[0]
            if top not in ("..", "__pycache__") and not (folder / top).exists():
                (folder / top).symlink_to(str(distribution(name).locate_file(top)))
    return folder


def _wanted(project: dict[str, Any], groups: tuple[str, ...]) -> list[str]:
    chosen = [wanted for group in groups for wanted in project["dependency-groups"][group]]
    return [*project["project"]["dependencies"], *chosen]


def _closure(wanted: list[str]) -> set[str]:
    """The names of the wanted distributions and of all that they require here."""
    left = [Requirement(line) for line in wanted]
    seen: set[tuple[str, str]] = set()
    while left:
        requirement = left.pop()
        for extra in ("", *requirement.extras):
            if (requirement.name, extra) in seen:
                continue
            seen.add((requirement.name, extra))
            further = map(Requirement, distribution(requirement.name).requires or ())
            left += [r for r in further if r.marker is None or r.marker.evaluate({"extra": extra})]
    return {name for name, _ in seen}
