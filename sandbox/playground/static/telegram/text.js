// Formatted text: entities with UTF-16 offsets become elements, line by line, each in its own direction.
import { html, useState } from "../vendor/ui.js";
import { direction, drawnTime, inFull, startPayload, webAddress } from "./words.js";

const FOUND = new RegExp(
  [
    "(?<url>https?://[^\\s<>\"“”«»]*[^\\s<>\"“”«».,;:!?)\\]}'’])",
    "(?<email>[\\w.+-]+@[\\w-]+(?:\\.[\\w-]+)+)",
    "(?<![^\\s(])(?<command>/[a-zA-Z0-9_]{1,32}(?:@[a-zA-Z0-9_]{3,32})?)(?![\\w@/])",
    "(?<![^\\s(])(?<mention>@[a-zA-Z0-9_]{4,32})(?!\\w)",
  ].join("|"),
  "g",
);
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);
const TAGS = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code" };
const ends = (entity) => entity.offset + entity.length;

/** Draw a text; `does` has `command(text)` and `link(url)`. */
export function Formatted({ text, entities = [], base, zone, language, now, username, does }) {
  const [open, setOpen] = useState(false);
  const ctx = { text, zone, language, now, username, does, base, open, reveal: () => setOpen(true) };
  const blocks = entities.filter((each) => BLOCKS.has(each.type)).sort((a, b) => a.offset - b.offset);
  const inline = entities
    .filter((each) => !BLOCKS.has(each.type))
    .sort((a, b) => a.offset - b.offset || b.length - a.length);
  const parts = [];
  let at = 0;
  for (const block of blocks) {
    if (block.offset < at) continue;
    if (block.offset > at) parts.push(lines(ctx, at, block.offset, inline, true));
    parts.push(drawBlock(ctx, block, inline));
    at = ends(block);
    if (text[at] === "\n") at += 1;
  }
  if (at < text.length) parts.push(lines(ctx, at, text.length, inline, false));
  return html`<div class="tg-text">${parts}</div>`;
}

function drawBlock(ctx, block, inline) {
  if (block.type === "pre") {
    const words = ctx.text.slice(block.offset, ends(block));
    return html`<pre dir=${direction(words)} tabindex="0" aria-label=${block.language ? `Code, ${block.language}` : "Code"}>${words}</pre>`;
  }
  const inside = lines(ctx, block.offset, ends(block), inline, false);
  return block.type === "expandable_blockquote" ? html`<${Quote}>${inside}<//>` : html`<blockquote>${inside}</blockquote>`;
}

function Quote({ children }) {
  const [open, setOpen] = useState(false);
  return html`<blockquote class=${open ? "" : "tg-clamp"}>
    <div>${children}</div>
    <button type="button" class="tg-plain" aria-expanded=${String(open)} onClick=${() => setOpen(!open)}>${open ? "Show less" : "Show all"}</button>
  </blockquote>`;
}

/** Draw the lines between two offsets; a line break just before a block belongs to the block. */
function lines(ctx, from, to, entities, beforeBlock) {
  const made = [];
  let start = from;
  const end = beforeBlock && ctx.text[to - 1] === "\n" ? to - 1 : to;
  while (start <= end) {
    const found = ctx.text.indexOf("\n", start);
    const stop = found < 0 || found > end ? end : found;
    const words = ctx.text.slice(start, stop);
    made.push(
      words.trim()
        ? html`<p dir=${direction(words, ctx.base)}>${range(ctx, start, stop, clip(entities, start, stop), false)}</p>`
        : html`<p class="tg-gap" aria-hidden="true"></p>`,
    );
    start = stop + 1;
  }
  return made;
}

/** Keep what lies between two offsets of entities that reach into it. */
function clip(entities, from, to) {
  return entities
    .filter((each) => each.offset < to && ends(each) > from)
    .map((each) => {
      const offset = Math.max(each.offset, from);
      return { ...each, offset, length: Math.min(ends(each), to) - offset };
    });
}

