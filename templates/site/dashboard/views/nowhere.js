// An address that means nothing.
import { html } from "../lit.js";
import { to } from "../url.js";

export class Nowhere {
  title = "Not found";

  render() {
    return html`<div class="top"><h1 tabindex="-1">There is no such page</h1></div>
      <p>The address may be cut off. <a href=${to("/dashboard/")}>Go to the overview</a></p>`;
  }
}
