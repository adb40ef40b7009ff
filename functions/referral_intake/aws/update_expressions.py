"""Build UpdateItem requests clause by clause."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, Self

from referral_intake.aws.item_format import Item, referral_key, task_attributes, timestamp, typed
from referral_intake.core import tasks
from referral_intake.core.referral import Answer, Referral, Transition
from referral_intake.core.source_retention import SOURCE_ATTRIBUTES, keeps_source


class Update:
    """One update of one item. Every name gets an alias, because DynamoDB reserves hundreds of words.

    A name can be a path: `milestones.sent`.
    """

    def __init__(self, key: Item) -> None:
        self._key = key
        self._names: dict[str, str] = {}
        self._values: Item = {}
        self._sets: list[str] = []
        self._removes: list[str] = []
        self._adds: list[str] = []
        self._conditions: list[str] = []

    def name(self, path: str) -> str:
        aliases = []
        for part in path.split("."):
            alias = f"#{len(self._names)}"
            aliases.append(next((known for known, name in self._names.items() if name == part), alias))
            self._names.setdefault(aliases[-1], part)
        return ".".join(aliases)

    def value(self, value: Any) -> str:
        alias = f":{len(self._values)}"
        self._values[alias] = typed(value)
        return alias

    def set(self, path: str, value: Any) -> Self:
        """Set the attribute. None removes it."""
        if value is None:
            self._removes.append(self.name(path))
        else:
            self._sets.append(f"{self.name(path)} = {self.value(value)}")
        return self

    def add(self, path: str, amount: int | AbstractSet[str]) -> Self:
        """Add to a number or a set. A missing one counts as 0 or empty."""
        self._adds.append(f"{self.name(path)} {self.value(amount)}")
        return self

    def add_member(self, path: str, member: str, maximum: int) -> Self:
        """Add to a set, on the condition that it has fewer than `maximum` other members."""
        name, value = self.name(path), self.value(member)
        self.when(f"attribute_not_exists({name}) OR size({name}) < {self.value(maximum)} OR contains({name}, {value})")
        return self.add(path, {member})

    def append(self, path: str, value: Any) -> Self:
        """Append to a list. A missing one counts as empty."""
        name = self.name(path)
        self._sets.append(f"{name} = list_append(if_not_exists({name}, {self.value([])}), {self.value([value])})")
        return self

    def set_once(self, path: str, value: Any) -> Self:
        """Set the attribute unless it has a value."""
        name = self.name(path)
        self._sets.append(f"{name} = if_not_exists({name}, {self.value(value)})")
        return self

    def when(self, condition: str) -> Self:
        """Add a condition, written with the aliases from `name` and `value`."""
        self._conditions.append(condition)
        return self

    def when_equal(self, path: str, value: Any) -> Self:
        return self.when(f"{self.name(path)} = {self.value(value)}")

    @property
    def request(self) -> dict[str, Any]:
        """The arguments of update_item, or of an Update in a transaction, without the table's name."""
        clauses = {"SET": self._sets, "REMOVE": self._removes, "ADD": self._adds}
        request: dict[str, Any] = {"Key": self._key, "ExpressionAttributeNames": self._names}
        # A ConditionCheck has no update expression.
        if expression := " ".join(f"{verb} {', '.join(terms)}" for verb, terms in clauses.items() if terms):
            request["UpdateExpression"] = expression
        if self._conditions:
            request["ConditionExpression"] = " AND ".join(f"({condition})" for condition in self._conditions)
        if self._values:
            request["ExpressionAttributeValues"] = self._values
        return request


def referral_update(
    referral: Referral,
    move: Transition | None = None,
    *,
    now: datetime | None = None,
    facts: Mapping[str, datetime] | None = None,
    answer: Answer | None = None,
    other_facts: Mapping[str, datetime] | None = None,
) -> Update:
    """Return an update that requires the referral to be unchanged since it was read, and increments its revision.

    With `move`, it changes the stage. `facts` are milestones to set unless they are set. `other_facts` are milestones
    that the caller sets. The update also sets whether the referral waits for a person, and removes the source when
    outreach is done or, with `now`, after two days.
    """
    update = Update(referral_key(referral.receipt))
    update.when_equal("revision", referral.revision).set("revision", referral.revision + 1)
    if move:
        due_at = timestamp(move.due_at) if move.due_at else None
        update.set("stage", move.stage.value).set("reason", move.reason).set("leader", move.leader)
        update.set("group", move.group)
        update.set("due_at", due_at).set("open_in", referral.campaign if due_at else None)
        update.set("setbacks", move.failed_attempts or None)
        update.set("closed_at", timestamp(move.closed_at) if move.closed_at else None)
        if move.by_a_person:
            update.set("is_vetted", True)  # noqa: FBT003  (a stored value, not a flag)
    for name, at in (facts or {}).items():
        update.set_once(f"milestones.{name}", timestamp(at))
    if answer:
        update.set("answer", answer.value)
    known = {**(other_facts or {}), **(facts or {})}
    if not keeps_source(referral, move.stage if move else referral.stage, now):
        for name in SOURCE_ATTRIBUTES:
            if getattr(referral, name):
                update.set(name, None)
    _set_task_attributes(update, referral, tasks.after_write(referral, move, known, answer))
    return update


def _set_task_attributes(update: Update, before: Referral, after: Referral) -> None:
    kind = tasks.task_kind(after)
    if (kind, after.group) != (tasks.task_kind(before), before.group):
        for name, value in task_attributes(after.campaign, kind, after.waits_since, after.group).items():
            update.set(name, value)
