"""Work on reports, queue lost ones again, and send the weekly summaries."""

from collections.abc import Callable
from datetime import timedelta

from referral_intake.observability import logs
from referral_intake.reports.wiring import ReportsParts

logger = logs.logger()
"""Logs only ids."""

# Long enough for the longest step: a page of rows and a part to S3, or a workbook of the rows so far.
RUN_MARGIN = timedelta(seconds=45)


def run_report(report_id: str, parts: ReportsParts, time_left: Callable[[], timedelta]) -> None:
    """Work on the report until the time is over. If it raises, the queue delivers the message again."""
    try:
        report = parts.report_runner.run(report_id, time_left, RUN_MARGIN)
    except Exception:
        logger.exception("report not finished by this run", report=report_id)
        raise
    if report is None:
        logger.info("report is finished or claimed by another run", report=report_id)
    else:
        logger.info("worked on a report", report=report_id, state=report.state, rows=report.rows_done)


def requeue_lost_reports(parts: ReportsParts) -> None:
    for campaign in parts.campaigns.names():
        if count := parts.report_runner.requeue_lost(campaign):
            logger.warning("lost reports queued again", campaign=campaign, reports=count)


def send_summaries(parts: ReportsParts) -> None:
    for name in parts.campaigns.names():
        campaign = parts.campaigns.get(name)
        if campaign and (outcomes := parts.summary_sender.send(campaign)):
            logger.info("weekly summary", campaign=name, outcomes=dict(outcomes))
