"""Lambda handler for work that takes longer than a request: the queue of reports, and two schedules."""

from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from referral_intake.observability import logs
from referral_intake.reports import wiring
from referral_intake.reports.jobs import logger, requeue_lost_reports, run_report, send_summaries
from referral_intake.reports.wiring import ReportsParts


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse | None:
    parts = wiring.parts()
    with logs.without_message(logger):
        match event.get("task"):
            case "weekly_summary":
                send_summaries(parts)
            case "lost_reports":
                requeue_lost_reports(parts)
            case _:
                return _run_queued_reports(event, context, parts)
    return None


def _run_queued_reports(
    event: dict[str, Any], context: LambdaContext, parts: ReportsParts
) -> PartialItemFailureResponse:
    def process(record: dict[str, Any]) -> None:
        run_report(record["body"], parts, lambda: timedelta(milliseconds=context.get_remaining_time_in_millis()))

    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event, process, processor, context)
