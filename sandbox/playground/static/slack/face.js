// The square that stands for an author: square is Slack, round is Telegram.
import { html } from "../vendor/ui.js";

/** Give the letters of a name: one or two. */
export function letters(name) {
  const words = String(name).trim().split(/\s+/).filter(Boolean);
  const found = words.length > 1 ? [words[0], words.at(-1)] : words.slice(0, 1);
  return found.map((each) => [...each][0].toUpperCase()).join("") || "?";
}

/** Give one of eight colours to a person, the same as in the rail of people. */
const shade = (id) => [...String(id)].reduce((sum, each) => (sum * 31 + each.codePointAt(0)) % 8191, 7) % 8;

/** Draw the square of a person or of the app; the name stands beside it, so it says nothing itself. */
export function Face({ id, name, app, small }) {
  const look = app ? "app" : `c${shade(id || name)}`;
  return html`<span class=${`sl-face ${look}${small ? " small" : ""}`} aria-hidden="true">${app ? "C" : letters(name)}</span>`;
}
