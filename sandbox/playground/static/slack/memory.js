// What the page keeps of each person's Slack besides what the sandbox tells: drafts, what was read, what is unfolded.

const kept = new Map();
let seen = load();

/** Give what was kept under a name, or `otherwise`. */
export const recall = (name, otherwise) => (kept.has(name) ? kept.get(name) : otherwise);

/** Keep something until the page is closed; an empty text is forgotten. */
export function remember(name, value) {
  if (value === "" || value === undefined) kept.delete(name);
  else kept.set(name, value);
}

/** Forget everything whose name begins so. */
export function forget(start) {
  for (const name of [...kept.keys()]) if (name.startsWith(start)) kept.delete(name);
}

function load() {
  try {
    return new Map(Object.entries(JSON.parse(sessionStorage.getItem("slack-seen")) || {}));
  } catch {
    return new Map();
  }
}

function save() {
  try {
    sessionStorage.setItem("slack-seen", JSON.stringify(Object.fromEntries(seen)));
  } catch {
    // without storage, a reloaded page shows the dots again
  }
}

const newest = (chat) => chat.messages.reduce((last, each) => Math.max(last, Number(each.id)), 0);

/** Count the messages of others that a person has not seen in a chat. */
export function unread(person, chat, me) {
  const mark = seen.get(`${person} ${chat.chat}`) || 0;
  const after = mark > newest(chat) ? 0 : mark; // a newer mark is of another world
  return chat.messages.filter((each) => Number(each.id) > after && each.user !== me).length;
}

/** Note that a person sees everything in a chat; say whether that is news. */
export function read(person, chat) {
  const name = `${person} ${chat.chat}`;
  const mark = newest(chat);
  if (seen.get(name) === mark) return false;
  seen.set(name, mark);
  save();
  return true;
}

/** Give the last message a person had seen in a chat, as a number. */
export const mark = (person, chat) => seen.get(`${person} ${chat}`) || 0;
