// The square that stands for an author: square is Slack, round is Telegram.
import { html } from "../vendor/ui.js";

/** Give the letters of a name: one or two. */
export function letters(name) {
  const words = String(name).trim().split(/\s+/).filter(Boolean);
  const found = words.length > 1 ? [words[0], words.at(-1)] : words.slice(0, 1);
  return found.map((each) => [...each][0].toUpperCase()).join("") || "?";
}

/** Give one of eight colours to a name, always the same one. */
export function shade(name) {
  let sum = 0;
  for (const letter of String(name)) sum = (sum * 31 + letter.codePointAt(0)) % 997;
  return sum % 8;
}

/** Draw the square; the name stands beside it, so it says nothing itself. */
export function Face({ name, app, small }) {
  const look = app ? "app" : `c${shade(name)}`;
  return html`<span class=${`sl-face ${look}${small ? " small" : ""}`} aria-hidden="true">${app ? "C" : letters(name)}</span>`;
}
