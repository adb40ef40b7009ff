// One action on several referrals, and the list of those for which it had no effect.
import { html } from "../lit.js";
import { to } from "../url.js";

/** How many referrals one request changes. Less than the API allows, so that the progress is visible. */
export const AT_ONCE = 25;

/** Takes the action. Returns the receipts of changed referrals, and the others with name and reason. */
export async function actOn(api, referrals, action) {
  const names = new Map(referrals.map(({ receipt, doctor }) => [receipt, doctor.name]));
  const body = { ...action, referrals: referrals.map(({ receipt, revision }) => ({ receipt, revision })) };
  try {
    const { done, not_done: notDone } = await api.post("/referrals/actions", body);
    return { done, notDone: notDone.map((one) => ({ ...one, name: names.get(one.receipt) })) };
  } catch (error) {
    return { done: [], notDone: [...names].map(([receipt, name]) => ({ receipt, name, reason: error.message })) };
  }
}

export const notDoneList = (heading, notDone) =>
  html`<section class="notice not-done" aria-labelledby="not-done">
    <h3 id="not-done" tabindex="-1">${heading}</h3>
    <ul>
      ${notDone.map(
        ({ receipt, name, reason }) =>
          html`<li><a href=${to(`/dashboard/referrals/${receipt}`)}>${name}</a> <span>(${receipt})</span>: ${reason}</li>`,
      )}
    </ul>
  </section>`;
