"""Makes ready to ship what `sam build` made: `python -m tools.ship .aws-sam/build PYTHON`.

PYTHON is one of the runtime's minor version. Takes out what no function reads, compiles the rest, and prints how large
each function is, before and after. Doing it twice changes nothing. A plain `sam build` works without; it starts slower.
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
    make_ready(found, python)
    after = found.sizes()
    _report(before, after)
    if too_large := [name for name, size in after.items() if size > LIMIT]:
        print(f"Lambda takes {LIMIT // _MEGA} MB unpacked: {', '.join(too_large)} would be refused.", file=sys.stderr)
    return 1 if too_large else 0


def make_ready(found: Built, python: str) -> None:
    done: list[Path] = []
    for package, place in found.made_here():
        strip(package)
        # All functions are built from the same folder: compiled once, copied to the others.
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
    print(f"Unpacked, with layers, in MB; Lambda takes {LIMIT // _MEGA}:")
    print(f"{'':20}{'built':>8}{'shipped':>10}")
    for name in sorted(after):
        print(f"{name:20}{before[name] / _MEGA:8.1f}{after[name] / _MEGA:10.1f}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
