// What stands in an element: read from the state Slack keeps, judged as Slack's client does before it is sent.
import { wall } from "./dates.js";

const PATTERNS = {
  email_text_input: [/^[^@\s]+@[^@\s]+\.[^@\s]+$/, "Please enter an e-mail address."],
  url_text_input: [/^https?:\/\/\S+$/, "Please enter a link that starts with https:// or http://."],
  number_input: [/^-?\d+(\.\d+)?$/, "Please enter a number."],
};

const one = (option) => (option ? option.value : "");

/** Give the value of an element for its control: a text, an option's value, a list of values, or a wall time. */
export function valueOf(element, kept, zone) {
  const type = element.type;
  if (type === "datetimepicker") {
    const seconds = kept ? kept.selected_date_time : element.initial_date_time;
    return seconds ? wall(seconds, zone) : "";
  }
  if (type === "file_input") return kept?.files?.map((each) => each.id) || [];
  if (type.endsWith("external_select")) {
    return kept ? kept.selected_option || kept.selected_options || "" : element.initial_option || element.initial_options || "";
  }
  if (kept) {
    const value = kept.value ?? kept.selected_date ?? kept.selected_time ?? kept.selected_user ?? kept.selected_conversation ?? kept.selected_channel;
    const many = kept.selected_options || kept.selected_users || kept.selected_conversations || kept.selected_channels;
    if (many) return many.map((each) => each.value ?? each);
    return value ?? one(kept.selected_option);
  }
  const many = element.initial_options || element.initial_users || element.initial_conversations || element.initial_channels;
  if (many) return many.map((each) => each.value ?? each);
  if (type === "checkboxes" || type.startsWith("multi_")) return [];
  const first = element.initial_value ?? element.initial_date ?? element.initial_time ?? element.initial_user;
  return first ?? element.initial_conversation ?? element.initial_channel ?? one(element.initial_option);
}

const empty = (value) => value === "" || value === undefined || value === null || value.length === 0;

/** Say what Slack's client would not let pass, in a sentence; empty if nothing. */
export function wrongWith(block, value) {
  const element = block.element;
  if (empty(value)) return block.optional ? "" : "Please complete this required field.";
  if (Array.isArray(value)) {
    const most = element.max_selected_items;
    return most && value.length > most ? `Please choose at most ${most}.` : "";
  }
  if (typeof value !== "string") return "";
  const least = element.min_length || 0;
  const most = element.max_length || 3000;
  if (value.length < least) return `Please write at least ${least} characters; this is ${value.length}.`;
  if (element.type.endsWith("text_input") && value.length > most) return `That is ${value.length} characters; at most ${most} fit.`;
  const pattern = PATTERNS[element.type];
  if (pattern && !pattern[0].test(value)) return pattern[1];
  return element.type === "number_input" ? outside(element, value) : "";
}

function outside(element, value) {
  if (!element.is_decimal_allowed && value.includes(".")) return "Please enter a whole number.";
  const [low, high] = [element.min_value, element.max_value];
  const below = low !== undefined && Number(value) < Number(low);
  const above = high !== undefined && Number(value) > Number(high);
  if (!below && !above) return "";
  if (low !== undefined && high !== undefined) return `Please enter a number from ${low} to ${high}.`;
  return below ? `Please enter ${low} or more.` : `Please enter ${high} or less.`;
}

/** Give the options of a choice, groups flattened: `[{label, value, description, group}]`. */
export function optionsOf(element, ctx) {
  if (element.type.includes("users_select")) {
    const there = ctx.people.filter((each) => each.slack?.team === ctx.team.id);
    return there.map((each) => ({ label: each.name, value: each.slack.user }));
  }
  if (element.type.includes("channels_select") || element.type.includes("conversations_select")) {
    return [...ctx.rooms].map(([id, name]) => ({ label: `#${name}`, value: id }));
  }
  const groups = element.option_groups || [{ options: element.options || [] }];
  return groups.flatMap((group) => group.options.map((each) => ({
    label: each.text.text, value: each.value, text: each.text, description: each.description, group: group.label?.text,
  })));
}
