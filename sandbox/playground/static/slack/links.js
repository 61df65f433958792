// Where links lead: into Telegram (played here), to this machine (opened), or outside (named, never opened).
import { html } from "../vendor/ui.js";
import { icon } from "./icons.js";

const START = /^https:\/\/(?:t|telegram)\.me\/([\w]{3,40})\?(?:.*&)?start=([\w-]{1,64})(?:&.*)?$/;
const HERE = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])$/;

/** Say what an address is: `{kind: "start" | "here" | "mail" | "outside", host}`. */
export function judge(url) {
  const start = START.exec(url);
  if (start) return { kind: "start", host: "t.me", bot: start[1], payload: start[2] };
  try {
    const { protocol, hostname, host } = new URL(url);
    if (protocol === "mailto:" || protocol === "tel:") return { kind: "mail", host: "" };
    if (/^https?:$/.test(protocol)) return { kind: HERE.test(hostname) ? "here" : "outside", host };
  } catch {
    // not an address at all: said as outside, without a host
  }
  return { kind: "outside", host: "" };
}

/** Draw a link in a text, with the host it really leads to. */
export function Place({ url, label }) {
  const { kind, host } = judge(url);
  const real = host && !String(label).includes(host) ? html` <bdi class="sl-host">(${host})</bdi>` : "";
  if (kind === "mail") return html`<bdi class="sl-at">${label}</bdi>`;
  if (kind === "here") {
    return html`<${Here} ...${{ url, name: "sl-a" }}><bdi>${label}</bdi><//>${real}`;
  }
  if (kind === "start") return html`<${PlayLink} url=${url}><bdi>${label}</bdi><//>${real}`;
  return html`<span class="sl-out" title=${`${url} (leads outside; not opened here)`}><bdi>${label}</bdi></span>${real}`;
}

/** Offer to play a `t.me` start link: the page around us catches the click and asks who opens it. */
function PlayLink({ url, style, children }) {
  const name = style === undefined ? "sl-a" : `sl-k ${style}`;
  return html`<a class=${name} href=${url} rel="noreferrer noopener" title="Opens in the Telegram side of the playground">
    ${children}${style !== undefined && html`<small class="sl-k-note">play this link</small>`}</a>`;
}

/** This machine's own pages, such as a memo, open beside the playground; nobody above needs to catch the click. */
function Here({ url, name, pressed, children }) {
  const open = (event) => {
    event.stopPropagation();
    if (pressed) pressed();
  };
  return html`<a class=${name} href=${url} target="_blank" rel="noreferrer noopener" onClick=${open} dir="auto">${children}</a>`;
}

/** Draw a button that carries an address. */
export function LinkButton({ element, pressed, style }) {
  const { kind, host } = judge(element.url);
  const words = element.text.text;
  if (kind === "start") return html`<${PlayLink} ...${{ url: element.url, style }}><span dir="auto">${words}</span><//>`;
  if (kind === "here") {
    return html`<${Here} ...${{ url: element.url, name: `sl-k ${style}`, pressed }}>${words}${icon("out")}<span class="sl-vh"> (opens a new tab)</span><//>`;
  }
  return html`<span class="sl-k-out">
    <button type="button" class=${`sl-k ${style}`} aria-disabled="true" title=${element.url} onClick=${pressed} dir="auto">${words}${icon("out")}</button>
    <small class="sl-hint">Leads to <bdi>${host || "another app"}</bdi>; not opened here</small>
  </span>`;
}
