// An input block of a modal: label, control, hint, and the error under it.
import { html } from "../vendor/ui.js";
import { Control } from "./elements.js";
import { icon } from "./icons.js";

const GROUPS = /^(radio_buttons|checkboxes|multi_(?!external))/;

/** Draw one input; `surface.field(block)` gives `{value, error, change, first}`. */
export function Field({ block, ctx, surface }) {
  const { value, error, change, first } = surface.field(block);
  const id = `sl-${surface.id}-${block.block_id}`.replace(/[^\w-]/g, "_");
  const described = [error && `${id}-e`, block.hint && `${id}-h`].filter(Boolean).join(" ");
  const words = html`<span dir="auto">${block.label.text}</span>${block.optional && html` <small class="sl-opt">(optional)</small>`}`;
  const control = html`<${Control} ...${{ element: block.element, ctx, id, value, change, error, described, first, at: { ...surface.at, block: block.block_id } }} />`;
  const notes = html`
    ${error && html`<p class="sl-wrong" id=${`${id}-e`}>${icon("warn")}<span dir="auto">${error}</span></p>`}
    ${block.hint && html`<p class="sl-hint" id=${`${id}-h`} dir="auto">${block.hint.text}</p>`}`;
  const name = `sl-field${error ? " wrong" : ""}`;
  if (GROUPS.test(block.element.type)) {
    return html`<fieldset class=${name}><legend class="sl-label">${words}</legend>${control}${notes}</fieldset>`;
  }
  return html`<div class=${name}><label class="sl-label" for=${id}>${words}</label>${control}${notes}</div>`;
}
