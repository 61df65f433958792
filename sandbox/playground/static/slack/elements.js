// The elements of Block Kit as native controls: buttons, menus, choices, pickers.
import { html, useEffect, useRef, useState } from "../vendor/ui.js";
import { post } from "../api.js";
import { LinkButton } from "./links.js";
import { Words, label as plain } from "./mrkdwn.js";
import { city } from "./dates.js";
import { optionsOf } from "./values.js";
import { icon } from "./icons.js";
import { FILE_MAX, TOO_LARGE, encoded } from "./composer.js";

const STYLE = { primary: "sl-go", danger: "sl-stop" };

/** Draw a button in its style; one with an address says where it leads. */
export function Button({ element, press, busy }) {
  const style = STYLE[element.style] || "";
  if (element.url) return html`<${LinkButton} ...${{ element, style, pressed: press }} />`;
  return html`<button type="button" class=${`sl-k ${style}`} dir="auto" aria-busy=${busy} aria-label=${element.accessibility_label}
    onClick=${press}>${element.text.text}</button>`;
}

/** Draw the menu behind three dots. */
export function Overflow({ element, pick }) {
  const [open, setOpen] = useState(false);
  const box = useRef(null);
  useEffect(() => {
    if (open) box.current.querySelector("[role=menuitem]").focus();
  }, [open]);
  const close = (back) => {
    setOpen(false);
    if (back) box.current.querySelector("button").focus();
  };
  const keyed = (event) => {
    const items = [...box.current.querySelectorAll("[role=menuitem]")];
    const at = items.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      close(true);
    } else if (step && open) {
      event.preventDefault();
      items[(at + step + items.length) % items.length].focus();
    }
  };
  const left = (event) => open && !box.current.contains(event.relatedTarget) && close(false);
  return html`<div class="sl-over" ref=${box} onKeyDown=${keyed} onFocusOut=${left}>
    <button type="button" class="sl-k" aria-haspopup="menu" aria-expanded=${open} aria-label="More actions" onClick=${() => setOpen(!open)}>${icon("more")}</button>
    ${open && html`<div class="sl-menu" role="menu">${element.options.map((each) =>
      html`<button type="button" role="menuitem" tabindex="-1" key=${each.value} dir="auto" onClick=${() => (close(true), pick(each.value))}>${each.text.text}</button>`)}</div>`}
  </div>`;
}

/** Draw a control for any element that keeps a value. `change(value)` gets what was chosen or typed. */
export function Control({ element, ctx, id, name, value, change, error, described, at, first }) {
  const told = {
    id, "aria-invalid": error ? "true" : undefined, "aria-describedby": described || undefined,
    "data-first": first ? "" : undefined, "aria-label": name ? name.slice(0, 150) : undefined,
  };
  const typed = (event) => change(event.target.value);
  switch (element.type) {
    case "static_select":
    case "users_select":
    case "conversations_select":
    case "channels_select":
      return html`<${Select} ...${{ element, ctx, value, change, told }} />`;
    case "external_select":
    case "multi_external_select":
      return html`<${External} ...${{ element, ctx, value, change, told, at }} />`;
    case "radio_buttons":
      return html`<${Ticks} ...${{ element, ctx, value: [value], told, id, type: "radio", change: (list) => change(list.at(-1)) }} />`;
    case "datepicker":
      return html`<input class="sl-in" type="date" ...${told} value=${value} max="9999-12-31" onChange=${typed} />`;
    case "timepicker":
      return html`<div class="sl-when"><input class="sl-in" type="time" ...${told} value=${value} onChange=${typed} />
        <small class="sl-hint">${element.timezone ? city(element.timezone) : ""}</small></div>`;
    case "datetimepicker":
      return html`<div class="sl-when"><input class="sl-in" type="datetime-local" ...${told} value=${value} max="9999-12-31T23:59" onChange=${typed} />
        <small class="sl-hint">Time in ${city(ctx.zone)}</small></div>`;
    case "file_input":
      return html`<${Picking} ...${{ element, value, change, told }} />`;
    default:
      if (element.type === "checkboxes" || element.type.startsWith("multi_")) {
        return html`<${Ticks} ...${{ element, ctx, value: value || [], told, id, type: "checkbox", change }} />`;
      }
      return html`<${Typing} ...${{ element, value, change, told }} />`;
  }
}

/** A file of one's own machine. Its value is a list with it, as `{name, base64}`. */
function Picking({ element, value, change, told }) {
  const [said, setSaid] = useState("");
  const picked = async (event) => {
    const file = event.target.files[0];
    setSaid(file && file.size > FILE_MAX ? TOO_LARGE : "");
    if (!file || file.size > FILE_MAX) return change([]);
    try {
      change([{ name: file.name, base64: await encoded(file) }]);
    } catch (error) {
      setSaid(error.message);
    }
  };
  const accept = (element.filetypes || []).map((each) => `.${each}`).join();
  return html`<input class="sl-in" type="file" accept=${accept} ...${told} onChange=${picked} />
    ${said && html`<p class="sl-wrong" role="alert">${said}</p>`}
    ${value?.[0]?.name && html`<small class="sl-hint"><bdi>${value[0].name}</bdi> is chosen.</small>`}`;
}

