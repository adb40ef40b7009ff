"""Checks the promise that counters equal a recount."""

from collections import Counter
from collections.abc import Iterable

from referral_intake.aws.item_format import Item, from_item
from referral_intake.aws.stats_items import numbers, receipt_of
from referral_intake.core.counting import CounterKey, contributions, tally
from referral_intake.core.referral import Referral
from referral_intake.stats.counting_table import CountingTable
from tests.faults.simulation import Simulation
from tests.integration.aws import stats_name


def wrong(simulation: Simulation) -> list[str]:
    """Counters that differ from those of the newest delivered record of each referral."""
    newest: dict[str, Referral] = {}
    for function, record in simulation.delivered:
        if function == "stats":
            referral = from_item(record["dynamodb"]["NewImage"])
            newest[referral.receipt] = max(
                referral, newest.get(referral.receipt, referral), key=lambda one: one.revision
            )
    return _differences(simulation, newest.values())


def wrong_after_a_recount(simulation: Simulation) -> list[str]:
    """Counters that still differ from the table after a recount."""
    referrals = [from_item(image) for image in simulation.state.images()]
    with simulation.interceptor.unobserved():
        CountingTable(simulation.environment.client, stats_name(simulation.environment.table)).count(
            referrals, recount=True
        )
    # Records that arrive later are older.
    simulation.delivered += [("stats", {"dynamodb": {"NewImage": image}}) for image in simulation.state.images()]
    return _differences(simulation, referrals)


def _differences(simulation: Simulation, referrals: Iterable[Referral]) -> list[str]:
    expected: Counter[CounterKey] = Counter()
    for referral in referrals:
        expected.update(contributions(tally(referral)))
    found = _counters(simulation)
    wrong = sorted(map(str, (count for count in expected | found if expected[count] != found[count])))
    return [f"counted wrongly: {count}" for count in wrong]


def _counters(simulation: Simulation) -> Counter[CounterKey]:
    with simulation.interceptor.unobserved():
        items: list[Item] = simulation.environment.engine.items(
            simulation.environment.client, stats_name(simulation.environment.table)
        )
    return Counter({count: number for item in items if not receipt_of(item) for count, number in numbers(item)})
