"""The recorder of this process, and a fixture that lets no test pass in which a function does what it may not."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from samlocal.template import nested_stacks
from tests.engines import sam
from tests.engines.sam import transformed
from tests.integration import aws
from tests.rights.recorder import Recorder, watch
from tests.rights.roles import Roles, roles_of

FILE: Final = Path(__file__).parents[2] / "infra" / "template.yaml"
PARAMETERS: Final = {"SenderAddress": aws.SENDER, "SiteUrl": aws.SITE_URL}


@cache
def data() -> dict[str, Any]:
    """The template as it is written."""
    return nested_stacks.read(FILE)


@cache
def resources() -> dict[str, Any]:
    """The template's resources as SAM transforms them."""
    made: dict[str, Any] = transformed(data(), PARAMETERS)["Resources"]
    return made


@cache
def deployed() -> Roles:
    return roles_of(resources(), data(), PARAMETERS)


@cache
def recorder() -> Recorder:
    """Watches all sessions that are made from now on."""
    watching = Recorder(aws.template(), deployed)
    watch(watching)
    return watching


@pytest.fixture(scope="session", autouse=True)
def watched() -> Recorder | None:
    """From before anything is set up for a test. Without SAM, which `make test` installs, nobody knows the roles."""
    return recorder() if sam.PYTHON.exists() else None


@pytest.fixture(autouse=True)
def may_do_what_it_does(watched: Recorder | None) -> Iterator[None]:
    """Whatever a test lets a function do in AWS, the function's role must allow."""
    yield
    if watched:
        denied, watched.denied = sorted(map(str, watched.denied)), set()
        assert not denied, "the role of a function does not allow what the function does"
