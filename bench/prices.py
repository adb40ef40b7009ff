"""List AWS prices in us-east-1 in US dollars, and compute the cost of a month. For the sources, see docs/cost.md."""

from dataclasses import dataclass

MILLION = 1_000_000
GB = 1024**3
MINUTES = 730 * 60

WRITES = 0.625 / MILLION
READS = 0.125 / MILLION
TABLE_GB = 0.25
BACKUP_GB = 0.20
RUNS = 0.20 / MILLION
GB_SECONDS = 0.0000133334
HTTP_API = 1.00 / MILLION
MAIL = 0.10 / 1000
QUEUE = 0.40 / MILLION
LOGS_GB = 0.50
ALARM, METRIC, SECRET, DASHBOARD = 0.10, 0.30, 0.40, 3.00
SECRET_CALLS = 0.05 / 10_000
TRACES = 5.00 / MILLION

# Assumptions. With 512 MB, a warm invocation takes tens of milliseconds and a cold start about a second. With few
# referrals, most invocations are cold starts.
MEMORY_GB = 0.5
SECONDS_FEW, SECONDS_MANY = 0.6, 0.1
# Bytes of the access log of API Gateway for one request.
ACCESS_LINE = 300
# Bytes of the lines that Lambda logs for one invocation (START, END, REPORT).
RUN_LINES = 400
SQS_REQUESTS_PER_MESSAGE = 3
# Lambda polls empty queues too: five pollers for each of two queues, each of them every 20 s.
SQS_IDLE = 2 * 5 * 3 * MINUTES
# X-Ray samples the first request of each second of a function, and 5% of the others.
FEW_TRACED, MANY_TRACED = 1.0, 0.3
ITEM_BYTES = 4 * 1024


@dataclass(frozen=True, slots=True)
class Used:
    """The usage of one referral, or of one minute without traffic."""

    writes: float
    reads: float
    runs: float
    requests: float
    mails: float
    queued: float
    log_bytes: float


@dataclass(frozen=True, slots=True)
class Fixed:
    alarmed_metrics: int
    metrics: int
    secrets: int


def month(referrals: int, one: Used, minute: Used, fixed: Fixed) -> dict[str, float]:
    """Return the cost of a month by item, without the free tier."""
    few = referrals < 100_000
    runs = referrals * one.runs + MINUTES * minute.runs
    seconds = referrals * one.runs * (SECONDS_FEW if few else SECONDS_MANY) + MINUTES * minute.runs * SECONDS_MANY
    requests = referrals * one.requests
    logs = referrals * one.log_bytes + MINUTES * minute.log_bytes + requests * ACCESS_LINE + runs * RUN_LINES
    stored = referrals * ITEM_BYTES / GB
    return {
        "SES, messages": referrals * one.mails * MAIL,
        "DynamoDB, writes": (referrals * one.writes + MINUTES * minute.writes) * WRITES,
        "DynamoDB, reads": (referrals * one.reads + MINUTES * minute.reads) * READS,
        "DynamoDB, storage and recovery": stored * (TABLE_GB + BACKUP_GB),
        "Lambda, runs": runs * RUNS,
        "Lambda, time (assumed)": seconds * MEMORY_GB * GB_SECONDS,
        "API Gateway": requests * HTTP_API,
        "SQS": (referrals * one.queued * SQS_REQUESTS_PER_MESSAGE + SQS_IDLE) * QUEUE,
        "CloudWatch, logs": logs / GB * LOGS_GB,
        "CloudWatch, alarms": fixed.alarmed_metrics * ALARM,
        "CloudWatch, own metrics": fixed.metrics * METRIC,
        "CloudWatch, dashboard": DASHBOARD,
        "Secrets Manager": fixed.secrets * SECRET + MINUTES / 5 * SECRET_CALLS,
        "X-Ray": (referrals * one.runs * (FEW_TRACED if few else MANY_TRACED) + MINUTES) * TRACES,
    }
