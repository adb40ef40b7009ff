"""Exports and letters, from the queue to files in S3, with runs that end early, crash, or are repeated."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from pypdfium2 import PdfDocument
from python_calamine import CalamineWorkbook

from referral_intake.aws import report_files
from referral_intake.aws.audit_log import AuditTable
from referral_intake.aws.claims import ClaimTable
from referral_intake.aws.item_format import to_item
from referral_intake.aws.keys import Keyring
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.aws.report_files import LostUpload, ReportFiles
from referral_intake.aws.report_table import ReportTable
from referral_intake.core.decisions import REVIEW_INTERVAL
from referral_intake.core.errors import Unavailable
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Referral, Stage, Transition, close
from referral_intake.core.report import MAX_FAILED_RUNS, QUEUE_TIMEOUT, Format, Report, ReportState
from referral_intake.core.search_filter import Filter
from referral_intake.reports import csv_export, xlsx_export
from referral_intake.reports.columns import COLUMNS
from referral_intake.reports.csv_export import CsvExport
from referral_intake.reports.export_rows import ExportRows
from referral_intake.reports.letter_files import LetterFiles
from referral_intake.reports.letter_wiring import LetterResources, bulk_letters_for
from referral_intake.reports.report_runs import ReportRunner, ReportWriter
from referral_intake.reports.xlsx_export import XlsxExport
from tests.integration import aws
from tests.support.reports import expires_after, report
from tests.support.samples import NOW, TEMPLATES, campaign

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BUCKET = "report-files"
UNLIMITED = expires_after(10_000)
MIB = 1024 * 1024


class Crash(BaseException):
    """Emulates the end of a Lambda process: no handler catches this."""


class Queue(list[str]):
    def put(self, report_id: str) -> None:
        self.append(report_id)


@pytest.fixture
def files(client: "DynamoDBClient") -> ReportFiles:
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    return Files(report_files.client(), BUCKET)


class Files(ReportFiles):
    """moto fails on a missing upload, where S3 returns an error."""

    def upload_part(self, *arguments: Any) -> str:
        try:
            return super().upload_part(*arguments)
        except KeyError as unknown:
            raise LostUpload("NoSuchUpload") from unknown


@pytest.fixture
def clock() -> aws.Clock:
    return aws.Clock()


@pytest.fixture
def reports(client: "DynamoDBClient", table: str, clock: aws.Clock) -> ReportTable:
    return ReportTable(client, table, clock)


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def rows(client: "DynamoDBClient", table: str) -> ExportRows:
    return ExportRows(client, table)


Work = Callable[..., ReportRunner]


@pytest.fixture
def work(reports: ReportTable, queue: Queue, clock: aws.Clock, client: "DynamoDBClient", table: str) -> Work:
    finished = AuditTable(client, table)

    def report_runner(writer: ReportWriter) -> ReportRunner:
        from referral_intake.core.users import User

        def record(done: Report, at: datetime) -> None:
            finished.record(User(done.sub, done.username, frozenset()), f"report_{done.state}", (done.id,), at)

        return ReportRunner(reports, queue, lambda _: writer, record, clock)

    return report_runner


@pytest.fixture
def store(client: "DynamoDBClient", table: str) -> Callable[[int], list[str]]:
    """Stores referrals one minute apart, and returns their receipts, newest first."""
    numbers = count()

    def store(wanted: int, **details: Any) -> list[str]:
        made = []
        first = aws.submitted(NOW, **details)
        for number in [next(numbers) for _ in range(wanted)]:
            receipt = f"AAAA-AAAA-AAAA-{number:04d}".translate(str.maketrans("0189", "WXYZ"))
            milestones = {"submitted": NOW - timedelta(minutes=number)}
            made.append(replace(first, receipt=receipt, milestones=milestones))
        for start in range(0, len(made), 25):
            puts: Any = [{"PutRequest": {"Item": to_item(one)}} for one in made[start : start + 25]]
            client.batch_write_item(RequestItems={table: puts})
        return [one.receipt for one in made]

    return store


def fetched(files: ReportFiles, done: Report, number: int = 0) -> bytes:
    return files.load_state(done.files[number].key)


def read_csv(data: bytes) -> list[dict[str, str]]:
    assert data.startswith(b"\xef\xbb\xbfreceipt,")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def read_xlsx(data: bytes) -> list[list[Any]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return book.get_sheet_by_name("Referrals").to_python()


def run_to_its_end(
    report_runner: ReportRunner, requested: Report, queue: Queue, time_left: int = 2
) -> tuple[Report, int]:
    queue.put(requested.id)
    for runs in count(1):
        done = report_runner.run(queue.pop(), expires_after(time_left), timedelta(seconds=1))
        assert done is not None
        if not queue:
            return done, runs
    raise AssertionError


@pytest.mark.long
def test_an_export_continues_in_further_runs_until_it_is_complete(
    store: Any, rows: ExportRows, files: ReportFiles, reports: ReportTable, work: Work, queue: Queue
) -> None:
    receipts = store(3000)
    requested = report()
    reports.add(requested)
    done, runs = run_to_its_end(work(CsvExport(rows, files)), requested, queue, time_left=6)
    assert runs > 3
    assert (done.state, done.rows_done) == (ReportState.READY, 3000)
    assert [row["receipt"] for row in read_csv(fetched(files, done))] == receipts
    assert [(file.name, file.size) for file in done.files] == [
        ("lumen-referrals-2026-11-23.csv", len(fetched(files, done)))
    ]


@pytest.mark.long
def test_a_file_with_several_parts_is_one_file(
    store: Any, rows: ExportRows, files: ReportFiles, reports: ReportTable, work: Work, queue: Queue
) -> None:
    # 600 rows of 20 kB: 12 MB.
    receipts = store(600, practice="x" * 80)
    big = BigRows(rows, 20_000)
    requested = report()
    reports.add(requested)
    done, runs = run_to_its_end(work(CsvExport(big, files, part_bytes=5 * MIB)), requested, queue, time_left=1)
    assert runs > 2
    assert len(done.checkpoint.parts) == 2
    assert [row["receipt"] for row in read_csv(fetched(files, done))] == receipts
    assert done.files[0].size == len(fetched(files, done))


class BigRows:
    """Stored referrals, each with a very long practice name."""

    def __init__(self, rows: ExportRows, size: int) -> None:
        self._rows = rows
        self._size = size

    def page(self, campaign: str, chosen: Filter, cursor: Any) -> Any:
        page = self._rows.page(campaign, chosen, cursor)
        big = [
            replace(one, doctor=replace(one.doctor, practice=f"{one.receipt} " * (self._size // 20)))
            for one in page.referrals
        ]
        return replace(page, referrals=big)


@pytest.mark.parametrize("format", [Format.CSV, Format.XLSX])
def test_an_export_is_complete_after_a_crash_at_any_point(
    store: Any,
    rows: ExportRows,
    files: ReportFiles,
    reports: ReportTable,
    work: Work,
    queue: Queue,
    clock: aws.Clock,
    format: Format,  # noqa: A002
) -> None:
    receipts = store(450)
    requested = report(format)
    reports.add(requested)
    writer: ReportWriter = (
        CsvExport(rows, files) if format is Format.CSV else XlsxExport(rows, files, rows_per_workbook=200)
    )
    deaths = 0
    for step in count():
        # Each run crashes one call later than the previous one: within a step, and after it before it is recorded.
        crashing = CrashingParts(step % 7, files, reports)
        report_runner = ReportRunner(reports, queue, lambda _: writer, lambda *_: None, clock)
        with crashing:
            try:
                done = report_runner.run(requested.id, expires_after(1), timedelta(seconds=1))
            except Crash:
                deaths += 1
                clock.time += timedelta(minutes=6)
                continue
        if done and done.state is not ReportState.RUNNING:
            break
    assert deaths >= 3
    assert done is not None
    assert done.state is ReportState.READY
    assert done.rows_done == 450
    assert receipts_in(done, files) == receipts


def receipts_in(done: Report, files: ReportFiles) -> list[str]:
    if done.format is Format.CSV:
        return [row["receipt"] for row in read_csv(fetched(files, done))]
    return [row[0] for number in range(len(done.files)) for row in read_xlsx(fetched(files, done, number))[1:]]


class CrashingParts:
    """The process ends at its n-th call of S3 or checkpoint, alternately before and after the effect."""

    def __init__(self, at: int, files: ReportFiles, reports: ReportTable) -> None:
        self._at = at
        self._watched: list[tuple[Any, str]] = [
            (files, name) for name in ("create_upload", "upload_part", "complete_upload", "put", "save_state")
        ]
        self._watched.append((reports, "save"))

    def __enter__(self) -> None:
        calls = count()
        for owner, name in self._watched:
            setattr(owner, name, self._crashing(getattr(owner, name), calls))

    def __exit__(self, *_: object) -> None:
        for owner, name in self._watched:
            delattr(owner, name)

    def _crashing(self, call: Callable[..., Any], calls: Iterator[int]) -> Callable[..., Any]:
        def watched(*arguments: Any) -> Any:
            is_last = next(calls) == self._at
            if is_last and self._at % 2:
                raise Crash
            answer = call(*arguments)
            if is_last:
                raise Crash
            return answer

        return watched


def test_a_redelivered_message_finds_that_another_run_is_active(
    store: Any, rows: ExportRows, files: ReportFiles, reports: ReportTable, work: Work, queue: Queue
) -> None:
    receipts = store(400)
    requested = report()
    reports.add(requested)
    meanwhile: list[Report | None] = []

    class Watched:
        def page(self, *arguments: Any) -> Any:
            meanwhile.append(second.run(requested.id, UNLIMITED, timedelta(seconds=1)))
            return rows.page(*arguments)

    second = work(CsvExport(rows, files))
    done = work(CsvExport(Watched(), files)).run(requested.id, UNLIMITED, timedelta(seconds=1))
    assert set(meanwhile) == {None}
    assert done is not None
    assert receipts_in(done, files) == receipts
    assert second.run(requested.id, UNLIMITED, timedelta(seconds=1)) is None


def test_a_run_with_an_expired_lease_cannot_corrupt_the_report(
    store: Any, rows: ExportRows, files: ReportFiles, reports: ReportTable, work: Work, clock: aws.Clock
) -> None:
    receipts = store(400)
    requested = report()
    reports.add(requested)

    class Slow:
        """Pauses for ten minutes, during which another run completes the work."""

        others: Report | None = None

        def page(self, *arguments: Any) -> Any:
            if self.others is None:
                clock.time += timedelta(minutes=10)
                self.others = work(CsvExport(rows, files)).run(requested.id, UNLIMITED, timedelta(seconds=1))
            return rows.page(*arguments)

    slow = Slow()
    assert work(CsvExport(slow, files)).run(requested.id, expires_after(100), timedelta(seconds=1)) is None
    stored_report = reports.get(requested.id)
    assert stored_report is not None
    assert stored_report.state is ReportState.READY
    assert stored_report == slow.others
    assert receipts_in(stored_report, files) == receipts


def test_workbooks_contain_dates_and_text_and_no_formulas(
    referrals: ReferralTable, rows: ExportRows, files: ReportFiles, reports: ReportTable, work: Work, queue: Queue
) -> None:
    one = aws.submitted(NOW, name="Ana Gomez", practice="=1+1 Clinic", phone="415 555 2671")
    referrals.add(one)
    requested = report(Format.XLSX)
    reports.add(requested)
    done, _ = run_to_its_end(work(XlsxExport(rows, files)), requested, queue)
    assert [file.name for file in done.files] == ["lumen-referrals-2026-11-23.xlsx"]
    header, row = read_xlsx(fetched(files, done))
    found = dict(zip(header, row, strict=True))
    assert header == list(COLUMNS)
    assert found["practice"] == "=1+1 Clinic"
    assert found["phone"] == "+14155552671"
    assert found["submitted_at"] == NOW.replace(tzinfo=None)
    assert b"<f>" not in b"".join(parts_of(fetched(files, done)))


def parts_of(workbook: bytes) -> Iterator[bytes]:
    from zipfile import ZipFile

    with ZipFile(io.BytesIO(workbook)) as archive:
        yield from (archive.read(name) for name in archive.namelist())


def test_rows_beyond_the_limit_go_to_further_workbooks(
    store: Any, rows: ExportRows, files: ReportFiles, reports: ReportTable, work: Work, queue: Queue
) -> None:
    receipts = store(1000)
    requested = report(Format.XLSX)
    reports.add(requested)
    done, _ = run_to_its_end(work(XlsxExport(rows, files, rows_per_workbook=300)), requested, queue, time_left=100)
    assert [file.name for file in done.files][:2] == [
        "lumen-referrals-2026-11-23.xlsx",
        "lumen-referrals-2026-11-23-2.xlsx",
    ]
    assert len(done.files) == 4
    assert receipts_in(done, files) == receipts


def test_an_export_contains_exactly_the_filtered_referrals(
    referrals: ReferralTable, rows: ExportRows, files: ReportFiles, reports: ReportTable, work: Work, queue: Queue
) -> None:
    matching = aws.submitted(NOW - timedelta(days=1), address={"state": "IL"}, specialty="Oncology")
    for one in (
        matching,
        aws.submitted(NOW, address={"state": "IL"}, specialty="Oncology"),
        aws.submitted(NOW - timedelta(days=1), address={"state": "TX"}, specialty="Oncology"),
        aws.submitted(NOW - timedelta(days=1), address={"state": "IL"}, specialty="Pain"),
    ):
        referrals.add(one)
    moved = aws.submitted(NOW - timedelta(days=1), address={"state": "IL"}, specialty="Oncology")
    referrals.add(moved)
    referrals.move(moved, close(Closing.REJECTED, at=NOW))
    chosen = Filter(date(2026, 11, 20), date(2026, 11, 22), "queued", None, "IL", "medical_oncology")
    requested = report(filter=chosen)
    reports.add(requested)
    done, _ = run_to_its_end(work(CsvExport(rows, files)), requested, queue)
    assert receipts_in(done, files) == [matching.receipt]
    assert done.filter == chosen


@pytest.mark.parametrize("format", [Format.CSV, Format.XLSX])
def test_an_empty_report_is_a_file_with_a_header(
    rows: ExportRows,
    files: ReportFiles,
    reports: ReportTable,
    work: Work,
    queue: Queue,
    format: Format,  # noqa: A002
) -> None:
    requested = report(format)
    reports.add(requested)
    writer: ReportWriter = CsvExport(rows, files) if format is Format.CSV else XlsxExport(rows, files)
    done, _ = run_to_its_end(work(writer), requested, queue)
    assert (done.state, done.rows_done) == (ReportState.READY, 0)
    assert receipts_in(done, files) == []


def test_an_aborted_upload_restarts(
    store: Any, rows: ExportRows, files: ReportFiles, reports: ReportTable, work: Work, queue: Queue
) -> None:
    receipts = store(300)
    requested = report()
    reports.add(requested)
    report_runner = work(CsvExport(rows, files))
    begun = report_runner.run(requested.id, expires_after(1), timedelta(seconds=1))
    assert begun is not None
    assert begun.checkpoint.tail
    assert begun.checkpoint.upload
    boto3.client("s3").abort_multipart_upload(
        Bucket=BUCKET, Key=begun.checkpoint.upload_key or "", UploadId=begun.checkpoint.upload
    )
    queue.clear()
    done, _ = run_to_its_end(report_runner, requested, queue, time_left=50)
    assert receipts_in(done, files) == receipts


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [("404", 404, LostUpload), ("403", 403, LostUpload), ("400", 400, Unavailable), ("503", 503, Unavailable)],
)
def test_an_upload_is_lost_only_if_its_file_does_not_exist(
    fake_credentials: None, code: str, status: int, expected: type[Exception]
) -> None:
    client = report_files.client()
    with Stubber(client) as stubber:
        stubber.add_client_error("complete_multipart_upload", "NoSuchUpload", http_status_code=404)
        stubber.add_client_error("head_object", code, http_status_code=status)
        with pytest.raises(expected):
            ReportFiles(client, BUCKET).complete_upload("key", "upload", ["etag"])
        stubber.add_client_error("complete_multipart_upload", "NoSuchUpload", http_status_code=404)
        stubber.add_response("head_object", {})
        ReportFiles(client, BUCKET).complete_upload("key", "upload", ["etag"])


def test_a_report_without_progress_is_given_up(
    files: ReportFiles, reports: ReportTable, work: Work, clock: aws.Clock
) -> None:
    class Broken:
        def page(self, *_: Any) -> Any:
            raise RuntimeError("one that can't be read")

    requested = report()
    reports.add(requested)
    report_runner = work(CsvExport(Broken(), files))
    for _ in range(MAX_FAILED_RUNS + 1):
        with pytest.raises(RuntimeError):
            report_runner.run(requested.id, UNLIMITED, timedelta(seconds=1))
        clock.time += timedelta(minutes=20)
    done = report_runner.run(requested.id, UNLIMITED, timedelta(seconds=1))
    assert done is not None
    assert (done.state, done.detail) == (ReportState.FAILED, "gave_up")


def test_a_report_with_a_lost_message_is_queued_again_once(
    rows: ExportRows, files: ReportFiles, reports: ReportTable, work: Work, queue: Queue, clock: aws.Clock
) -> None:
    lost, finished = report(), report()
    reports.add(lost)
    reports.add(finished)
    report_runner = work(CsvExport(rows, files))
    report_runner.run(finished.id, UNLIMITED, timedelta(seconds=1))
    assert report_runner.requeue_lost("lumen") == 0
    clock.time += QUEUE_TIMEOUT
    assert report_runner.requeue_lost("lumen") == 1
    assert report_runner.requeue_lost("lumen") == 0
    assert queue == [lost.id]


def test_files_expire_and_reports_are_listed_newest_first(
    rows: ExportRows, files: ReportFiles, reports: ReportTable, work: Work, clock: aws.Clock
) -> None:
    older, newer = report(requested_at=NOW - timedelta(hours=1)), report()
    for one in (older, newer):
        reports.add(one)
    work(CsvExport(rows, files)).run(newer.id, UNLIMITED, timedelta(seconds=1))
    first, second = reports.latest("lumen")
    assert (first.id, second.id) == (newer.id, older.id)
    assert first.state_at(NOW + timedelta(hours=23)) is ReportState.READY
    assert first.state_at(NOW + timedelta(hours=25)) is ReportState.EXPIRED
    assert reports.latest("moon") == []


# ---- Letters ---------------------------------------------------------------------------------------------------------

ADDRESS = {"line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701"}


def by_post(referrals: ReferralTable, name: str, age: int, address: Any = ADDRESS, **details: Any) -> Referral:
    referral = aws.submitted(NOW - timedelta(hours=age), name=name, email=None, address=address, **details)
    referrals.add(referral)
    referrals.move(referral, Transition(Stage.BY_POST, due_at=referral.submitted_at + REVIEW_INTERVAL))
    return referral


def keyring(names: dict[str, str]) -> Keyring:
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=names["HashingKeys"])["SecretString"]
    return Keyring.from_secret(json.loads(secret))


def reserved(
    referrals: ReferralTable, claims: ClaimTable, ring: Keyring, name: str, age: int, **details: Any
) -> Referral:
    """A referral that waits for a letter as `outreach` leaves it: it has reserved its doctor."""
    made = aws.submitted(NOW - timedelta(hours=age), name=name, email=None, address=ADDRESS, **details)
    referrals.add(made)
    move = Transition(Stage.BY_POST, due_at=made.submitted_at + REVIEW_INTERVAL)
    obstacle = claims.reserve(aws.claim_for(made, ring), move, now=NOW, cooldown=campaign().policy.cooldown)
    assert obstacle is None
    return made


def test_two_doctors_with_one_name_and_zip_code_both_get_a_letter(
    table: str,
    secret_names: dict[str, str],
    referrals: ReferralTable,
    claims: ClaimTable,
    files: ReportFiles,
    reports: ReportTable,
    work: Work,
    queue: Queue,
) -> None:
    ring = keyring(secret_names)
    for age, npi in ((2, "1234567893"), (1, "1003000126")):
        reserved(referrals, claims, ring, "Ana Gomez", age, npi=npi)
    place = LetterResources(table, secret_names["HashingKeys"], secret_names["SigningKeys"], aws.SITE_URL)
    asked = report(Format.PDF)
    reports.add(asked)
    writer = LetterFiles(bulk_letters_for(place, TEMPLATES), files, {"lumen": campaign()}.get, lambda: NOW)
    done, _ = run_to_its_end(work(writer), asked, queue)
    assert (done.rows_done, dict(done.left_out)) == (2, {})


def test_letters_are_split_into_files_and_no_doctor_gets_two(
    table: str,
    secret_names: dict[str, str],
    referrals: ReferralTable,
    claims: ClaimTable,
    files: ReportFiles,
    reports: ReportTable,
    work: Work,
    queue: Queue,
) -> None:
    place = LetterResources(table, secret_names["HashingKeys"], secret_names["SigningKeys"], aws.SITE_URL)
    letters = bulk_letters_for(place, TEMPLATES)
    ring = keyring(secret_names)
    names = ["Ana Gomez", "Maria Lopez", "Jo Smith", "Li Wang"]
    for age, name in enumerate(names):
        reserved(referrals, claims, ring, name, 9 - age)
    # The first referral has reserved this doctor, who has a letter in another file, made by another run.
    again = by_post(referrals, "Ana Gomez", 1)
    nowhere = by_post(referrals, "Nobody Knows", 1, {"state": "IL"}, phone="(415) 555-2671")
    stopped = by_post(referrals, "Has Enough", 1)
    claims.suppress(aws.claim_for(stopped, ring).keys, Closing.OPTED_OUT, "AAAA-AAAA-AAAA-AAAA", NOW)
    requested = report(Format.PDF)
    reports.add(requested)
    writer = LetterFiles(letters, files, {"lumen": campaign()}.get, lambda: NOW, letters_per_file=2)
    done, runs = run_to_its_end(work(writer), requested, queue, time_left=1)
    assert runs > 1
    assert (done.state, done.rows_done) == (ReportState.READY, 4)
    assert [file.name for file in done.files] == [
        "lumen-letters-2026-11-23.pdf",
        "lumen-letters-2026-11-23-2.pdf",
    ]
    assert [len(PdfDocument(fetched(files, done, number))) for number in range(2)] == [2, 2]
    assert dict(done.left_out) == {
        again.receipt: "joined",
        nowhere.receipt: "no_postal_address",
        stopped.receipt: "opted_out",
    }


def test_unapproved_content_is_not_printed(
    table: str,
    secret_names: dict[str, str],
    referrals: ReferralTable,
    files: ReportFiles,
    reports: ReportTable,
    work: Work,
    queue: Queue,
) -> None:
    place = LetterResources(table, secret_names["HashingKeys"], secret_names["SigningKeys"], aws.SITE_URL)
    by_post(referrals, "Ana Gomez", 1)
    requested = report(Format.PDF)
    reports.add(requested)
    long_after = datetime.combine(campaign().approval.expires_on, time(), UTC) + timedelta(days=1)
    writer = LetterFiles(bulk_letters_for(place, TEMPLATES), files, {"lumen": campaign()}.get, lambda: long_after)
    done, _ = run_to_its_end(work(writer), requested, queue)
    assert (done.state, done.detail, done.files) == (ReportState.FAILED, "unapproved", ())


def test_parts_have_the_size_that_s3_requires_and_their_records_fit_in_one_item() -> None:
    assert csv_export.PART_BYTES >= 5 * MIB
    assert xlsx_export.ROWS_PER_WORKBOOK < 1_048_576
