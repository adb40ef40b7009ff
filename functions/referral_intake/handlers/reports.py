"""The door for what outlasts a request: a queue of reports, and two schedules."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from referral_intake import wiring
from referral_intake.handlers import logs
from referral_intake.wiring.team import Reports

logger = logs.logger()
"""Ids only."""

# Long enough for the longest step: a page of rows and a part to S3, or a workbook of what there is.
MARGIN = timedelta(seconds=45)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse | None:
    parts = wiring.reports()
    with logs.no_words(logger):
        match event.get("task"):
            case "weekly_summary":
                send_summaries(parts)
            case "lost_reports":
                put_lost_reports_back(parts)
            case _:
                return _take(event, context, parts)
    return None


def _take(event: dict[str, Any], context: LambdaContext, parts: Reports) -> PartialItemFailureResponse:
    def process(record: dict[str, Any]) -> None:
        work_on(record["body"], parts, lambda: timedelta(milliseconds=context.get_remaining_time_in_millis()))

    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event, process, processor, context)


def work_on(report_id: str, parts: Reports, time_left: Callable[[], timedelta]) -> None:
    """Goes as far as the time lasts. An exception means: give it to me again."""
    try:
        report = parts.reporting.run(report_id, time_left, MARGIN)
    except Exception:
        logger.exception("report not finished by this run", report=report_id)
        raise
    if report is None:
        logger.info("report is finished, or another run has it", report=report_id)
    else:
        logger.info("worked on a report", report=report_id, state=report.state, rows=report.rows_done)


def put_lost_reports_back(parts: Reports) -> None:
    for campaign in parts.campaigns.names():
        if count := parts.reporting.put_lost_ones_back(campaign):
            logger.warning("lost reports put back into the queue", campaign=campaign, reports=count)


def send_summaries(parts: Reports) -> None:
    for name in parts.campaigns.names():
        campaign = parts.campaigns.get(name)
        if campaign and (outcomes := parts.summarizing.send(campaign)):
            logger.info("weekly summary", campaign=name, outcomes=dict(outcomes))
