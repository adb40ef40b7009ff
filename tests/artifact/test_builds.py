"""The deployed build (arm64) and the tested build are equal except for machine code."""

import platform
import struct
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path

import pytest

from tools.ship.built import Built

# https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html: e_machine.
MACHINES = {62: "x86_64", 183: "aarch64"}
HERE = {"arm64": "aarch64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())


def packages(built: Built) -> dict[str, Path]:
    """All built packages, by logical id."""
    layers = {name: path for name, path in built.layers.items() if path.is_relative_to(built.folder)}
    return dict(built.functions) | layers


def sources(package: Path) -> dict[str, bytes]:
    return {str(file.relative_to(package)): file.read_bytes() for file in package.rglob("*.py")}


def distributions(package: Path) -> dict[str, str]:
    """Versions by name, from the metadata of the packages."""
    found = [HeaderParser().parsestr(file.read_text("utf-8")) for file in package.rglob("*.dist-info/METADATA")]
    return {str(one["Name"]): str(one["Version"]) for one in found}


def wheels_for(package: Path) -> set[str]:
    """Machines that the wheels were built for. Empty if one wheel fits all."""
    tags = [
        line for file in package.rglob("*.dist-info/WHEEL") for line in file.read_text().splitlines() if "Tag:" in line
    ]
    return {machine for tag in tags for machine in MACHINES.values() if tag.endswith(machine)}


def machine_code(package: Path) -> Iterator[tuple[Path, str]]:
    for file in package.rglob("*"):
        if file.is_file() and not file.is_symlink():
            with file.open("rb") as binary:
                head = binary.read(20)
            if head.startswith(b"\x7fELF"):
                (machine,) = struct.unpack_from("<H", head, 18)
                yield file, MACHINES.get(machine, str(machine))


def test_both_builds_have_the_same_functions_and_layers(deployable_build: Built, local_build: Built) -> None:
    assert packages(deployable_build).keys() == packages(local_build).keys()
    assert len(deployable_build.functions) > 1


def test_the_deployed_sources_equal_the_tested_ones_byte_by_byte(deployable_build: Built, local_build: Built) -> None:
    for name, package in packages(deployable_build).items():
        shipped, tested = sources(package), sources(packages(local_build)[name])
        assert shipped.keys() == tested.keys(), name
        assert [file for file in shipped if shipped[file] != tested[file]] == [], name


def test_both_builds_have_the_pinned_versions(deployable_build: Built, local_build: Built) -> None:
    for name, package in packages(deployable_build).items():
        assert distributions(package) == distributions(packages(local_build)[name]), name
        assert distributions(package), name


@pytest.mark.parametrize(("build", "machine"), [("deployable_build", "aarch64"), ("local_build", HERE)])
def test_machine_code_matches_the_machine_of_its_build(
    build: str, machine: str, request: pytest.FixtureRequest
) -> None:
    built_functions: Built = request.getfixturevalue(build)
    found = [(file, code) for package in packages(built_functions).values() for file, code in machine_code(package)]
    assert found, "nothing to look at"
    assert [(file, code) for file, code in found if code != machine] == []
    assert set().union(*map(wheels_for, packages(built_functions).values())) == {machine}
