"""Mark the referral of a smoke test, whose submission an operator signed."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

from referral_intake.aws import smoke_test_marks
from referral_intake.aws.keys import Ring
from referral_intake.core.referral import Referral
from referral_intake.core.smoke_test import campaign_of
from referral_intake.core.submission import SMOKE_TEST
from referral_intake.web.http import Problem


def marked(referral: Referral, submission_id: uuid.UUID, sent: Mapping[str, object], keys: Ring) -> Referral:
    """Return the referral, as a test if `sent` has a mark. Raise Problem if the mark is not valid.

    A test has no source and is not screened, because it does not count for any limit.
    """
    mark = sent.get(SMOKE_TEST)
    if not mark:
        return referral
    if not smoke_test_marks.is_valid(keys, submission_id, str(mark)):
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid", "`smoke_test` is not signed for this submission.")
    return replace(referral, campaign=campaign_of(referral.campaign), source=None, network=None, is_vetted=True)
