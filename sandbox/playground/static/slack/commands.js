// The words of /cop (conversation, command map), as the composer offers them. What a person may not use says so itself.
export const WORDS = [
  ["home", "what waits for you, what comes next"],
  ["meetings", "coming meetings with your reply"],
  ["my", "your replies, to look at or change"],
  ["feedback", "open questions about a meeting"],
  ["settings", "language, time zone, quiet hours"],
  ["language", "choose one of five languages"],
  ["zone", "choose your time zone"],
  ["privacy", "what is kept about you, and your rights"],
  ["stop", "no more messages, at once"],
  ["resume", "start messages again"],
  ["join", "join with an invitation code", "CODE"],
  ["about", "the programme and its contact"],
  ["help", "all words, by what you want to do"],
  ["desk", "organisers: everything at a glance"],
  ["meeting new", "organisers: plan a meeting"],
  ["meeting status", "organisers: replies in numbers", "M6"],
  ["meeting roster", "organisers: names by reply", "M6"],
  ["meeting preview", "organisers: who gets what, and when", "M6"],
  ["meeting invite", "organisers: send invitations", "M6"],
  ["meeting nudge", "organisers: remind those without reply", "M6"],
  ["meeting edit", "organisers: change a meeting", "M6"],
  ["meetings list", "organisers: all meetings"],
  ["members", "organisers: the members and who is reachable"],
];

/** Give the words that fit what stands in the composer, `/…` only: `[{words, about, argument}]`. */
export function suggestions(text, command) {
  if (!text.startsWith("/") || text.includes("\n")) return [];
  const [typed, ...rest] = text.split(/\s+/);
  const whole = rest.join(" ").toLowerCase();
  if (!rest.length && !command.startsWith(typed.toLowerCase())) return [];
  if (rest.length && typed.toLowerCase() !== command) return [];
  const fits = WORDS.filter(([words]) => words.startsWith(whole) || (whole.length > 2 && words.includes(whole)));
  return fits.map(([words, about, argument]) => ({ words, about, argument })).filter((each) => each.words !== whole.trim() || each.argument);
}
