"""Prepare the output of `sam build` for deployment: `python -m tools.ship .aws-sam/build PYTHON`.

PYTHON is an interpreter with the minor version of the Lambda runtime. This removes data that no function reads,
compiles the modules, and prints the size of each function before and after. A second run changes nothing. The step is
optional, but without it functions start more slowly.
"""

import filecmp
import os
import shutil
import sys
from pathlib import Path

from tools.ship import built
from tools.ship.built import LIMIT, Built
from tools.ship.bytecode import compile_all
from tools.ship.strip import strip

_MEGA = 1024 * 1024


def main(folder: Path, python: str) -> int:
    found = built.read(folder)
    before = found.sizes()
    prepare(found, python)
    after = found.sizes()
    _report(before, after)
    if too_large := [name for name, size in after.items() if size > LIMIT]:
        print(
            f"Lambda's limit is {LIMIT // _MEGA} MB unpacked. It would reject: {', '.join(too_large)}.", file=sys.stderr
        )
    return 1 if too_large else 0


def prepare(found: Built, python: str) -> None:
    done: list[Path] = []
    for package, place in found.own_packages():
        strip(package)
        # All functions are built from the same folder, so the bytecode is compiled once and copied.
        if twin := next((other for other in done if _same_sources(package, other)), None):
            shutil.copytree(twin, package, dirs_exist_ok=True)
        else:
            compile_all(python, package, place)
            done.append(package)


def _same_sources(one: Path, other: Path) -> bool:
    files = _files(one)
    if files != _files(other):
        return False
    _, differ, unread = filecmp.cmpfiles(one, other, files, shallow=False)
    return not differ and not unread


def _files(package: Path) -> set[str]:
    return {
        str((Path(folder) / name).relative_to(package))
        for folder, _, names in os.walk(package)
        for name in names
        if not name.endswith(".pyc")
    }


def _report(before: dict[str, int], after: dict[str, int]) -> None:
    print(f"Unpacked size in MB, with layers. Lambda's limit is {LIMIT // _MEGA}.")
    print(f"{'':20}{'built':>8}{'shipped':>10}")
    for name in sorted(after):
        print(f"{name:20}{before[name] / _MEGA:8.1f}{after[name] / _MEGA:10.1f}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
