// Icons of 24 by 24. They always have a text beside them, so screen readers ignore them.
import { svg, html } from "./lit.js";

const PATHS = {
  overview: svg`<path d="M4 19V11M10 19V5M16 19v-6M21 19H3"/>`,
  referrals: svg`<path d="M4 6h16M4 12h16M4 18h10"/>`,
  work: svg`<path d="M4 13l2.5-8h11L20 13v6H4zM4 13h5l1.2 2.5h3.6L15 13h5"/>`,
  reports: svg`<path d="M6 3h8l4 4v14H6zM14 3v4h4M12 10.5v6M9.5 14l2.5 2.5 2.5-2.5"/>`,
  settings: svg`<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c1-4 4-5.5 7.5-5.5s6.500 1.500 7.500 5.500"/>`,
  calendar: svg`<path d="M4 6h16v14H4zM4 10.500h16M8.500 3.500v4M15.500 3.500v4"/>`,
  search: svg`<circle cx="10.500" cy="10.500" r="6"/><path d="M15 15l5.500 5.500"/>`,
  out: svg`<path d="M10 4H5v16h5M10 12h10M16.500 8.500L20 12l-3.500 3.500"/>`,
  back: svg`<path d="M20 12H5M11 6l-6 6 6 6"/>`,
  pause: svg`<path d="M9 5v14M15 5v14"/>`,
  check: svg`<path d="M5 12.500l4.500 4.500L19 7"/>`,
  alert: svg`<path d="M12 4l9 16H3zM12 10v4.500M12 17.200v.3"/>`,
};

export const icon = (name) =>
  html`<svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
    ${PATHS[name]}
  </svg>`;
