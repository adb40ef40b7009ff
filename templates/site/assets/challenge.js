// Computes a proof of work in the background while the patient fills in the form. A bot needs the time for every form.
// If the browser is too old or the network fails, the form is sent without it.

const ADDRESS = "/api/challenge";
const SOLVE_WITHIN = 60_000;
// A younger proof is sent without a check of the network.
const FRESH = 10_000;
const CHECK_WITHIN = 3; // seconds

const { solver } = document.getElementById("referral").dataset;
let task = {};

async function bindingOf(id) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`challenge:${id}`));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function ask(id) {
  const response = await fetch(`${ADDRESS}?for=${await bindingOf(id)}`, { headers: { accept: "application/json" } });
  if (!response.ok) throw new Error(response.status);
  return response.json();
}

function solve(challenge) {
  const worker = new Worker(solver); // ALTCHA's worker, so that the page stays responsive while the patient types.
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => (data?.derivedKey ? resolve(data) : reject(data?.error));
    worker.onerror = reject;
    worker.postMessage({ type: "work", challenge, timeout: SOLVE_WITHIN });
  }).finally(() => worker.terminate());
}

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

const networkOf = ({ challenge }) => challenge.parameters.data.network;

async function prove(begun, asked) {
  const { challenge, wait_seconds: wait, lasts_seconds: lasts } = await asked;
  begun.network = networkOf({ challenge });
  begun.until = Date.now() + lasts * 900; // 10% early, so that it is still valid when it arrives.
  const [solution] = await Promise.all([solve(challenge), pause(wait)]);
  return btoa(JSON.stringify({ challenge, solution }));
}

function begin(id, asked = ask(id)) {
  const begun = { id, since: Date.now() };
  task = begun;
  begun.proof = prove(begun, asked).catch(() => {
    if (task === begun) task = {};
  });
  return begun.proof;
}

// Returns the proof for a submission id. The first call starts it, and later calls do if it failed or expired.
export function proofFor(id) {
  return task.id !== id || task.until < Date.now() ? begin(id) : task.proof;
}

// Returns the proof for a form that is sent now. It is valid only from the network that requested its challenge, and a
// phone may have changed networks. A new challenge shows that: its digest of the network is another one.
export async function proofToSend(id) {
  const proof = await proofFor(id);
  if (!proof || Date.now() - task.since < FRESH) return proof;
  const asked = await Promise.race([ask(id).catch(() => undefined), pause(CHECK_WITHIN)]);
  return asked && networkOf(asked) !== task.network ? begin(id, asked) : proof;
}

// Start again early, where the browser reports a change.
const restart = () => task.id && begin(task.id);
addEventListener("online", restart);
navigator.connection?.addEventListener("change", restart);
