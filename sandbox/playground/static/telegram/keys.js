// Inline keyboards: rows of buttons under a message, exactly as the bot laid them out.
import { html } from "../vendor/ui.js";
import { icons } from "./icons.js";
import { startPayload, webAddress } from "./words.js";

const STYLES = { success: "tg-go", danger: "tg-stop", primary: "tg-pri" };

/** Draw a keyboard; `waits` is the data of the button whose answer is awaited, `does` has `press`, `link`, `copy`. */
export function Keys({ message, waits, dir, username, does }) {
  if (!message.buttons.length) return null;
  return html`<div class="tg-kb" dir=${dir} role="group" aria-label="Buttons of this message">
    ${message.buttons.map(
      (row, line) => html`<div key=${line} class=${row.length > 5 ? "tg-row tg-tight" : "tg-row"}>
        ${row.map((button, n) => html`<${Key} key=${n} ...${{ button, message, waits, username, does }} />`)}
      </div>`,
    )}
  </div>`;
}

function Key({ button, message, waits, username, does }) {
  const waiting = Boolean(button.data) && waits.split("\n").includes(button.data);
  const outside = button.url && startPayload(button.url, username) === null;
  const host = outside ? webAddress(button.url)?.host || "" : "";
  const act = () => {
    if (button.url) does.link(button.url);
    else if (button.copy !== undefined) does.copy(button.copy);
    else if (!waiting) does.press(message, button.data);
  };
  return html`<button type="button" class=${`tg-key ${STYLES[button.style] || ""} ${waiting ? "tg-waits" : ""}`}
    aria-busy=${waiting ? "true" : undefined} title=${button.url || undefined} onClick=${act}>
    <span class="tg-label"><bdi>${button.label}</bdi>${host ? html`<small dir="ltr">${host}</small>` : ""}</span>
    ${outside ? html`<${icons.link} /><span class="vh">, opens outside</span>` : ""}
    ${button.copy !== undefined ? html`<${icons.copy} /><span class="vh">, copy</span>` : ""}
    ${waiting ? html`<span class="tg-spin" aria-hidden="true"></span><span class="vh">waiting for the bot</span>` : ""}
  </button>`;
}
