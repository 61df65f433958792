// The open modal: its fields with what is typed, its errors, and the confirm dialog Block Kit can ask for.
import { html, useEffect, useRef, useState } from "../vendor/ui.js";
import { Blocks } from "./blocks.js";
import { Dialog } from "./dialog.js";
import { Face } from "./face.js";
import { forget, recall, remember } from "./memory.js";
import { unix } from "./dates.js";
import { Words, direction } from "./mrkdwn.js";
import { valueOf, wrongWith } from "./values.js";

const LOST = "The app did not answer in time. Nothing was sent; you can try again.";

const attention = (count) => (count > 1 ? `${count} fields need your attention.` : count ? "One field needs your attention." : "");

/** Draw the modal in front; `depth` is how many lie on each other. */
export function Modal({ view, depth, ctx, act }) {
  const start = `${ctx.person.id} ${view.id} `;
  const [, redraw] = useState(0);
  const [errors, setErrors] = useState({});
  const [said, setSaid] = useState("");
  const [busy, setBusy] = useState(false);
  const box = useRef(null);
  const inputs = view.blocks.filter((block) => block.type === "input");
  const page = `${view.id} ${inputs.map((block) => block.block_id).join()}`;
  useEffect(() => {
    setErrors({});
    setSaid("");
  }, [page]);
  useEffect(() => {
    if (Object.keys(errors).length) box.current?.querySelector(".sl-field.wrong :is(input, select, textarea)")?.focus();
  }, [errors]);

  const nameOf = (block) => `${start}${block.block_id} ${block.element.action_id}`;
  const kept = (block) => view.state.values[block.block_id]?.[block.element.action_id];
  const valueIn = (block) => {
    const mine = recall(nameOf(block)); // an emptied field stays empty, even if the app had filled it in
    return mine ? mine.value : valueOf(block.element, kept(block), ctx.zone);
  };
  const sent = (block) => {
    const value = valueIn(block);
    return block.element.type === "datetimepicker" && value ? unix(value, ctx.zone) || value : value;
  };
  const values = () => Object.fromEntries(inputs.map((block) => [block.block_id, sent(block)]));
  const send = (block, element, value) =>
    act("press", { view: view.id, block: block.block_id, action: element.action_id, value, values: values() });
  const first = inputs.find((block) => block.element.focus_on_load) || inputs[0];
  const surface = {
    id: view.id, at: { view: view.id }, values: view.state.values, send,
    field: (block) => ({
      value: valueIn(block),
      error: errors[block.block_id],
      first: block === first,
      change: (value) => {
        remember(nameOf(block), { value });
        if (errors[block.block_id]) setErrors(({ [block.block_id]: gone, ...rest }) => rest);
        redraw((count) => count + 1);
        if (block.dispatch_action && block.element.type !== "plain_text_input") send(block, block.element, value).catch((error) => setSaid(error.message));
      },
    }),
  };
  const submit = async () => {
    if (busy || !view.submit) return;
    const wrong = Object.fromEntries(inputs.map((block) => [block.block_id, wrongWith(block, valueIn(block))]).filter((each) => each[1]));
    if (Object.keys(wrong).length) return setErrors(wrong);
    setBusy(true);
    setSaid("");
    try {
      const done = await act("submit", { values: values() });
      if (done.errors) setErrors(done.errors);
      else if (done.error) setSaid(done.acked === false ? LOST : "The app’s answer could not be used. You can try again.");
      else if (done.closed) forget(start);
    } catch (error) {
      setSaid(error.message);
    }
    setBusy(false);
  };
  const close = async () => {
    forget(start);
    try {
      await act("submit", { close: true });
    } catch (error) {
      setSaid(error.message);
    }
  };
  const closeAll = async () => {
    for (let left = depth; left > 0; left -= 1) await close();
  };
  const actions = html`
    <span class="sl-steps">${depth > 1 ? `Step ${depth}` : ""}</span>
    <button type="button" class="sl-k" onClick=${depth > 1 ? closeAll : close} dir="auto">${view.close?.text || "Close"}</button>
    ${view.submit && html`<button type="submit" class="sl-k sl-go" aria-busy=${busy} dir="auto">${view.submit.text}</button>`}`;
  return html`<${Dialog} title=${view.title.text} close=${close} back=${depth > 1 ? close : null} actions=${actions} submit=${submit} fresh=${page}
    face=${html`<${Face} app small />`}>
    <div class="sl-form" dir=${direction(`${view.title.text} ${view.text}`)} ref=${box}>
      ${said && html`<p class="sl-note" role="alert">${said}</p>`}
      <div class="sl-vh" role="alert">${attention(Object.keys(errors).length)}</div>
      <${Blocks} ...${{ blocks: view.blocks, ctx, surface }} />
    </div>
  <//>`;
}

/** Ask what a confirm object of Block Kit asks. */
export function Confirm({ confirm, ctx, yes }) {
  const danger = confirm.style === "danger";
  const close = () => ctx.show(null);
  const go = () => {
    close();
    yes();
  };
  const actions = html`
    <button type="button" class="sl-k" data-first=${danger ? "" : undefined} onClick=${close} dir="auto">${confirm.deny.text}</button>
    <button type="button" class=${`sl-k ${danger ? "sl-stop" : "sl-go"}`} data-first=${danger ? undefined : ""} onClick=${go} dir="auto">${confirm.confirm.text}</button>`;
  return html`<${Dialog} title=${confirm.title.text} close=${close} actions=${actions} small>
    <p class="sl-text"><${Words} object=${confirm.text} ctx=${ctx} /></p>
  <//>`;
}
