// Rich text as the composer of Slack makes it: sections, lists, quotes, preformatted.
import { html } from "../vendor/ui.js";
import { Place } from "./links.js";
import { stamp } from "./dates.js";

/** Draw a rich_text block. */
export function RichText({ block, ctx }) {
  return block.elements.map((each) => html`<${Part} part=${each} ctx=${ctx} />`);
}

function Part({ part, ctx }) {
  const inside = () => part.elements.map((each) => html`<${Run} run=${each} ctx=${ctx} />`);
  switch (part.type) {
    case "rich_text_list": {
      const tag = part.style === "ordered" ? "ol" : "ul";
      return html`<${tag} class="sl-list">${part.elements.map((each) => html`<li dir="auto"><${Part} part=${each} ctx=${ctx} /></li>`)}<//>`;
    }
    case "rich_text_quote":
      return html`<span class="sl-quote"><span class="sl-line" dir="auto">${inside()}</span></span>`;
    case "rich_text_preformatted":
      return html`<pre class="sl-pre" dir="auto">${inside()}</pre>`;
    default:
      return html`<span class="sl-line" dir="auto">${inside()}</span>`;
  }
}

function Run({ run, ctx }) {
  let shown = words(run, ctx);
  const style = run.style || {};
  if (style.code) shown = html`<code class="sl-code">${shown}</code>`;
  if (style.strike) shown = html`<s>${shown}</s>`;
  if (style.italic) shown = html`<i>${shown}</i>`;
  if (style.bold) shown = html`<b>${shown}</b>`;
  return shown;
}

function words(run, ctx) {
  switch (run.type) {
    case "text":
      return run.text;
    case "link":
      return html`<${Place} ...${{ url: run.url, label: run.text || run.url }} />`;
    case "user":
      return html`<bdi class="sl-at">@${ctx.names.get(run.user_id) || run.user_id}</bdi>`;
    case "channel":
      return html`<bdi class="sl-at">#${ctx.rooms.get(run.channel_id) || run.channel_id}</bdi>`;
    case "broadcast":
      return html`<bdi class="sl-at">@${run.range}</bdi>`;
    case "emoji":
      return `:${run.name}:`;
    case "date":
      return html`<bdi>${stamp(run.timestamp, run.format || "{date_short} {time}", ctx)}</bdi>`;
    default:
      return run.text || "";
  }
}
