// Slack's mrkdwn as elements. Words are only ever put in as text; nothing a person wrote can become markup.
import { html } from "../vendor/ui.js";
import { Place } from "./links.js";
import { exact, stamp } from "./dates.js";

const TOKEN = /<([^<>\n]+)>/g;
const SPOT = /\ue000(\d+)\ue001/;
const CODE = /`([^`\n]+)`/;
const STYLES = [
  ["b", /(?<![\p{L}\p{N}_*])\*([^\s*]|[^\s*][^*\n]*[^\s*])\*(?![\p{L}\p{N}_*])/u],
  ["i", /(?<![\p{L}\p{N}_])_([^\s_]|[^\s_][^_\n]*[^\s_])_(?![\p{L}\p{N}_])/u],
  ["s", /(?<![\p{L}\p{N}_~])~([^\s~]|[^\s~][^~\n]*[^\s~])~(?![\p{L}\p{N}_~])/u],
];
const BARE = /https?:\/\/[^\s<>\ue000\ue001]*[^\s<>\ue000\ue001.,;:!?)\]'"]/;
const DATE = /^!date\^(\d{1,12})\^([^^|]+)(?:\^(https?:\/\/[^|]+))?\|(.+)$/s;

/** Read the three entities Slack writes back. */
export const unescape = (words) => words.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** Draw a text of mrkdwn line by line, each in its own direction. `ctx` is the reader: zone, language, now, names. */
export function Mrkdwn({ text, ctx, verbatim }) {
  const parts = String(text).replace(/[\ue000\ue001]/g, "").split("```");
  const closed = parts.length % 2 ? parts.length : parts.length - 2;
  const shown = [];
  parts.forEach((part, at) => {
    if (at % 2 && at < closed) {
      shown.push(html`<pre class="sl-pre" dir="auto">${unescape(plainTokens(part.replace(/^\n/, ""), ctx))}</pre>`);
    } else {
      const words = at % 2 ? `\`\`\`${part}` : part;
      const before = at + 1 < closed && at + 1 < parts.length ? words.replace(/\n$/, "") : words;
      shown.push(...lines(at ? before.replace(/^\n/, "") : before, ctx, verbatim));
    }
  });
  return shown;
}

function lines(words, ctx, verbatim) {
  if (!words) return [];
  const shown = [];
  let quote = null;
  for (const each of words.split("\n")) {
    const quoted = /^(?:&gt;|>(?!\S*<))\s?(.*)$/.exec(each);
    const drawn = html`<span class="sl-line" dir="auto">${inline(quoted ? quoted[1] : each, ctx, verbatim)}</span>`;
    if (!quoted) {
      quote = null;
      shown.push(drawn);
    } else if (quote) quote.push(drawn);
    else {
      quote = [drawn];
      shown.push(html`<span class="sl-quote">${quote}</span>`);
    }
  }
  return shown;
}

function inline(words, ctx, verbatim) {
  if (!words) return "";
  const tokens = [];
  const marked = words.replace(TOKEN, (_, token) => `\ue000${tokens.push(token) - 1}\ue001`);
  return styled(marked, tokens, ctx, verbatim);
}

function styled(words, tokens, ctx, verbatim) {
  const code = CODE.exec(words);
  if (code) {
    return [
      styled(words.slice(0, code.index), tokens, ctx, verbatim),
      html`<code class="sl-code">${leaves(code[1], tokens, ctx, true)}</code>`,
      styled(words.slice(code.index + code[0].length), tokens, ctx, verbatim),
    ];
  }
  let first = null;
  for (const [tag, form] of STYLES) {
    const found = form.exec(words);
    if (found && (!first || found.index < first.found.index)) first = { tag, found };
  }
  if (!first) return leaves(words, tokens, ctx, verbatim);
  const { tag, found } = first;
  const end = found.index + found[0].length;
  return [
    leaves(words.slice(0, found.index), tokens, ctx, verbatim),
    html`<${tag}>${styled(found[1], tokens, ctx, verbatim)}<//>`,
    styled(words.slice(end), tokens, ctx, verbatim),
  ];
}

function leaves(words, tokens, ctx, verbatim) {
  const shown = [];
  let rest = words;
  for (let found = SPOT.exec(rest); found; found = SPOT.exec(rest)) {
    shown.push(bare(rest.slice(0, found.index), verbatim), token(tokens[Number(found[1])], ctx));
    rest = rest.slice(found.index + found[0].length);
  }
  shown.push(bare(rest, verbatim));
  return shown;
}

function bare(words, verbatim) {
  const text = unescape(words);
  const found = verbatim ? null : BARE.exec(text);
  if (!found) return text;
  const after = text.slice(found.index + found[0].length);
  return [text.slice(0, found.index), html`<${Place} ...${{ url: found[0], label: found[0] }} />`, after];
}

function token(given, ctx) {
  const [body, label] = split(given);
  if (given.startsWith("!date")) return date(given, ctx);
  if (body[0] === "@") return html`<bdi class="sl-at">@${label || ctx.names.get(body.slice(1)) || body.slice(1)}</bdi>`;
  if (body[0] === "#") return html`<bdi class="sl-at">#${label || ctx.rooms.get(body.slice(1)) || body.slice(1)}</bdi>`;
  if (body[0] === "!") return html`<bdi class="sl-at">${label || `@${body.slice(1)}`}</bdi>`;
  if (/^(https?:\/\/|mailto:|tel:|slack:\/\/)/.test(body)) {
    return html`<${Place} ...${{ url: body, label: label || body }} />`;
  }
  return `<${unescape(given)}>`;
}

function split(given) {
  const at = given.indexOf("|");
  return at < 0 ? [unescape(given), ""] : [unescape(given.slice(0, at)), unescape(given.slice(at + 1))];
}

function date(given, ctx) {
  const found = DATE.exec(given);
  if (!found) return unescape(`<${given}>`);
  const moment = new Date(Number(found[1]) * 1000);
  if (Number.isNaN(moment.getTime())) return unescape(found[4]);
  const shown = stamp(found[1], unescape(found[2]), ctx);
  return html`<time class="sl-date" datetime=${moment.toISOString()} title=${exact(moment, ctx.zone)}><bdi>${shown}</bdi></time>`;
}

function plainTokens(words, ctx) {
  return words.replace(TOKEN, (_, given) => {
    const [body, label] = split(given);
    const found = DATE.exec(given);
    if (found) return stamp(found[1], unescape(found[2]), ctx);
    if (body[0] === "@") return `@${label || ctx.names.get(body.slice(1)) || body.slice(1)}`;
    return label || body;
  });
}

/** Draw a text object of Block Kit: mrkdwn, or plain text as it is. */
export function Words({ object, ctx }) {
  if (!object) return "";
  if (object.type === "mrkdwn") return html`<${Mrkdwn} text=${object.text} ctx=${ctx} verbatim=${object.verbatim} />`;
  return object.text.split("\n").map((each) => html`<span class="sl-line" dir="auto">${each}</span>`);
}

/** Give a text object as one line of plain words, for labels. */
export const label = (object) => (object?.type === "mrkdwn" ? unescape(object.text) : object?.text) || "";

const STRONG = /\p{Script=Arabic}|\p{Script=Hebrew}|\u200f|\p{L}/u;
const RTL = /\p{Script=Arabic}|\p{Script=Hebrew}|\u200f/u;

/** Give the direction of a text by its first strong letter, for what stands around its lines, such as buttons. */
export function direction(words) {
  const first = STRONG.exec(String(words).replace(TOKEN, ""));
  return first && RTL.test(first[0]) ? "rtl" : "ltr";
}
