// Keeps the list of messages current.
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
    // The stack is stopped or restarting. The next look finds it again.
  }
  setTimeout(refresh, document.hidden ? 5000 : 1000);
}

refresh();
