"""Measure the cost of the proof of work for a phone, an attacker, and the functions: `python -m bench.challenge`.

See docs/abuse.md. The script of the page requests challenges and solves them in Chromium, at full speed and with all
threads of the page slowed down six times. The attacker is one core of this machine: with ALTCHA's library, and with a
program written for this purpose, whose time is calculated from the speed of SHA-256.
"""

import hashlib
import io
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import altcha
from playwright.sync_api import Page, sync_playwright

from bench.throttle import slowed
from local.stack import LocalStack
from referral_intake.aws.keys import Keyring
from referral_intake.intake.challenges import ALGORITHM, ROUNDS, Challenges
from tests.e2e import browser

RUNS = 15
SLOWDOWN = 6
SOLVE_CHALLENGE = """async (id) => {
  const { proofFor } = await import(document.getElementById("referral").dataset.challenge);
  const started = performance.now();
  const proof = await proofFor(id);
  return [(performance.now() - started) / 1000, JSON.parse(atob(proof)).solution.counter + 1];
}"""
# A loop without cryptography on the main thread, to measure how much slower the browser really is.
BUSY_LOOP = """() => {
  const started = performance.now();
  let sum = 0;
  for (let i = 0; i < 2e8; i++) sum += i % 7;
  return performance.now() - started;
}"""


def main() -> None:
    # Print the results after the stack stops, because its output is discarded.
    with LocalStack(watch=False, out=io.StringIO(), parameters={"FillSeconds": "0"}) as stack:
        tries = int(stack.template.functions["IntakeFunction"].environment["CHALLENGE_TRIES"])
        lines = list(_browsers(stack.url, tries))
    attackers = _library(tries), _native_program(tries)
    print(f"At most {tries} tries of {ROUNDS} rounds.", *lines, *attackers, _functions(tries), sep="\n")


def _browsers(url: str, tries: int) -> Iterator[str]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        chromium = playwright.chromium.launch(executable_path=browser.find(), args=arguments)
        page = chromium.new_page()
        page.goto(url)
        full_speed = _time_busy_loop(page)
        for times in (1, SLOWDOWN):
            with slowed(times):
                yield f"A browser at 1/{_time_busy_loop(page) / full_speed:.1f} of its speed: {_solved(page, tries)}"
        chromium.close()


def _time_busy_loop(page: Page) -> float:
    # Use the fastest of several runs, because of other processes and just-in-time compilation.
    return min(float(page.evaluate(BUSY_LOOP)) for _ in range(4))


def _solved(page: Page, tries: int) -> str:
    runs = [page.evaluate(SOLVE_CHALLENGE, str(uuid.uuid4())) for _ in range(RUNS)]
    seconds = [taken for taken, _ in runs]
    per_try = sum(seconds) / sum(tried for _, tried in runs)
    return (
        f"{per_try * 1000:.2f} ms a try, {per_try * tries / 2:.2f} s on average, {per_try * tries:.2f} s at most "
        f"({RUNS} challenges took {min(seconds):.2f} to {max(seconds):.2f} s)"
    )


def _library(tries: int) -> str:
    hardest = altcha.create_challenge(ALGORITHM, ROUNDS, counter=tries - 1)
    return _attacker("ALTCHA's library", _seconds(lambda: altcha.solve_challenge(hardest)) / tries, tries)


def _native_program(tries: int) -> str:
    """Each round of PBKDF2 hashes two blocks. OpenSSL hashes a long text without any other work between the blocks."""
    text = bytes(64 * 2**20)
    per_block = _seconds(lambda: hashlib.sha256(text)) / (len(text) / hashlib.sha256().block_size)
    return _attacker("a native program", per_block * 2 * ROUNDS, tries)


def _attacker(tool: str, per_try: float, tries: int) -> str:
    each = per_try * tries / 2
    return (
        f"A core of an attacker, with {tool}: {per_try * 1000:.2f} ms a try, {each:.2f} s a submission, "
        f"{each * 10_000 / 3600:.1f} hours for 10,000"
    )


def _functions(tries: int) -> str:
    def of(most: int) -> Challenges:
        return Challenges(lambda: Keyring("k1", {"k1": b"a key"}), most)

    given = altcha.Challenge.from_dict(of(1).new("", "", datetime.now(UTC)))
    solution = altcha.solve_challenge(given)
    assert solution
    solved = altcha.Payload(given, solution).to_base64()
    new = _seconds(lambda: of(tries).new("", "", datetime.now(UTC)), 100) * 1000
    read = _seconds(lambda: of(1).read(solved, ""), 100) * 1000
    unsigned = altcha.Payload(altcha.Challenge(given.parameters, "0" * 64), solution).to_base64()
    refuse = _seconds(lambda: of(1).read(unsigned, ""), 100) * 1000
    return (
        f"Functions: {new:.2f} ms to create a challenge, {read:.2f} ms to check it, {refuse:.3f} ms to reject a forgery"
    )


def _seconds(work: Callable[[], object], times: int = 1) -> float:
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times


if __name__ == "__main__":
    main()
