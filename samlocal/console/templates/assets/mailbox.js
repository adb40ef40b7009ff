// Refresh the list of messages while the page is open.
const list = document.getElementById("list");
let known = null;

async function refresh() {
  try {
    const answer = await fetch(`/_local/mailbox/list?selected=${encodeURIComponent(list.dataset.selected)}`);
    const html = await answer.text();
    if (known !== null && html !== known) {
      if (list.dataset.chosen === "false") return location.reload();
      list.innerHTML = html;
    }
    known = html;
  } catch {
    // The stack is stopped or restarting. Try again after the delay below.
  }
  setTimeout(refresh, document.hidden ? 5000 : 1000);
}

refresh();
