"""How far it is: a bar at a terminal, and a line now and then where there is none."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

_LINES = 5


@contextmanager
def progress(total: int, out: TextIO | None = None) -> Iterator[Callable[[str], None]]:
    """What it gives is called for each referral, with the day that is reached."""
    out = out or sys.stderr
    if not out.isatty():
        yield _lines(total, out)
        return
    from tqdm import tqdm

    with tqdm(total=total, desc="Filling", unit=" referrals", file=out) as bar:

        def one_more(day: str) -> None:
            bar.set_postfix_str(day, refresh=False)
            bar.update()

        yield one_more


def _lines(total: int, out: TextIO) -> Callable[[str], None]:
    done = 0

    def one_more(day: str) -> None:
        nonlocal done
        done += 1
        if done * _LINES // total > (done - 1) * _LINES // total:
            print(f"{done} of {total} referrals, {day}", file=out, flush=True)

    return one_more
