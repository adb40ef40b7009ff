// Finds the view of an address.
import { Group } from "./views/group.js";
import { Overview } from "./views/overview.js";
import { Referral } from "./views/referral.js";
import { Referrals } from "./views/referrals.js";
import { Reports } from "./views/reports.js";
import { Settings } from "./views/settings.js";
import { Nowhere } from "./views/nowhere.js";
import { Work } from "./views/work.js";
import { KINDS } from "./words.js";

const ROUTES = [
  [/^\/dashboard\/?$/, Overview],
  [/^\/dashboard\/referrals\/?$/, Referrals],
  [/^\/dashboard\/referrals\/([A-Z2-7-]{16,19})\/?$/, Referral],
  [/^\/dashboard\/work\/?$/, Work],
  [new RegExp(`^/dashboard/work/(${Object.keys(KINDS).join("|")})/?$`), Work],
  [/^\/dashboard\/work\/held\/([a-z]+-[0-9a-f-]+)\/?$/, Group],
  [/^\/dashboard\/reports\/?$/, Reports],
  [/^\/dashboard\/settings\/?$/, Settings],
];

export function find(path) {
  for (const [pattern, View] of ROUTES) {
    const match = pattern.exec(path);
    if (match) return { View, argument: match[1] };
  }
  return { View: Nowhere };
}
