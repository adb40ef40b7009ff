"""A doctor's working hours: weekdays, nine to five, in the doctor's time zone."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

OPENS, CLOSES = time(9), time(17)

# Only states with one time zone (49 CFR part 71). Other states do not determine the zone.
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
    """Return the time zone of a state (two-letter code), or `otherwise` if the state does not determine one."""
    return ZoneInfo(_ZONE_OF[state]) if state in _ZONE_OF else otherwise


def next_business_time(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return `moment` if it is within working hours in `zone`, or else the next start of working hours."""
    there = moment.astimezone(zone)
    if there.weekday() < 5 and OPENS <= there.time() < CLOSES:
        return moment
    day = there.date() if there.time() < OPENS else there.date() + timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return datetime.combine(day, OPENS, zone).astimezone(moment.tzinfo)
