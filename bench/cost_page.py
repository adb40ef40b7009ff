"""Write the tables of docs/cost.md, from measured results, the prices in bench/prices.py, and the template."""

import json
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

from bench import prices
from bench.prices import Fixed, Used
from samlocal.template import nested_stacks
from tests.integration import aws

# Assumed shares of the scenarios. Replace them with the shares that the dashboard shows.
SHARES = {"answered": 0.15, "reminded": 0.60, "joining": 0.15, "by letter": 0.10}
SIZES = (100, 10_000, 1_000_000)


def average(usage: dict[str, Used]) -> Used:
    every = [(share, astuple(usage[name])) for name, share in SHARES.items()]
    return Used(*(sum(share * values[place] for share, values in every) for place in range(len(every[0][1]))))


MEASURED = Path(__file__).with_name("cost.json")
"""The results behind docs/cost.md. `python -m bench.cost` writes both."""
PAGE = Path(__file__).parents[1] / "docs" / "cost.md"
TEMPLATE = Path(__file__).parents[1] / "infra" / "template.yaml"


@dataclass(frozen=True, slots=True)
class Measured:
    usage: dict[str, Used]
    metrics: int

    @classmethod
    def read(cls) -> "Measured":
        kept = json.loads(MEASURED.read_text("utf-8"))
        return cls({name: Used(**one) for name, one in kept["usage"].items()}, kept["metrics"])

    def write(self) -> None:
        stored = {"usage": {name: asdict(one) for name, one in self.usage.items()}, "metrics": self.metrics}
        MEASURED.write_text(json.dumps(stored, indent=1) + "\n", "utf-8")


def fixed(measured: Measured) -> Fixed:
    """Return the numbers that do not depend on traffic, from the template and the measurement."""
    resources = nested_stacks.read(TEMPLATE)["Resources"].values()
    alarms = [one["Properties"] for one in resources if one["Type"] == "AWS::CloudWatch::Alarm"]
    return Fixed(sum(map(_metrics, alarms)), measured.metrics, len(aws.template().secrets))


def _metrics(alarm: dict[str, Any]) -> int:
    """Return how many metrics the alarm reads: AWS bills an alarm for each."""
    return sum("MetricStat" in one for one in alarm.get("Metrics", [])) or 1


def by_month(measured: Measured) -> list[str]:
    """Return the rows of the first table of docs/cost.md: costs per month."""
    one, minute = average(measured.usage), measured.usage["a minute"]
    months = [prices.month(size, one, minute, fixed(measured)) for size in SIZES]
    rows = [f"| {item} | " + " | ".join(f"{month[item]:,.2f}" for month in months) + " |" for item in months[0]]
    return [*rows, "| **Together** | " + " | ".join(f"**{sum(month.values()):,.2f}**" for month in months) + " |"]


_DESCRIPTIONS = {
    "answered": "answered, after opening and a click",
    "reminded": "reminded, and never answered",
    "joining": "joined to another for the same doctor",
    "by letter": "for a letter",
    "a minute": "a minute in which nothing happens",
}


def by_scenario(measured: Measured) -> list[str]:
    """Return the rows of the second table: usage by scenario."""
    rows = []
    for name, description in _DESCRIPTIONS.items():
        one = measured.usage[name]
        numbers = (one.writes, one.reads, one.runs, one.requests, one.mails, one.queued)
        rows.append(f"| {description} | " + " | ".join(f"{number:g}" for number in numbers) + " |")
    return rows


_DIFFERENCES = {
    "next day": "is opened, clicked and answered after midnight UTC",
    "by night": "is sent outside the doctor's working hours",
    "without opening": "is answered without an open and a click",
    "with NPI": "names the doctor's NPI too",
    "by email alone": "names neither phone nor address of the doctor",
}


def by_difference(measured: Measured) -> list[str]:
    """Return the rows of the third table: additional writes compared with the answered referral."""
    usual = measured.usage["answered"].writes
    return [
        f"| {description} | {measured.usage[name].writes - usual:+g} |" for name, description in _DIFFERENCES.items()
    ]


def written(page: str, measured: Measured) -> str:
    """Return the page with its three tables replaced."""
    lines = page.splitlines()
    heads = [number for number, line in enumerate(lines) if line.startswith("|---|---:|")]
    tables = (by_month(measured), by_scenario(measured), by_difference(measured))
    for head, rows in reversed(list(zip(heads, tables, strict=True))):
        end = lines.index("", head)
        lines[head + 1 : end] = rows
    return "\n".join(lines) + "\n"