/** Draw a range of a line: entities within entities, plain text between them. */
function range(ctx, from, to, entities, bare) {
  const made = [];
  let at = from;
  let rest = entities;
  while (rest.length) {
    const [first, ...others] = rest;
    const stop = ends(first);
    if (first.offset > at) made.push(...plain(ctx, ctx.text.slice(at, first.offset), bare));
    const inside = clip(others, first.offset, stop);
    made.push(wrap(ctx, first, inside, bare));
    at = stop;
    rest = clip(others, stop, to).sort((a, b) => a.offset - b.offset || b.length - a.length);
  }
  if (at < to) made.push(...plain(ctx, ctx.text.slice(at, to), bare));
  return made;
}

function wrap(ctx, entity, others, bare) {
  const words = ctx.text.slice(entity.offset, ends(entity));
  const inside = (still) => range(ctx, entity.offset, ends(entity), others, still);
  const tag = TAGS[entity.type];
  if (tag) return html`<${tag}>${inside(bare || tag === "code")}<//>`;
  switch (entity.type) {
    case "text_link":
      return link(ctx, entity.url, inside(true), words);
    case "url":
      return link(ctx, /^[a-z]+:/i.test(words) ? words : `https://${words}`, inside(true), words);
    case "bot_command":
      return command(ctx, words);
    case "mention":
    case "text_mention":
    case "hashtag":
    case "cashtag":
    case "email":
    case "phone_number":
      return html`<span class="tg-mention">${inside(true)}</span>`;
    case "date_time":
      return time(ctx, entity, words);
    case "spoiler":
      return ctx.open
        ? html`<span class="tg-shown">${inside(bare)}</span>`
        : html`<button type="button" class="tg-spoiler" aria-label="Hidden text, tap to show" onClick=${ctx.reveal}><span aria-hidden="true">${words}</span></button>`;
    default:
      return html`<span>${inside(bare)}</span>`;
  }
}

function time(ctx, entity, words) {
  const at = entity.unix_time * 1000;
  const drawn = drawnTime(entity, ctx.zone, ctx.language, ctx.now);
  let full = "";
  try {
    full = new Date(at).toISOString();
  } catch {
    return words;
  }
  return html`<time class="tg-when" datetime=${full} title=${`${inFull(at, ctx.zone)}, ${ctx.zone}`}><bdi>${drawn || words}</bdi></time>`;
}

/** Draw a link with the real host beside words that do not name it; an address that must not open stays text. */
function link(ctx, url, inside, words) {
  const parts = webAddress(url);
  if (!parts && startPayload(url, ctx.username) === null) return html`<span title=${url}>${inside}</span>`;
  const host = parts ? parts.host : "t.me";
  const named = words.toLowerCase().includes(host.toLowerCase());
  return html`<a href=${url} title=${url} rel="noopener noreferrer" onClick=${(event) => {
    event.preventDefault();
    ctx.does.link(url);
  }}>${inside}</a>${named ? "" : html`<small class="tg-host" dir="ltr"> (${host})</small>`}`;
}

const command = (ctx, words) =>
  html`<button type="button" class="tg-cmd" dir="ltr" onClick=${() => ctx.does.command(words)}>${words}</button>`;

/** Find what apps make of plain text: addresses, commands, mentions. */
function plain(ctx, words, bare) {
  if (bare) return [words];
  const made = [];
  let at = 0;
  for (const found of words.matchAll(FOUND)) {
    if (found.index > at) made.push(words.slice(at, found.index));
    const { url, command: said } = found.groups;
    if (url) made.push(link(ctx, url, url, url));
    else if (said) made.push(command(ctx, said));
    else made.push(html`<span class="tg-mention">${found[0]}</span>`);
    at = found.index + found[0].length;
  }
  if (at < words.length) made.push(words.slice(at));
  return made;
}
