// Small parts drawn in several places: badges, pictures of people, icons.
import { html } from "./vendor/ui.js";
import { NAMES } from "./store.js";

/** Square = Slack, round = Telegram, always with the letter. */
export const Badge = ({ platform, quiet }) => html`
  <span class=${`pf ${platform === "telegram" ? "t" : "s"}`} title=${NAMES[platform]}
    ><span aria-hidden="true">${NAMES[platform][0]}</span>${!quiet && html`<span class="vh">${NAMES[platform]}</span>`}</span>`;

/** Give up to two letters of a name. */
export function initials(name) {
  const words = String(name || "?").split(/\s+/).filter(Boolean);
  const first = (word) => [...word][0] || "";
  return (first(words[0] || "?") + (words.length > 1 ? first(words[words.length - 1]) : "")).toLocaleUpperCase("en");
}

const tint = (text) => [...String(text)].reduce((sum, each) => (sum * 31 + each.codePointAt(0)) % 8191, 7) % 8;

/** A person's picture: letters on a colour of their own, square for who is on Slack alone, else round. */
export const Face = ({ person }) => html`
  <span class=${`av c${tint(person.id)} ${person.telegram ? "o" : ""}`} aria-hidden="true">${initials(person.name)}</span>`;

const PATHS = {
  next: "M5 5v14l9-7zM18 5v14",
  play: "M7 5v14l11-7z",
  pause: "M8 5v14M16 5v14",
  find: "M11 4.500a6.500 6.500 0 1 1 0 13 6.500 6.500 0 0 1 0-13m5 11.500 5 5",
  down: "M5 9l7 7 7-7",
  up: "M5 15l7-7 7 7",
  close: "M5 5l14 14M19 5 5 19",
  people: "M9 4.500a3.500 3.500 0 1 1 0 7 3.500 3.500 0 0 1 0-7M2.500 20c.5-4 3-6 6.500-6s6 2 6.500 6M16 5a3.500 3.500 0 0 1 0 6.500M18 14.500c2 .8 3.200 2.700 3.500 5.500",
  sent: "M5 3h11l3 3v15H5zM8.500 9h7m-7 4h7m-7 4h4",
  storm: "M13 3 5 14h6l-1 7 8-11h-6z",
  tour: "M4 6l6-2 4 2 6-2v14l-6 2-4-2-6 2zM10 4v14M14 6v14",
};

/** A drawn sign; never alone, words or a label stand beside it. */
export const Icon = ({ name }) => html`<svg class="i" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;

/** "1 person", "3 people" */
export const counted = (n, one, many) => `${n} ${n === 1 ? one : many || `${one}s`}`;
