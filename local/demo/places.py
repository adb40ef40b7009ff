"""Draw addresses and phone numbers for sample doctors, from states weighted by population.

All states have daylight saving time, so that recorded times of day stay correct when dates are moved.
"""

from dataclasses import dataclass
from random import Random

# State, weight (millions of people), area code, then cities with the first three digits of their ZIP codes.
_STATES = """
CA 39 213 Los Angeles 900, San Diego 921, Sacramento 958
TX 30 512 Austin 787, Houston 770, El Paso 799
FL 22 305 Miami 331, Tampa 336, Orlando 328
NY 20 212 New York 100, Buffalo 142, Albany 122
PA 13 215 Philadelphia 191, Pittsburgh 152
IL 13 217 Chicago 606, Springfield 627, Peoria 616
OH 12 614 Columbus 432, Cleveland 441
GA 11 404 Atlanta 303, Savannah 314
NC 11 919 Raleigh 276, Charlotte 282
MI 10 313 Detroit 482, Lansing 489
NJ 9 973 Newark 071, Trenton 086
VA 9 804 Richmond 232, Norfolk 235
WA 8 206 Seattle 981, Spokane 992
MA 7 617 Boston 021, Worcester 016
TN 7 615 Nashville 372, Memphis 381
IN 7 317 Indianapolis 462
MO 6 314 St. Louis 631, Kansas City 641
WI 6 608 Madison 537, Milwaukee 532
CO 6 303 Denver 802
MN 6 612 Minneapolis 554
OR 4 503 Portland 972
NM 2 505 Albuquerque 871
"""


@dataclass(frozen=True, slots=True)
class State:
    code: str
    weight: int
    area_code: str
    cities: tuple[tuple[str, str], ...]


def _read(line: str) -> State:
    code, weight, area_code, cities = line.split(" ", 3)
    pairs = (city.rpartition(" ") for city in cities.split(", "))
    return State(code, int(weight), area_code, tuple((name, digits) for name, _, digits in pairs))


STATES = tuple(map(_read, _STATES.strip().splitlines()))
_WEIGHTS = [state.weight for state in STATES]
_STREETS = ("Alder", "Birchwood", "Cedar Hill", "Foxglove", "Juniper", "Linden", "Maple Grove", "Quarry", "Thistle")
_KINDS = ("Ave", "Blvd", "Ct", "Dr", "Ln", "Rd", "St", "Way")


def a_state(random: Random) -> State:
    return random.choices(STATES, _WEIGHTS)[0]


def an_address(random: Random, state: State) -> dict[str, str]:
    city, digits = random.choice(state.cities)
    return {
        "line1": f"{random.randint(1, 99) * 10 + 2} {random.choice(_STREETS)} {random.choice(_KINDS)}",
        "city": city,
        "state": state.code,
        "postal_code": f"{digits}{random.randint(1, 98):02}",
    }


def a_phone(random: Random, state: State) -> str:
    """Return one of the 100 numbers that are reserved for fiction (555-01xx)."""
    return f"({state.area_code}) 555-01{random.randint(0, 99):02}"
