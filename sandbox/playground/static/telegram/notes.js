// What lies over a chat: the passing bar, and dialogs that hold the focus until they are answered.
import { html, useEffect, useRef, useState } from "../vendor/ui.js";
import { icons } from "./icons.js";

const SHORTEST_MS = 3500;
const LETTER_MS = 55;

/** Show the newest note for a while; it stays as long as the pointer is on it. `notes` is `[{key, text}]`. */
export function Toasts({ notes }) {
  const [shown, setShown] = useState(null);
  const timer = useRef(0);
  const last = notes.at(-1);
  const hide = (after) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setShown(null), after);
  };
  useEffect(() => {
    if (!last) return;
    setShown(last);
    hide(SHORTEST_MS + last.text.length * LETTER_MS);
  }, [last?.key]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return html`<div class="tg-toasts" role="status" aria-live="polite">
    ${shown
      ? html`<p class="tg-toast" key=${shown.key} dir="auto" onMouseEnter=${() => clearTimeout(timer.current)} onMouseLeave=${() => hide(1500)}>${shown.text}</p>`
      : ""}
  </div>`;
}

const FOCUSABLE = "button:not([disabled]), a[href], input, textarea, iframe, [tabindex='0']";

/** Show a dialog over the chat; Escape closes it, Tab stays in it, the focus goes back to where it was. */
export function Dialog({ title, role = "dialog", wide, close, children }) {
  const box = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    (box.current.querySelector("[data-first]") || box.current.querySelector(FOCUSABLE) || box.current).focus();
    return () => before instanceof HTMLElement && before.isConnected && before.focus();
  }, []);
  const keyed = (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    }
    if (event.key !== "Tab") return;
    const stops = [...box.current.querySelectorAll(FOCUSABLE)];
    const end = event.shiftKey ? stops[0] : stops.at(-1);
    if (document.activeElement === end || !box.current.contains(document.activeElement)) {
      event.preventDefault();
      (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
    }
  };
  return html`<div class="tg-veil" onKeyDown=${keyed} onClick=${(event) => event.target === event.currentTarget && close()}>
    <div class=${`tg-dialog${wide ? " tg-full" : ""}`} role=${role} aria-modal="true" aria-labelledby="tg-dialog-title" aria-describedby=${role === "alertdialog" ? "tg-dialog-text" : undefined} tabindex="-1" ref=${box}>
      <h2 id="tg-dialog-title" class=${role === "alertdialog" ? "vh" : ""}>${title}</h2>
      ${children}
    </div>
  </div>`;
}

/** Show an alert of the bot. */
export function Alert({ text, from, close }) {
  return html`<${Dialog} title=${`Note from ${from}`} role="alertdialog" close=${close}>
    <p id="tg-dialog-text" dir="auto">${text}</p>
    <div class="tg-foot"><button type="button" class="tg-do" data-first onClick=${close}>OK</button></div>
  <//>`;
}

const HERE = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** Show where a link leads. What is not of this machine is not opened from here. */
export function LinkDialog({ address, copy, close }) {
  const here = HERE.has(address.hostname);
  const open = () => {
    window.open(address.href, "_blank", "noopener,noreferrer");
    close();
  };
  return html`<${Dialog} title=${here ? "Open this link?" : "This link leads outside"} close=${close}>
    <p>It leads to <b dir="ltr">${address.host}</b>${here ? ", a page of this demo." : ". The playground opens nothing outside this machine."}</p>
    <p class="tg-address" dir="ltr">${address.href}</p>
    <div class="tg-foot">
      <button type="button" class="tg-plain" onClick=${() => (copy(address.href), close())}>Copy address</button>
      ${here
        ? html`<button type="button" class="tg-plain" onClick=${close}>Cancel</button><button type="button" class="tg-do" data-first onClick=${open}>Open</button>`
        : html`<button type="button" class="tg-do" data-first onClick=${close}>Close</button>`}
    </div>
  <//>`;
}

/** Show a PDF in the page, from the sandbox's own address. */
export function Viewer({ file, keep, close }) {
  return html`<${Dialog} title=${file.name} wide close=${close}>
    <iframe class="tg-frame" src=${`${file.url}#navpanes=0&view=FitH${keep ? "&toolbar=0" : ""}`} title=${`Content of ${file.name}`}></iframe>
    <div class="tg-foot">
      ${keep ? html`<span class="tg-hint">Protected: it cannot be saved</span>` : html`<a class="tg-plain" href=${file.url} download=${file.name}><${icons.save} />Save</a>`}
      <button type="button" class="tg-do" data-first onClick=${close}>Close</button>
    </div>
  <//>`;
}

/** Ask for a start link or code, as one who got it by mail would open it. */
export function LinkForm({ begin, close }) {
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState("");
  const send = (event) => {
    event.preventDefault();
    const given = text.trim();
    const found = /[?&]start=([A-Za-z0-9_-]{1,64})(?:&|$)/.exec(given) || /^([A-Za-z0-9_-]{1,64})$/.exec(given);
    if (found) begin(found[1]);
    else setWrong("That is no start link. It looks like https://t.me/…?start=…");
  };
  return html`<${Dialog} title="Open a start link" close=${close}>
    <form onSubmit=${send}>
      <label class="tg-field">Link or code
        <input data-first value=${text} autocomplete="off" spellcheck="false" dir="ltr" aria-invalid=${wrong ? "true" : undefined} aria-describedby="tg-link-wrong" onInput=${(event) => setText(event.target.value)} />
      </label>
      <p id="tg-link-wrong" class="tg-wrong" role="alert">${wrong}</p>
      <div class="tg-foot"><button type="button" class="tg-plain" onClick=${close}>Cancel</button><button class="tg-do">Open</button></div>
    </form>
  <//>`;
}
