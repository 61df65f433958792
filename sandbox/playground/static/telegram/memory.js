// What the page remembers of each person's app: drafts, and how far every chat was read. Kept for this browser tab.

const STORE = "telegram-read";
const drafts = new Map();
const toasts = new Map();
let read = load();

function load() {
  try {
    return JSON.parse(sessionStorage.getItem(STORE)) || {};
  } catch {
    return {};
  }
}

/** Give what was typed and not sent. */
export const draftOf = (key) => drafts.get(key) || "";

/** Keep what is being typed. */
export function keepDraft(key, text) {
  if (text) drafts.set(key, text);
  else drafts.delete(key);
}

const lastOf = (chat) => Number(chat.messages.at(-1)?.id || 0);

/** Give the messages of others that a person has not seen in a chat. */
export function unreadOf(person, chat) {
  const mark = read[`${person.id} ${chat.chat}`] || 0;
  const own = Number(chat.messages.findLast((message) => message.who === "own" && !message.service)?.id || 0);
  const seen = Math.max(own, mark > lastOf(chat) ? 0 : mark); // a mark beyond the end: the world began anew
  return chat.messages.filter((message) => Number(message.id) > seen && message.who !== "own" && !message.service);
}

/** Note that a person has seen a chat; give whether that changed anything. */
export function markRead(person, chat) {
  const key = `${person.id} ${chat.chat}`;
  if (read[key] === lastOf(chat)) return false;
  read = { ...read, [key]: lastOf(chat) };
  try {
    sessionStorage.setItem(STORE, JSON.stringify(read));
  } catch {
    // without storage the dots come back after a reload
  }
  return true;
}

/** Give the notes of a chat that were not shown yet; those from before the page looked first are not shown at all. */
export function newToasts(person, chat) {
  const key = `${person.id} ${chat.chat}`;
  const before = toasts.get(key);
  toasts.set(key, chat.toasted);
  if (before === undefined || chat.toasted <= before) return [];
  return chat.toasts.slice(-(chat.toasted - before));
}
