"""What tests of the bot's processes share: folders, forks, and a production install."""

from collections.abc import Generator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from tests.postgres import temporary_folder
from tests.process import bots
from tests.process.forking import fork_server
from tests.process.production import install


@pytest.fixture(scope="session", autouse=True)
def forks() -> Generator[ForkServerContext]:
    """What processes are forked from, those of `running` among them."""
    with fork_server() as context, pytest.MonkeyPatch.context() as patch:
        patch.setattr(bots, "FORKS", context)
        yield context


@pytest.fixture
def folder() -> Generator[Path]:
    """A new folder that the embedded server can use."""
    with temporary_folder() as place:
        yield place


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages of a production install, and no others."""
    return install(tmp_path_factory.mktemp("production"))
