"""Schemas of the lists of tasks, and of groups of held referrals."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from referral_intake.aws.listing_table import CappedCount, Page
from referral_intake.core.campaign import Campaign
from referral_intake.core.referral import Referral
from referral_intake.core.users import User
from referral_intake.dashboard import etag, referral_schemas
from referral_intake.dashboard.etag import ETag
from referral_intake.dashboard.referral_schemas import AddressDetails, CallbackDetails, Cursor, ReferralRow


class TaskRow(ReferralRow):
    waiting_since: datetime | None
    callback: CallbackDetails | None
    actions: list[str]


class TaskGroup(BaseModel):
    """Held referrals that have something in common, as one row. The name has the kind, and a keyed hash or a day.

    `is_more` means that there are more than `count`. `since` is when the oldest one was held.
    """

    name: Annotated[str, Field(examples=["domain-3fa9c1e2d4b5a697"])]
    count: int
    is_more: bool
    since: datetime


class TaskList(BaseModel):
    groups: list[TaskGroup]
    referrals: list[TaskRow]
    cursor: Cursor
    read_units: float
    mark: ETag


class GroupMember(TaskRow):
    address: AddressDetails


class GroupMembers(BaseModel):
    """There are `count` members, or more if `is_more`.

    `hospital_domain` is for a group of one mail domain: whether a manager confirmed that it is a hospital's.
    """

    count: int
    is_more: bool
    referrals: list[GroupMember]
    hospital_domain: bool | None
    cursor: Cursor
    mark: ETag


def work_list(page: Page, user: User, campaign: Campaign) -> TaskList:
    rows = [TaskRow(**_task_row(referral, user, campaign)) for referral in page.referrals]
    groups = [
        TaskGroup(name=one.name, count=one.count.count, is_more=one.count.is_more, since=one.since)
        for one in page.groups
    ]
    mark = etag.compute(user, page.referrals, page.cursor, [one.model_dump() for one in groups])
    return TaskList(groups=groups, referrals=rows, cursor=page.cursor, read_units=page.units, mark=mark)


def group_members(
    page: Page, total: CappedCount, user: User, campaign: Campaign, *, is_hospital: bool | None
) -> GroupMembers:
    rows = [
        GroupMember(**_task_row(referral, user, campaign), address=referral_schemas.address(referral, user))
        for referral in page.referrals
    ]
    mark = etag.compute(user, page.referrals, page.cursor, is_hospital, total.count)
    return GroupMembers(
        count=total.count,
        is_more=total.is_more,
        referrals=rows,
        hospital_domain=is_hospital,
        cursor=page.cursor,
        mark=mark,
    )


def _task_row(referral: Referral, user: User, campaign: Campaign) -> Mapping[str, Any]:
    return {
        **referral_schemas.row(referral, user),
        "waiting_since": referral.waits_since,
        "callback": referral_schemas.callback_details(referral, user),
        "actions": referral_schemas.actions_of(referral, user, campaign),
    }
