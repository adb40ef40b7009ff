// Computes a proof of work in the background while the patient fills in the form. A bot needs the time for every form.
// If the browser is too old or the network fails, the form is sent without it.

const ADDRESS = "/api/challenge";
const SOLVE_WITHIN = 60_000;

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

async function prove(begun) {
  const { challenge, wait_seconds: wait, lasts_seconds: lasts } = await ask(begun.id);
  begun.until = Date.now() + lasts * 900; // 10% early, so that it is still valid when it arrives.
  const [solution] = await Promise.all([solve(challenge), pause(wait)]);
  return btoa(JSON.stringify({ challenge, solution }));
}

// Returns the proof for a submission id. The first call starts it, and later calls do if it failed or expired.
export function proofFor(id) {
  if (task.id !== id || task.until < Date.now()) {
    const begun = { id };
    task = begun;
    begun.proof = prove(begun).catch(() => {
      if (task === begun) task = {};
    });
  }
  return task.proof;
}
