"""The recorder of this process, and a fixture that fails a test if a function does what its role denies."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from samlocal.template import nested_stacks
from tests.engines import sam
from tests.engines.sam import transformed
from tests.integration import aws
from tests.permissions.recorder import Recorder, watch
from tests.permissions.roles import Roles, roles_of

FILE: Final = Path(__file__).parents[2] / "infra" / "template.yaml"
PARAMETERS: Final = {"SenderAddress": aws.SENDER, "SiteUrl": aws.SITE_URL}


@cache
def data() -> dict[str, Any]:
    """The template as it is written."""
    return nested_stacks.read(FILE)


@cache
def resources() -> dict[str, Any]:
    """The resources of the template as SAM transforms them."""
    made: dict[str, Any] = transformed(data(), PARAMETERS)["Resources"]
    return made


@cache
def deployed_roles() -> Roles:
    return roles_of(resources(), data(), PARAMETERS)


@cache
def recorder() -> Recorder:
    """Records all sessions that are created from now on."""
    watching = Recorder(aws.template(), deployed_roles)
    watch(watching)
    return watching


@pytest.fixture(scope="session", autouse=True)
def permission_recorder() -> Recorder | None:
    """Starts before any setup of a test. Roles need SAM, which `make test` installs."""
    return recorder() if sam.PYTHON.exists() else None


@pytest.fixture(autouse=True)
def calls_are_permitted(permission_recorder: Recorder | None) -> Iterator[None]:
    """The function's role must allow every AWS call that a test triggers."""
    yield
    if permission_recorder:
        denied, permission_recorder.denied = sorted(map(str, permission_recorder.denied)), set()
        assert not denied, f"the role of a function does not allow what the function does: {denied}"
