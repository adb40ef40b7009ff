// The view of an unknown address.
import { html } from "../lit.js";
import { to } from "../url.js";

export class Nowhere {
  title = "Not found";

  render() {
    return html`<div class="top"><h1 tabindex="-1">Page not found</h1></div>
      <p>The address may be incomplete. <a href=${to("/dashboard/")}>Go to the overview</a></p>`;
  }
}
