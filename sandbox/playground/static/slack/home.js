// The app's home tab.
import { html, useEffect, useState } from "../vendor/ui.js";
import { Blocks } from "./blocks.js";
import { direction } from "./mrkdwn.js";

const PATIENCE_MS = 400;

/** Draw the home tab; it is asked for when it is opened. */
export function Home({ view, ctx, act }) {
  const [said, setSaid] = useState("");
  const [waiting, setWaiting] = useState(false);
  useEffect(() => {
    let here = true;
    const timer = setTimeout(() => here && setWaiting(true), PATIENCE_MS);
    act("open", {}).then((done) => here && done.acked === false && setSaid("The app did not answer. What stands here may be old."), (error) => here && setSaid(error.message));
    return () => {
      here = false;
      clearTimeout(timer);
    };
  }, [ctx.person.id]);
  const surface = view && {
    id: view.id, at: { view: view.id }, values: view.state.values,
    send: (block, element, value) => act("press", { view: view.id, block: block.block_id, action: element.action_id, value }),
  };
  return html`<div class="sl-home" role="tabpanel" aria-label="Home" tabindex="0">
    ${said && html`<p class="sl-note" role="status">${said}</p>`}
    ${view
      ? html`<div class="sl-blocks" dir=${direction(view.text)}><${Blocks} ...${{ blocks: view.blocks, ctx, surface }} /></div>`
      : html`<p class="sl-empty">${waiting ? "The app has not published its home tab yet." : ""}</p>`}
  </div>`;
}