const KINDS = { email_text_input: "email", url_text_input: "url" };

function Typing({ element, value, change, told }) {
  const hint = plain(element.placeholder);
  const typed = (event) => change(event.target.value);
  const most = element.max_length;
  const number = element.type === "number_input" ? { inputmode: "decimal" } : {};
  const long = element.multiline || element.type === "rich_text_input";
  const box = long
    ? html`<textarea class="sl-in" rows="4" dir="auto" ...${told} placeholder=${hint} value=${value} onInput=${typed}></textarea>`
    : html`<input class="sl-in" type=${KINDS[element.type] || "text"} dir="auto" autocomplete="off" ...${number} ...${told} placeholder=${hint} value=${value} onInput=${typed} />`;
  const length = String(value || "").length;
  if (!most || most >= 3000 || !(long || length > most * 0.6)) return box;
  return html`${box}<small class=${`sl-count${length > most ? " over" : ""}`}>${length} of ${most}</small>`;
}

function Select({ element, ctx, value, change, told }) {
  const options = optionsOf(element, ctx);
  const groups = [...new Set(options.map((each) => each.group))];
  const list = (group) => options.filter((each) => each.group === group).map((each) => html`<option key=${each.value} value=${each.value}>${each.label}</option>`);
  return html`<select class="sl-in" ...${told} value=${value} onChange=${(event) => change(event.target.value)}>
    <option value="">${plain(element.placeholder) || "Choose"}</option>
    ${groups.map((group) => (group ? html`<optgroup key=${group} label=${group}>${list(group)}</optgroup>` : list(group)))}
  </select>`;
}

function Ticks({ element, ctx, value, change, id, type, told }) {
  const options = optionsOf(element, ctx);
  const flip = (one, on) => change(on ? [...(type === "radio" ? [] : value), one] : value.filter((each) => each !== one));
  return html`<div class=${`sl-ticks${options.length > 8 ? " sl-many" : ""}`} id=${told.id}>${options.map((each, index) => html`<label key=${each.value} class="sl-tick">
    <input type=${type} name=${id} checked=${value.includes(each.value)} aria-invalid=${told["aria-invalid"]} aria-describedby=${told["aria-describedby"]}
      data-first=${index === 0 ? told["data-first"] : undefined} onChange=${(event) => flip(each.value, event.target.checked)} />
    <span dir="auto">${each.text ? html`<${Words} object=${each.text} ctx=${ctx} />` : each.label}
      ${each.description && html`<small class="sl-hint"><${Words} object=${each.description} ctx=${ctx} /></small>`}</span>
  </label>`)}</div>`;
}

const ASK_MS = 250;

/** A select whose options come from the app as one types. Its value is the option itself, or a list of them. */
function External({ element, ctx, value, change, told, at }) {
  const many = element.type.startsWith("multi_");
  const chosen = many ? value || [] : value ? [value] : [];
  const [query, setQuery] = useState(null);
  const [found, setFound] = useState([]);
  const least = element.min_query_length ?? 3;
  useEffect(() => {
    if (query === null || query.length < least) return undefined;
    const timer = setTimeout(async () => {
      try {
        setFound((await post("slack/options", { person: ctx.person.id, ...at, action: element.action_id, query })).options);
      } catch {
        setFound([]);
      }
    }, ASK_MS);
    return () => clearTimeout(timer);
  }, [query]);
  const take = (option) => {
    change(many ? [...chosen.filter((each) => each.value !== option.value), option] : option);
    setQuery(null);
    setFound([]);
  };
  const drop = (option) => change(many ? chosen.filter((each) => each !== option) : "");
  return html`<div class="sl-ext">
    ${chosen.map((each) => html`<span class="sl-chip" key=${each.value}><bdi>${each.text.text}</bdi>
      <button type="button" class="sl-icon" aria-label=${`Remove ${each.text.text}`} onClick=${() => drop(each)}>${icon("close")}</button></span>`)}
    ${(many || !chosen.length) && html`<input class="sl-in" type="text" autocomplete="off" ...${told} placeholder=${plain(element.placeholder) || "Type a name"}
      value=${query || ""} onInput=${(event) => setQuery(event.target.value)} onFocus=${() => query === null && setQuery("")} />`}
    ${found.length > 0 && html`<div class="sl-menu still">${found.map((each) => html`<button type="button" key=${each.value} dir="auto" onClick=${() => take(each)}>${each.text.text}</button>`)}</div>`}
    ${query && query.length >= least && found.length === 0 ? html`<small class="sl-hint">Nothing found yet.</small>` : ""}
  </div>`;
}
