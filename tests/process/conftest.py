"""What tests of the bot's processes share: folders, compiled code, and a production install."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.postgres import temporary_folder
from tests.process.production import install


@pytest.fixture(scope="session", autouse=True)
def compiled_code(pytestconfig: pytest.Config) -> Generator[None]:
    """Let all processes share what the first one compiled: a start takes half as long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPYCACHEPREFIX", str(pytestconfig.cache.mkdir("compiled")))
        yield


@pytest.fixture
def folder() -> Generator[Path]:
    """A new folder that the embedded server can use."""
    with temporary_folder() as place:
        yield place


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages of a production install, and no others."""
    return install(tmp_path_factory.mktemp("production"))
