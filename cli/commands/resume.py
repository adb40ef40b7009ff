"""`resume`: let a stopped campaign send again."""

from cli import options, output, stacks
from cli.operator_actions import operator
from referral_intake.aws.breaker_table import BreakerTable


def command(campaign: options.Campaign, stack: options.Stack = None) -> int:
    """Let a campaign send again after its circuit breaker stopped it.

    Fix the cause first: see "When the breaker trips" in docs/operate.md.
    """
    target = stacks.select(stack)
    breaker = BreakerTable(target.dynamodb, target.output("TableName"))
    if breaker.resume(campaign, operator(), target.now()):
        print(f"{campaign} sends again. Waiting referrals are sent within 15 minutes. The breaker counts from zero.")
        return 0
    output.problem(f"{campaign} was not stopped.")
    return 1
