"""An in-memory fake of the dashboard API, with fictional referrals, for tests of the pages alone."""

import math
import random
from collections import Counter
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from typing import Any

Json = dict[str, Any]
Answered = tuple[int, Any]

FUNNEL = ("submitted", "sent", "delivered", "engaged", "answered")
_SHARES = {"submitted": 1.0, "sent": 0.95, "delivered": 0.9, "engaged": 0.42, "answered": 0.16, "opened": 0.38}
_SHARES |= {"clicked": 0.2, "bounced": 0.024, "complained": 0.0006, "opted_out": 0.03}
_SHARES |= {"answer/information": 0.08, "answer/call": 0.05, "answer/no": 0.03}
_SHARES |= {"closed/answered": 0.15, "closed/expired": 0.2, "closed/bounced": 0.024, "closed/opted_out": 0.03}
_SHARES |= {"closed/joined": 0.04, "closed/rejected": 0.01}
_STATES = ("TX", "CA", "FL", "NY", "OH", "PA", "IL", "GA", "NC", "AZ", "none")
_SPECIALTIES = (
    "radiation_oncology",
    "medical_oncology",
    "spine_surgery",
    "neurosurgery",
    "pain_medicine",
    "family_medicine",
    "palliative_care",
    "none",
    "other",
)
VALUES = {"state": _STATES, "specialty": _SPECIALTIES, "source": ("patient", "caregiver"), "language": ("en", "es")}
_NAMES = (
    "Ana Ruiz",
    "James Whitfield",
    "Priya Raman",
    "Marcus Oyelaran",
    "Linda Kowalski",
    "Tomás Herrera",
    "Grace Lindqvist",
    "Daniel Abramov",
    "Ruth Castellanos-Montgomery",
    "Wei Zhang",
    "Omar Haddad",
    "Ellen Moore",
)
_PRACTICES = ("Lakeside Oncology", "Spine & Pain Associates of Greater Houston", "", "Northgate Family Clinic")
_CITIES = ("Houston", "San Diego", "Tampa", "Buffalo", "Columbus", "Pittsburgh")
MESSAGE = """<!doctype html><html lang="en"><head><title>A patient of yours</title>
<style>@media (max-width: 480px) { .edge { padding: 8px !important; } }</style></head>
<body style="margin:0;background:#f4f1ea;font-family:Georgia,serif">
<div class="edge" style="max-width:36rem;margin:0 auto;padding:32px;background:#fff;color:#18322f">
<h1 style="font-size:22px;color:#0d5c63">Dear Ana Ruiz,</h1>
<p style="font-size:16px;line-height:1.6">somebody asked us to tell you about a treatment for tumors that have
spread to the spine.</p>
<p><a style="display:inline-block;padding:12px 20px;background:#0d5c63;color:#fff"
href="/api/answer?t=secret">Please call me</a></p>
<p style="font-size:13px"><a href="/api/opt-out?t=secret">No more of this</a></p>
<img src="https://tracker.example/open.gif" alt=""><script>top.wasRun = true</script></div></body></html>"""


def today() -> date:
    return datetime.now(UTC).date()


