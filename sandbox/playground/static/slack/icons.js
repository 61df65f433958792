// Small line drawings, our own.
import { html } from "../vendor/ui.js";

const PATHS = {
  lock: "M7 11V8a5 5 0 0 1 10 0v3M5.500 11h13v9h-13z",
  hash: "M9 4 7 20M17 4l-2 16M4.500 9h16M3.500 15h16",
  close: "M6 6l12 12M18 6 6 18",
  back: "M14.500 5.500 8 12l6.500 6.500",
  send: "M4 12 20 4l-5 16-3.500-6.500z",
  clip: "M8 12.500l6-6a3 3 0 0 1 4.200 4.200l-8 8a5 5 0 0 1-7-7l7.500-7.500",
  reply: "M10 6 4 12l6 6M4.500 12H14a6 6 0 0 1 6 6",
  eye: "M2.500 12S6 6 12 6s9.500 6 9.500 6-3.500 6-9.500 6-9.500-6-9.500-6zM12 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z",
  out: "M9 6H5v13h13v-4M13 5h6v6M19 5l-9 9",
  more: "M12 5.500v.1M12 12v.1M12 18.500v.1",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  calendar: "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4",
  warn: "M12 4 2.500 20h19zM12 10v5M12 17.500v.1",
  note: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM12 11v5.500M12 7.500v.1",
  down: "M12 5v14M6 13l6 6 6-6",
  menu: "M4 7h16M4 12h16M4 17h16",
  home: "M4 11.500 12 5l8 6.500M6.500 10v9h11v-9",
};

/** Draw an icon that says nothing to a screen reader. */
export const icon = (name) => html`<svg class="sl-i" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
