"""Write letters to files: for every referral that waits to be sent by post, up to 200 letters per file."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from referral_intake.aws.report_files import ReportFiles
from referral_intake.core.campaign import Campaign
from referral_intake.core.message import Unapproved
from referral_intake.core.reasons import ReportFailure
from referral_intake.core.referral import Stage
from referral_intake.core.report import File, Report
from referral_intake.reports.bulk_letters import BulkLetters
from referral_intake.reports.letter_layout import PrintedLetters
from referral_intake.reports.report_runs import HasTime, ReportError

# A practical number for an office printer and one person with envelopes. It takes some seconds to print to PDF.
LETTERS_PER_FILE = 200
# The number that fits in a report's item. Referrals that are not listed still wait for the next report.
_MAX_LEFT_OUT = 2_000


class LetterFiles:
    """Print the letters for a list of waiting referrals, which is made once and stored with the files.

    The next report includes later referrals.
    """

    def __init__(
        self,
        letters: BulkLetters,
        files: ReportFiles,
        find_campaign: Callable[[str], Campaign | None],
        now: Callable[[], datetime],
        letters_per_file: int = LETTERS_PER_FILE,
    ) -> None:
        self._letters = letters
        self._files = files
        self._find_campaign = find_campaign
        self._now = now
        self._letters_per_file = letters_per_file

    def steps(self, report: Report, has_time: HasTime) -> Iterator[Report]:
        campaign = self._find_campaign(report.campaign)
        if campaign is None:
            raise ReportError(ReportFailure.CAMPAIGN_UNKNOWN)
        waiting = self._waiting(report)
        while not report.checkpoint.at_end:
            some = waiting[report.checkpoint.rows : report.checkpoint.rows + self._letters_per_file]
            printed = self._print(campaign, some) if some else None
            if printed and printed.pdf:
                report = self._with_file(report, printed)
            report = self._with_progress(report, printed.left_out if printed else {}, len(some), waiting)
            yield report
            if not has_time():
                return

    def _waiting(self, report: Report) -> list[str]:
        if report.checkpoint.tail is None:
            return self._letters.waiting(report.campaign)
        waiting: list[str] = json.loads(self._files.load_state(report.checkpoint.tail))["waiting"]
        return waiting

    def _print(self, campaign: Campaign, receipts: Sequence[str]) -> PrintedLetters:
        by_post = [referral for referral in self._letters.read(receipts) if referral.stage is Stage.BY_POST]
        try:
            return self._letters.print(campaign, by_post, self._now())
        except Unapproved as error:
            raise ReportError(ReportFailure.UNAPPROVED) from error

    def _with_file(self, report: Report, printed: PrintedLetters) -> Report:
        name = report.file_name(len(report.files) + 1)
        key = f"{report.id}/{report.attempt}/{name}"
        self._files.put(key, printed.pdf, name)
        done = report.rows_done + len(printed.receipts)
        return replace(report, files=(*report.files, File(key, name, len(printed.pdf))), rows_done=done)

    def _with_progress(self, report: Report, left_out: Mapping[str, str], read: int, waiting: Sequence[str]) -> Report:
        rows = report.checkpoint.rows + read
        tail = None
        if rows < len(waiting):
            tail = f"{report.id}/{report.attempt}/{rows}.json"
            self._files.save_state(tail, json.dumps({"waiting": waiting}).encode())
        free = _MAX_LEFT_OUT - len(report.left_out)
        more = dict(list(left_out.items())[:free])
        checkpoint = replace(report.checkpoint, rows=rows, at_end=rows >= len(waiting), tail=tail)
        return replace(report, checkpoint=checkpoint, left_out={**report.left_out, **more})
