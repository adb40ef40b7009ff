"""When a doctor is at work: weekdays, nine to five, where they are."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

OPENS, CLOSES = time(9), time(17)

# Only states that keep one time throughout (49 CFR part 71): from the others, the zone does not follow.
_ZONES = {
    "America/New_York": "CT DE DC GA ME MD MA NH NJ NY NC OH PA RI SC VT VA WV",
    "America/Chicago": "AL AR IL IA LA MN MS MO OK WI",
    "America/Denver": "CO MT NM UT WY",
    "America/Phoenix": "AZ",
    "America/Los_Angeles": "CA WA",
    "Pacific/Honolulu": "HI",
    "America/Puerto_Rico": "PR VI",
    "Pacific/Guam": "GU MP",
    "Pacific/Pago_Pago": "AS",
}
_ZONE_OF = {state: zone for zone, states in _ZONES.items() for state in states.split()}


def zone_of(state: str | None, otherwise: ZoneInfo) -> ZoneInfo:
    """The time zone that follows from a state's two-letter code, or else the other one."""
    return ZoneInfo(_ZONE_OF[state]) if state in _ZONE_OF else otherwise


def next_daytime(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment itself where it lies in working hours there, or else when they next begin."""
    there = moment.astimezone(zone)
    if there.weekday() < 5 and OPENS <= there.time() < CLOSES:
        return moment
    day = there.date() if there.time() < OPENS else there.date() + timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return datetime.combine(day, OPENS, zone).astimezone(moment.tzinfo)
