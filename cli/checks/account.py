"""Check the AWS account: credentials, region, concurrency."""

from collections.abc import Collection, Mapping

from cli.checks.result import Result, failure, ok, warning

# Lambda keeps at least this many concurrent executions of an account unreserved.
_UNRESERVED = 100


def credentials(identity: Mapping[str, str]) -> Result:
    return ok(f"account {identity['Account']}, as {identity['Arn'].partition(':')[2].rpartition(':')[2]}")


def region(name: str | None, with_ses: Collection[str]) -> Result:
    if not name:
        return failure("No region is set", "Set AWS_DEFAULT_REGION, or `region` in samconfig.toml.")
    if name not in with_ses:
        return failure(f"SES is not available in {name}, according to this boto3", "Choose another region.")
    return ok(name)


def concurrency(limit: Mapping[str, int], reserved: int) -> Result:
    """Check the unreserved concurrency. `reserved` is the parameter ReservedConcurrency, used for two functions."""
    every, left = limit.get("ConcurrentExecutions", 0), limit.get("UnreservedConcurrentExecutions", 0)
    text = f"{left} of {every} concurrent executions are unreserved"
    if reserved and left < _UNRESERVED:
        todo = "Set ReservedConcurrency to 0, or request a higher limit in Service Quotas (Lambda)."
        return failure(text, todo)
    if left < _UNRESERVED:
        return warning(text, "Enough for a trial. Before traffic grows, request 1,000 in Service Quotas (Lambda).")
    return ok(text)
