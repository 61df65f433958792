// A dialog over the Slack side: it takes the focus, keeps Tab inside, Escape closes it, the focus goes back.
import { html, useEffect, useRef } from "../vendor/ui.js";
import { icon } from "./icons.js";

const STOPS = "button:not([disabled]):not([tabindex='-1']), a[href], input:not([disabled]), select:not([disabled]), textarea, iframe, [tabindex='0']";
let count = 0;

/** Show a dialog; `actions` are its buttons, `back` puts a way back before the title, `small` is for questions. */
export function Dialog({ title, close, back, actions, small, children, face, submit, fresh }) {
  const box = useRef(null);
  const id = useRef(0);
  id.current ||= ++count;
  const before = useRef(undefined);
  if (before.current === undefined) before.current = document.activeElement; // while drawing: what lies under is inert soon
  useEffect(() => () => {
    const back = before.current;
    setTimeout(() => back instanceof HTMLElement && back.isConnected && back.focus({ preventScroll: true }), 0);
  }, []);
  const leave = useRef(close);
  leave.current = close;
  useEffect(() => {
    const escaped = (event) => {
      if (event.key === "Escape" && !event.defaultPrevented && document.activeElement === document.body) leave.current();
    };
    document.addEventListener("keydown", escaped);
    return () => document.removeEventListener("keydown", escaped);
  }, []);
  useEffect(() => {
    const inside = box.current;
    const wanted = inside.querySelector("[data-first]") || inside.querySelector(".sl-body :is(input, select, textarea)");
    (wanted || inside.querySelector("footer .sl-go") || inside).focus({ preventScroll: !wanted });
  }, [fresh]);
  const keyed = (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
    if (event.key !== "Tab") return;
    const stops = [...box.current.querySelectorAll(STOPS)].filter((each) => each.offsetParent !== null);
    const end = event.shiftKey ? stops[0] : stops.at(-1);
    if (document.activeElement === end || document.activeElement === box.current) {
      event.preventDefault();
      (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
    }
    event.stopPropagation();
  };
  const name = `sl-dialog-${id.current}`;
  return html`<div class="sl-veil" onKeyDown=${keyed}>
    <div class=${`sl-modal${small ? " small" : ""}`} role=${small ? "alertdialog" : "dialog"} aria-modal="true" aria-labelledby=${name} tabindex="-1" ref=${box}>
      <form novalidate onSubmit=${(event) => (event.preventDefault(), submit && submit())}>
        <header>
          ${back && html`<button type="button" class="sl-icon" onClick=${back} aria-label="Back">${icon("back")}</button>`}
          ${face}<h2 id=${name} dir="auto">${title}</h2>
          <button type="button" class="sl-icon" onClick=${close} aria-label="Close">${icon("close")}</button>
        </header>
        <div class="sl-body">${children}</div>
        <footer>${actions}</footer>
      </form>
    </div>
  </div>`;
}
