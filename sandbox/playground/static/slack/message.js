// One message, with its thread folded under it. It is drawn again only if it, or what it says of the reader, changed.
import { Component, html } from "../vendor/ui.js";
import { isoDay, time } from "../moments.js";
import { Blocks } from "./blocks.js";
import { Composer } from "./composer.js";
import { dayName, exact } from "./dates.js";
import { Face } from "./face.js";
import { FileCard } from "./files.js";
import { icon } from "./icons.js";
import { Mrkdwn, direction } from "./mrkdwn.js";

/** Draw a message of a chat. `replies` are those of its thread, `open` whether they are shown. */
export class Message extends Component {
  shouldComponentUpdate(next) {
    return ["message", "replies", "open", "compact", "ctx", "chat", "command"].some((name) => next[name] !== this.props[name]);
  }

  render({ message, replies, open, compact, ctx, chat, act, toggle, command }) {
    const app = message.from === "bot";
    const name = app ? "Convenor" : message.from;
    const look = `sl-m${compact ? " compact" : ""}${message.ephemeral ? " alone" : ""}${message.user === ctx.team.me ? " mine" : ""}`;
    const reply = !message.ephemeral && !chat.archived && replies !== undefined;
    return html`<article class=${look} data-message=${message.id} tabindex="-1" aria-label=${`${name}, ${exact(message.at, ctx.zone)}`}>
      ${compact ? html`<time class="sl-gutter" datetime=${message.at}>${time(message.at, ctx.zone)}</time>` : html`<${Face} ...${{ id: ctx.ids.get(message.user), name, app }} />`}
      <div class="sl-main">
        ${message.ephemeral && html`<p class="sl-eph">${icon("eye")}Only visible to you</p>`}
        ${!compact && html`<div class="sl-by"><b><bdi>${name}</bdi></b>${app && html`<span class="sl-app">APP</span>`}
          <time datetime=${message.at} title=${exact(message.at, ctx.zone)}>${time(message.at, ctx.zone)}</time>
          ${message.edited && html`<span class="sl-edited">edited</span>`}</div>`}
        <${Content} ...${{ message, ctx, chat, act }} />
        ${message.edited && compact && html`<span class="sl-edited">edited</span>`}
        ${message.files.map((file) => html`<${FileCard} key=${file.id} file=${file} zone=${ctx.zone} />`)}
        ${message.reactions.length > 0 && html`<p class="sl-reactions">${message.reactions.map((each) => html`<span>:${each}: 1</span>`)}</p>`}
        ${reply && (replies.length > 0 || open) && html`<${Thread} ...${{ message, replies, open, ctx, chat, act, toggle, command }} />`}
      </div>
      ${reply && !open && html`<div class="sl-tools"><button type="button" class="sl-icon" title="Reply in thread" aria-label="Reply in thread"
        onClick=${() => toggle(message.id, true)}>${icon("reply")}</button></div>`}
    </article>`;
  }
}

function Content({ message, ctx, chat, act }) {
  if (!message.blocks.length) {
    return message.mrkdwn && html`<div class="sl-text"><${Mrkdwn} text=${message.mrkdwn} ctx=${ctx} /></div>`;
  }
  const where = { chat: chat.chat, message: message.id };
  const surface = {
    id: message.id, at: where,
    send: (block, element, value) => act("press", { ...where, block: block.block_id, action: element.action_id, value }),
  };
  return html`<div class="sl-blocks" dir=${direction(message.text)}><${Blocks} ...${{ blocks: message.blocks, ctx, surface }} /></div>`;
}

function Thread({ message, replies, open, ctx, chat, act, toggle, command }) {
  const count = replies.length === 1 ? "1 reply" : `${replies.length} replies`;
  const last = replies.at(-1);
  const when = last && `${isoDay(last.at, ctx.zone) === isoDay(ctx.now, ctx.zone) ? "" : `${dayName(last.at, ctx.zone, ctx.now)} `}${time(last.at, ctx.zone)}`;
  return html`<div class="sl-thread">
    <button type="button" class="sl-fold" aria-expanded=${open} onClick=${() => toggle(message.id, !open)}>
      ${open ? "Close the thread" : html`<b>${count}</b> <span>last ${when}</span>`}</button>
    ${open && html`<div class="sl-replies" role="group" aria-label="Thread">
      ${replies.map((each) => html`<${Message} key=${each.id} ...${{ message: each, ctx, chat, act }} />`)}
      <${Composer} ...${{ name: `${ctx.person.id} ${chat.chat} ${message.id}`, id: `sl-t-${message.id.replace(".", "-")}`, label: "Reply in the thread",
        where: { chat: chat.chat, thread: message.id }, act, command, autofocus: true }} />
    </div>`}
  </div>`;
}
