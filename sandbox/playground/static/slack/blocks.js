// Block Kit, block by block. A `surface` says where the blocks stand and how a press or pick in them is sent.
import { html, useState } from "../vendor/ui.js";
import { Button, Control, Overflow } from "./elements.js";
import { valueOf } from "./values.js";
import { Mrkdwn, Words, label } from "./mrkdwn.js";
import { Field } from "./fields.js";
import { RichText } from "./richtext.js";

/** Draw blocks. `surface` is `{id, values, send(block, element, value), field(block)}`. */
export function Blocks({ blocks, ctx, surface }) {
  return blocks.map((block) => html`<${Block} key=${block.block_id} ...${{ block, ctx, surface }} />`);
}

function Block({ block, ctx, surface }) {
  switch (block.type) {
    case "header":
      return html`<h3 class="sl-head" dir="auto">${block.text.text}</h3>`;
    case "section":
      return html`<${Section} ...${{ block, ctx, surface }} />`;
    case "context":
      return html`<div class="sl-context">${block.elements.map((each) =>
        each.type === "image" ? html`<${Picture} image=${each} small />` : html`<div class="sl-ctx"><${Words} object=${each} ctx=${ctx} /></div>`)}</div>`;
    case "actions":
      return html`<${Live} ...${{ block, ctx, surface, of: block.elements }} />`;
    case "divider":
      return html`<hr class="sl-d" />`;
    case "image":
      return html`<${Picture} image=${block} ctx=${ctx} />`;
    case "input":
      return surface.field ? html`<${Field} ...${{ block, ctx, surface }} />` : html`<${Asked} ...${{ block, ctx, surface }} />`;
    case "markdown":
      return html`<div class="sl-text"><${Markdown} text=${block.text} ctx=${ctx} /></div>`;
    case "rich_text":
      return html`<div class="sl-text"><${RichText} block=${block} ctx=${ctx} /></div>`;
    default:
      return html`<p class="sl-hint">A block of the kind “${block.type}” is not shown here.</p>`;
  }
}

function Section({ block, ctx, surface }) {
  const words = html`<div class="sl-words">
    ${block.text && html`<div class="sl-text"><${Words} object=${block.text} ctx=${ctx} /></div>`}
    ${block.fields && html`<div class="sl-fields">${block.fields.map((each) => html`<div class="sl-text"><${Words} object=${each} ctx=${ctx} /></div>`)}</div>`}
  </div>`;
  if (!block.accessory) return words;
  const beside = block.accessory;
  return html`<div class=${`sl-section${beside.type === "radio_buttons" || beside.type === "checkboxes" ? " below" : ""}`}>
    ${words}
    ${beside.type === "image" ? html`<${Picture} image=${beside} small />` : html`<${Live} ...${{ block, ctx, surface, of: [beside] }} />`}
  </div>`;
}

/** An input outside a form: what is chosen or typed there goes to the app at once, if the app asked for that. */
function Asked({ block, ctx, surface }) {
  return html`<div class="sl-field"><span class="sl-label" dir="auto">${block.label.text}</span>
    <${Live} ...${{ block, ctx, surface, of: block.dispatch_action ? [block.element] : [] }} />
    ${block.hint && html`<p class="sl-hint" dir="auto">${block.hint.text}</p>`}</div>`;
}

/** Pictures are never loaded: what they show is said in words, as it must be for everybody. */
function Picture({ image, small, ctx }) {
  return html`<figure class=${`sl-pic${small ? " small" : ""}`} role="img" aria-label=${`Picture: ${image.alt_text}`}>
    ${image.title && html`<figcaption><${Words} object=${image.title} ctx=${ctx} /></figcaption>`}
    <span class="sl-alt" aria-hidden="true" dir="auto">${image.alt_text}</span>
  </figure>`;
}

/** Draw what can be pressed or picked at once, with what went wrong under it. */
function Live({ block, ctx, surface, of }) {
  const [busy, setBusy] = useState("");
  const [said, setSaid] = useState("");
  const send = async (element, value) => {
    if (busy === element.action_id) return;
    setBusy(element.action_id);
    setSaid("");
    try {
      const done = await surface.send(block, element, value);
      if (done.acked === false) setSaid("The app did not answer in time. You can try again.");
    } catch (error) {
      setSaid(error.message);
    }
    setBusy("");
  };
  const ask = (element, value) => {
    if (!element.confirm) return send(element, value);
    return ctx.confirm(element.confirm, () => send(element, value));
  };
  return html`<div class="sl-live">
    <div class="sl-actions">${of.map((each) => html`<${Item} key=${each.action_id} ...${{ element: each, block, ctx, surface, ask, busy: busy === each.action_id }} />`)}</div>
    ${said && html`<p class="sl-wrong" role="alert">${said}</p>`}
  </div>`;
}

function Item({ element, block, ctx, surface, ask, busy }) {
  if (element.type === "button") return html`<${Button} ...${{ element, busy, press: () => ask(element) }} />`;
  if (element.type === "overflow") return html`<${Overflow} ...${{ element, pick: (value) => ask(element, value) }} />`;
  const stands = surface.values?.[block.block_id]?.[element.action_id];
  return html`<${Picked} ...${{ element, ctx, surface, block, stands, busy, pick: (value) => ask(element, value) }} />`;
}

function Picked({ element, block, ctx, surface, stands, busy, pick }) {
  const first = valueOf(element, stands, ctx.zone);
  const [mine, setMine] = useState(undefined);
  const name = label(block.text) || label(block.label) || label(element.placeholder) || element.type.replaceAll("_", " ");
  const typed = element.type.endsWith("_input");
  const choose = (value) => {
    setMine(value);
    if (!typed) pick(value);
  };
  const keyed = (event) => {
    if (typed && event.key === "Enter" && !event.shiftKey) pick(mine ?? first);
  };
  const id = `sl-${surface.id}-${block.block_id}-${element.action_id}`.replace(/[^\w-]/g, "_");
  return html`<div class="sl-picked" role="group" aria-label=${name.slice(0, 150)} aria-busy=${busy} onKeyDown=${keyed}>
    <${Control} ...${{ element, ctx, id, name, value: mine ?? first, change: choose, at: { ...surface.at, block: block.block_id } }} />
  </div>`;
}

/** Markdown of a message: headings, bold, italic, struck, code, links and lists, as far as chat needs it. */
function Markdown({ text, ctx }) {
  const safe = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replace(/(?!^)>/gm, "&gt;");
  const marked = safe
    .replace(/^#{1,6}\s+(.+)$/gm, "*$1*")
    .replace(/\*\*(.+?)\*\*/g, "\ue002$1\ue002")
    .replace(/(?<![\p{L}\p{N}*])\*([^*\n]+)\*(?![\p{L}\p{N}*])/gu, (whole, words, at, all) => (all[at - 1] === "\n" || at === 0) && all[at + whole.length] === "\n" ? whole : `_${words}_`)
    .replaceAll("\ue002", "*")
    .replace(/~~(.+?)~~/g, "~$1~")
    .replace(/\[([^\]\n]+)\]\((https?:\/\/[^)\s]+)\)/g, "<$2|$1>")
    .replace(/^(\s*)[-*+]\s+/gm, "$1•\u00a0");
  return html`<${Mrkdwn} text=${marked} ctx=${ctx} />`;
}