def _z(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _mask(name: str) -> str:
    return "Dr " + " ".join(f"{word[0]}•••" for word in name.removeprefix("Dr ").split())


class FakeApi:
    """`roles` are those of the user. `failing` are path prefixes that respond with 500. `asked` are all requests."""

    def __init__(self) -> None:
        self.roles = ["manager"]
        self.failing: set[str] = set()
        self.asked: list[tuple[str, str, Json]] = []
        self.is_empty = False
        self.paused: Json | None = None
        self.rare = False
        self.wanted = False
        self.actions: list[Json] = []
        self.reports: list[Json] = []
        self.groups: dict[str, list[str]] = {}
        self.hospitals: set[str] = set()
        self.done_by_colleague: set[str] = set()
        self.referrals: dict[str, Json] = {one["receipt"]: one for one in (_referral(number) for number in range(60))}

    def first(self, kind: str | None) -> str:
        """The receipt of the oldest task of this kind."""
        return [receipt for receipt, one in self.referrals.items() if one["_kind"] == kind][-1]

    # ---- One request -----------------------------------------------------------------------------------------------

    def answer(self, method: str, path: str, query: dict[str, str], body: Json) -> Answered:  # noqa: C901  (one line for each route)
        self.asked.append((method, path, body))
        if any(path.startswith(one) for one in self.failing):
            return 500, {"detail": "Internal Server Error"}
        match [method, *path.strip("/").split("/")]:
            case ["GET", "me"]:
                return 200, self._me()
            case ["GET", "overview"]:
                return 200, self._overview(date.fromisoformat(query["from"]), date.fromisoformat(query["to"]))
            case ["GET", "breakdowns", dimension]:
                return 200, self._breakdown(dimension, query)
            case ["GET", "deliverability"]:
                return 200, self._deliverability()
            case ["POST", "referrals", "search"]:
                return self._search(body)
            case ["GET", "referrals", receipt]:
                return (
                    (200, self._detail(receipt))
                    if receipt in self.referrals
                    else (404, {"detail": "No such referral."})
                )
            case ["GET", "referrals", receipt, "messages", step]:
                return 200, self._message(receipt, step)
            case ["POST", "referrals", "actions"]:
                return 200, self._act_on_several(body)
            case ["POST", "referrals", receipt, "actions"]:
                return self._act(receipt, body)
            case ["GET", "work"]:
                return 200, self._work()
            case ["GET", "work", kind]:
                return 200, self._work_of(kind, query.get("cursor"))
            case ["GET", "groups", name]:
                return 200, self._group(name, query.get("cursor"))
            case ["PUT", "mail-domains"]:
                if "." not in body["domain"]:
                    return 422, {"errors": [{"field": "domain", "code": "domain", "message": "This is no domain."}]}
                (self.hospitals.add if body["is_hospital"] else self.hospitals.discard)(body["domain"])
                return 200, body
            case ["POST", "campaigns", "lumen", "resume"]:
                if not self.paused:
                    return 409, {"code": "not_paused", "detail": "It is not paused."}
                self.paused = None
                return 200, {}
            case ["PUT", "weekly-summary"]:
                self.wanted = body["wanted"]
                return 200, {"campaign": "lumen", "wanted": self.wanted, "address": "maria@star.example"}
            case ["POST", "reports"]:
                return self.order(body)
            case ["GET", "reports"]:
                return 200, self._reports()
            case ["POST", "reports", _, "download"]:
                return 200, {"url": "/dashboard/assets/none.csv", "expires_in": 300}
        return 404, {"detail": "There is no such route."}

    def _me(self) -> Json:
        campaigns = [{"name": "lumen", "title": "STAR Tumor Ablation"}]
        return {
            "user": "maria@star.example",
            "roles": self.roles,
            "campaigns": campaigns,
            "weekly_summary": {"lumen": self.wanted},
        }

    @property
    def _is_manager(self) -> bool:
        return "manager" in self.roles

    # ---- Figures -----------------------------------------------------------------------------------------------------

    def facts(self, day: date) -> Json:
        if self.is_empty:
            return {}
        chance = random.Random(day.toordinal())
        busy = 0.25 if day.weekday() > 4 else 1.0
        base = (14 + 5 * math.sin(day.toordinal() / 9) + day.toordinal() % 97 / 12) * busy
        return {fact: n for fact, part in _SHARES.items() if (n := int(base * part + chance.random()))}

    def period(self, first: date, last: date) -> Json:
        every = [self.facts(first + timedelta(n)) for n in range((last - first).days + 1)]
        facts: Counter[str] = Counter()
        for one in every:
            facts.update(one)
        rungs: list[Json] = []
        before: int | None = None
        for name in FUNNEL:
            count = min(facts[name], before if before is not None else facts[name])
            share = count / before if before else None
            rungs.append(
                {
                    "name": name,
                    "count": count,
                    "of_before": share,
                    "of_all": count / facts["submitted"] if facts["submitted"] else None,
                }
            )
            before = count
        volume = facts["delivered"] + facts["bounced"]
        return {
            "from": first.isoformat(),
            "to": last.isoformat(),
            "funnel": rungs,
            "facts": facts,
            "rates": {name: facts[name] / volume if volume else None for name in ("bounced", "complained")},
            "medians_seconds": dict.fromkeys(_MEDIANS) if self.is_empty else _MEDIANS,
            "answers": {name: facts[f"answer/{name}"] for name in ("information", "call", "no")},
            "closings": {n.removeprefix("closed/"): c for n, c in facts.items() if n.startswith("closed/")},
        }

    def _overview(self, first: date, last: date) -> Json:
        length = (last - first).days + 1
        days: list[Json] = [
            {"day": (first + timedelta(n)).isoformat(), "facts": self.facts(first + timedelta(n))}
            for n in range(length)
        ]
        weeks: dict[date, Counter[str]] = {}
        for one in days:
            day = date.fromisoformat(one["day"])
            weeks.setdefault(day - timedelta(day.weekday()), Counter()).update(one["facts"])
        stages = (
            {} if self.is_empty else {"held": 3, "queued": 2, "waiting": 14, "sending": 1, "sent": 233, "by_post": 12}
        )
        return {
            "campaign": "lumen",
            "from": first.isoformat(),
            "to": last.isoformat(),
            "period": self.period(first, last),
            "before": self.period(first - timedelta(length), first - timedelta(1)),
            "days": days,
            "weeks": [{"day": day.isoformat(), "facts": facts} for day, facts in sorted(weeks.items())],
            "stages": stages,
            "read_units": 90.5,
        }

    def _breakdown(self, dimension: str, query: dict[str, str]) -> Json:
        facts = self.period(date.fromisoformat(query["from"]), date.fromisoformat(query["to"]))["facts"]
        values = VALUES[dimension]
        weights = [1 / (n + 1.4) for n in range(len(values))]
        shares = zip(values, weights, strict=True)
        parts = [(v, {f: round(c * w / sum(weights)) for f, c in facts.items()}) for v, w in shares]
        return {
            "dimension": dimension,
            "values": [{"value": v, "facts": f} for v, f in parts] if facts else [],
            "read_units": 5,
        }

    def _deliverability(self) -> Json:
        policy = {"bounce_rate": 0.04, "complaint_rate": 0.0008, "minimum_volume": 100, "window_days": 7}
        return {
            "breaker": {
                "is_open": bool(self.paused),
                "reason": None,
                "since": None,
                **(self.paused or {}),
                "policy": policy,
            },
            "ses": {
                "reviews": {"bounced": 0.05, "complained": 0.001},
                "stops": {"bounced": 0.1, "complained": 0.005},
                "quota": {"max_24_hours": 50000, "sent_24_hours": 1204, "max_per_second": 14},
            },
        }

    # ---- Referrals -------------------------------------------------------------------------------------------------

    def _shown(self, referral: Json) -> Json:
        shown = {name: deepcopy(value) for name, value in referral.items() if name not in _ONLY_DETAIL}
        if not self._is_manager:
            doctor = shown["doctor"]
            shown["doctor"] = {**dict.fromkeys(doctor), "name": _mask(doctor["name"]), "city": doctor["city"]}
        return shown

    def _search(self, body: Json) -> Answered:
        if not self._is_manager and body.keys() & {"name", "email", "npi"}:
            return 403, {"code": "forbidden", "detail": "Only managers search by name."}
        found = [] if self.is_empty else [one for one in self.referrals.values() if _fits(one, body)]
        start = int(body.get("cursor") or 0)
        page = found[start : start + 25]
        back_to, cursor = None, str(start + 25) if start + 25 < len(found) else None
        if self.rare and "cursor" not in body:
            page, back_to, cursor = page[:1], (today() - timedelta(20)).isoformat(), "1"
        return 200, {
            "referrals": [self._shown(one) for one in page],
            "cursor": cursor,
            "searched_back_to": back_to,
            "read_units": 12.5,
        }

    def _detail(self, receipt: str) -> Json:
        referral = self.referrals[receipt]
        detail = {**self._shown(referral), **{name: deepcopy(referral[name]) for name in _ONLY_DETAIL}}
        if not self._is_manager:
            detail |= {"address": None, "typed": {}, "actions": []}
            detail["messages"] = [{**one, "has_copy": False} for one in detail["messages"]]
        return detail

    def _message(self, receipt: str, step: str) -> Json:
        doctor = self.referrals[receipt]["doctor"]
        return {
            "step": step,
            "subject": "A patient asked us to write to you",
            "to": doctor["email"],
            "from": "STAR outreach <outreach@star.example>",
            "html": MESSAGE,
            "text": f"Dear {doctor['name']},\n\nsomebody asked us to tell you of a treatment for tumors\nthat have "
            "spread to the spine.\n",
        }

    # ---- Tasks -------------------------------------------------------------------------------------------------------

    def _waiting(self, kind: str) -> list[Json]:
        return [] if self.is_empty else [one for one in reversed(self.referrals.values()) if one["_kind"] == kind]

    def _work(self) -> Json:
        kinds = {
            kind: {"count": len(self._waiting(kind)), "is_more": False}
            for kind in ("held", "failed", "by_post", "call", "information")
        }
        return {"kinds": kinds, "paused": self.paused, "queues": {}}

    def _work_of(self, kind: str, cursor: str | None) -> Json:
        grouped = {receipt for receipts in self.groups.values() for receipt in receipts}
        rows = [self._row(one) for one in self._waiting(kind) if one["receipt"] not in grouped]
        start = int(cursor or 0)
        groups = [
            {"name": name, "count": len(members), "is_more": False, "since": members[0]["submitted_at"]}
            for name in self.groups
            if kind == "held" and (members := self._members(name))
        ]
        return {
            "groups": groups,
            "referrals": rows[start : start + 25],
            "cursor": str(start + 25) if start + 25 < len(rows) else None,
        }

    def group(self, name: str, number: int, **doctor: str) -> list[Json]:
        """Lists referrals as members of a group, whose doctors have these details. Returns the referrals."""
        members = [_referral(1000 + 20 * one + 3) for one in range(number)]
        for one in members:
            one["doctor"] |= doctor
        self.referrals |= {one["receipt"]: one for one in members}
        self.groups[name] = [one["receipt"] for one in members]
        return members

    def _members(self, name: str) -> list[Json]:
        return [one for receipt in self.groups.get(name, []) if (one := self.referrals[receipt])["_kind"] == "held"]

    def _group(self, name: str, cursor: str | None) -> Json:
        # As in the API, a cursor is a position that members before it do not move.
        members, start = self._members(name), int(cursor or 0)
        left = [one for one in members if self.groups[name].index(one["receipt"]) >= start]
        page = left[:25]
        domains = {str(one["doctor"]["email"]).rpartition("@")[2] for one in members}
        return {
            "count": len(members),
            "is_more": False,
            "referrals": [{**self._row(one), "address": deepcopy(one["address"])} for one in page],
            "hospital_domain": bool(domains & self.hospitals) if name.startswith("domain-") else None,
            "cursor": str(self.groups[name].index(page[-1]["receipt"]) + 1) if len(left) > len(page) else None,
        }

    def _row(self, referral: Json) -> Json:
        actions = referral["actions"] if self._is_manager else []
        return {
            **self._shown(referral),
            "waiting_since": referral["submitted_at"],
            "actions": actions,
            "answer": referral["answer"],
            "callback": referral["callback"],
        }

    def _act(self, receipt: str, body: Json) -> Answered:
        referral = self.referrals[receipt]
        if not self._is_manager:
            return 403, {"code": "forbidden", "detail": "Only managers act."}
        if receipt in self.done_by_colleague:
            self.done_by_colleague.discard(receipt)
            _done(referral, "approve", "carl@star.example")
        if body["revision"] != referral["revision"]:
            changed = {"by": "carl@star.example", "at": _z(datetime.now(UTC)), "what": "approve"}
            return 409, {
                "code": "changed",
                "detail": "It changed.",
                "changed": changed,
                "referral": self._detail(receipt),
            }
        if body["action"] == "add_email" and "@" not in body["email"]:
            wrong = {
                "field": "email",
                "code": "email_syntax",
                "message": "This is not an email address: an @ is missing.",
            }
            return 422, {"code": "invalid", "detail": "The address can't be used.", "errors": [wrong]}
        self.actions.append({"receipt": receipt, **body})
        _done(referral, body["action"], "maria@star.example")
        return 200, self._detail(receipt)

    def _act_on_several(self, body: Json) -> Json:
        answers = {
            one["receipt"]: self._act(one["receipt"], {"action": body["action"], "revision": one["revision"]})
            for one in body["referrals"]
        }
        not_done = [
            {"receipt": receipt, "code": answer["code"], "reason": answer["detail"]}
            for receipt, (status, answer) in answers.items()
            if status != 200
        ]
        return {"done": [receipt for receipt, (status, _) in answers.items() if status == 200], "not_done": not_done}

    # ---- Reports ---------------------------------------------------------------------------------------------------

    def order(self, body: Json) -> Answered:
        now = datetime.now(UTC)
        report = {
            "id": f"r{len(self.reports) + 1}",
            **body,
            "requested_by": "maria@star.example",
            "requested_at": _z(now),
        }
        report |= {"state": "queued", "rows_done": 0, "files": [], "expires_at": None}
        self.reports.insert(0, report)
        return 202, report

    def _reports(self) -> Json:
        """Each read advances the report by one step."""
        shown = deepcopy(self.reports)
        for one in self.reports:
            if one["state"] == "queued":
                one |= {"state": "running", "rows_done": 400}
            elif one["state"] == "running":
                files = [{"name": f"{one['kind']}.{one['format']}", "bytes": 182_300}]
                one |= {
                    "state": "ready",
                    "rows_done": 1204,
                    "files": files,
                    "expires_at": _z(datetime.now(UTC) + timedelta(days=1)),
                }
        return {"reports": shown}


_MEDIANS = {
    "submitted_to_sent": 41.0,
    "sent_to_delivered": 3.2,
    "delivered_to_engaged": 19_800.0,
    "sent_to_answered": 302_400.0,
}
_ONLY_DETAIL = ("address", "typed", "answer", "callback", "leader", "due_at", "timeline", "messages", "actions")
_KINDS: dict[int, tuple[str, str | None, str | None, list[str]]] = {
    3: ("held", "many_from_one_source", "held", ["approve", "reject"]),
    7: ("by_post", None, "by_post", ["letter_sent", "called", "add_email"]),
    11: ("closed", "answered", "call", ["called_back"]),
    13: ("held", "send_unclear", "failed", ["retry"]),
    14: ("closed", "answered", "information", ["send_information", "information_sent"]),
    15: ("closed", "bounced", None, []),
    16: ("waiting", "paced", None, []),
    19: ("held", "unproven", "held", ["approve", "reject"]),
}


def _referral(number: int) -> Json:
    chance = random.Random(number)
    stage, reason, kind, actions = _KINDS.get(number % 20, ("sent", None, None, []))
    at = datetime.now(UTC) - timedelta(hours=5 + number * 11)
    name = _NAMES[number % len(_NAMES)]
    email = None if stage == "by_post" else f"{name.split()[0].lower()}.{number}@clinic.example"
    doctor = {"name": name, "practice": _PRACTICES[number % 4], "city": _CITIES[number % 6], "email": email}
    doctor |= {"phone": "+1 713 555 0123", "npi": f"1{chance.randrange(10**8, 10**9)}"}
    milestones = _milestones(at, stage, reason)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    receipt = "-".join("".join(chance.choice(letters) for _ in range(4)) for _ in range(4))
    wrote = [
        {
            "step": "introduction",
            "sent_at": milestones.get("sent"),
            "version": "3",
            "content_hash": "9f2c4e7ab01d",
            "has_copy": True,
        }
    ]
    return {
        "receipt": receipt,
        "submitted_at": _z(at),
        "stage": stage,
        "reason": reason,
        "state": _STATES[number % 10],
        "specialty": _SPECIALTIES[number % 8],
        "source": "patient" if number % 4 else "caregiver",
        "language": "es" if number % 9 == 0 else "en",
        "doctor": doctor,
        "name_is_sentence": False,
        "milestones": milestones,
        "revision": 4,
        "address": {
            "line1": "2100 Main Street",
            "line2": "Suite 400",
            "city": doctor["city"],
            "state": _STATES[number % 10],
            "postal_code": "77002",
        },
        "typed": {"phone": "713-555-0123"},
        "answer": kind if kind in {"call", "information"} else None,
        "callback": {"phone": "+17135550142", "time": "midday"} if kind == "call" else None,
        "leader": None,
        "due_at": None if stage == "closed" else _z(datetime.now(UTC) + timedelta(days=3)),
        "timeline": [
            {"at": moment, "what": what, **({"step": "introduction"} if what == "sent" else {})}
            for what, moment in milestones.items()
        ],
        "messages": wrote if "sent" in milestones else [],
        "actions": actions,
        "_kind": kind,
    }


def _milestones(at: datetime, stage: str, reason: str | None) -> dict[str, str]:
    times = {"submitted": at}
    if stage == "sent" or reason in {"answered", "bounced"}:
        times["sent"] = at + timedelta(seconds=41)
        if reason == "bounced":
            return {name: _z(moment) for name, moment in (times | {"bounced": at + timedelta(minutes=2)}).items()}
        times |= {"delivered": at + timedelta(seconds=44), "opened": at + timedelta(hours=2)}
    if reason == "answered":
        times |= {"clicked": at + timedelta(hours=2, minutes=1), "answered": at + timedelta(hours=2, minutes=3)}
    return {name: _z(moment) for name, moment in times.items()}


def _done(referral: Json, action: str, by: str) -> None:
    stages = {"reject": ("closed", "rejected"), "called_back": ("closed", "answered")}
    stages["information_sent"] = stages["called_back"]
    stage, reason = stages.get(action, ("queued", None))
    referral |= {"revision": referral["revision"] + 1, "stage": stage, "reason": reason, "actions": [], "_kind": None}
    referral["timeline"].append({"at": _z(datetime.now(UTC)), "what": action, "by": by})


def _fits(referral: Json, asked: Json) -> bool:
    doctor = referral["doctor"]
    if any(
        asked.get(name) not in {None, referral[name]} for name in ("stage", "reason", "state", "specialty", "receipt")
    ):
        return False
    if not asked.get("from", "") <= referral["submitted_at"][:10] <= asked.get("to", "9999"):
        return False
    if asked.get("email") not in {None, doctor["email"]} or asked.get("npi") not in {None, doctor["npi"]}:
        return False
    words = doctor["name"].casefold().split()
    return any(word.startswith(asked.get("name", "").casefold()) for word in words)
