// Slack's mrkdwn as DOM nodes: https://docs.slack.dev/messaging/formatting-message-text
// Text is escaped by the sender as &amp; &lt; &gt;; everything in <…> is a mention, a date or a link.

import { h, link } from "./dom.js";

const EMOJI = {
  rotating_light: "🚨",
  bell: "🔔",
  no_bell: "🔕",
  fire: "🔥",
  warning: "⚠️",
  white_check_mark: "✅",
  heavy_check_mark: "✔️",
  x: "❌",
  red_circle: "🔴",
  large_orange_circle: "🟠",
  large_yellow_circle: "🟡",
  large_blue_circle: "🔵",
  large_green_circle: "🟢",
  white_circle: "⚪",
  black_circle: "⚫",
  eyes: "👀",
  hourglass: "⌛",
  hourglass_flowing_sand: "⏳",
  zzz: "💤",
  alarm_clock: "⏰",
  clock1: "🕐",
  speech_balloon: "💬",
  memo: "📝",
  pushpin: "📌",
  link: "🔗",
  telephone_receiver: "📞",
  iphone: "📱",
  email: "📧",
  envelope: "✉️",
  arrow_up: "⬆️",
  arrow_double_up: "⏫",
  arrow_right: "➡️",
  busts_in_silhouette: "👥",
  bust_in_silhouette: "👤",
  wrench: "🔧",
  tada: "🎉",
  checkered_flag: "🏁",
  information_source: "ℹ️",
  wave: "👋",
  calendar: "📅",
  chart_with_upwards_trend: "📈",
  fast_forward: "⏩",
  repeat: "🔁",
  mega: "📣",
  lock: "🔒",
  thumbsup: "👍",
  "+1": "👍",
  bulb: "💡",
};

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };
const unescape = (text) => text.replace(/&(amp|lt|gt);/g, (entity) => ENTITIES[entity]);

/** What mentions and dates need: `user(id)`, `channel(id)` → name, `now` in seconds. */
export function mrkdwn(text, names) {
  const blocks = [];
  for (const [index, part] of text.split(/```/).entries()) {
    if (index % 2) blocks.push(h("pre", {}, unescape(part.replace(/^\n/, ""))));
    else blocks.push(...paragraphs(part, names));
  }
  return blocks;
}

/** `plain_text`: only :emoji: is special. */
export const plain = (text) => emoji(text);

function paragraphs(text, names) {
  const out = [];
  let quoted = [];
  const flush = () => {
    if (quoted.length) out.push(h("blockquote", {}, inline(quoted.join("\n"), names)));
    quoted = [];
  };
  const lines = text.split("\n");
  lines.forEach((line, index) => {
    const quote = /^(?:&gt;|>) ?(.*)$/.exec(line);
    if (quote) {
      quoted.push(quote[1]);
      return;
    }
    flush();
    out.push(...inline(line, names));
    if (index < lines.length - 1 && !/^(?:&gt;|>)/.test(lines[index + 1])) out.push(h("br"));
  });
  flush();
  return out;
}

const TOKEN = /(<[^<>\n]+>)|(`[^`\n]+`)|(?<![\p{L}\p{N}])(\*[^*\n]+\*|_[^_\n]+_|~[^~\n]+~)(?![\p{L}\p{N}])/gu;
const STYLES = { "*": "b", _: "i", "~": "s" };

function inline(text, names) {
  const out = [];
  let last = 0;
  for (const match of text.matchAll(TOKEN)) {
    out.push(...emoji(unescape(text.slice(last, match.index))));
    last = match.index + match[0].length;
    const [whole, angle, code, styled] = match;
    if (angle) out.push(reference(angle.slice(1, -1), names));
    else if (code) out.push(h("code", {}, unescape(code.slice(1, -1))));
    else if (styled) out.push(h(STYLES[whole[0]], {}, inline(whole.slice(1, -1), names)));
  }
  out.push(...emoji(unescape(text.slice(last))));
  return out;
}

function emoji(text) {
  return text
    ? [text.replace(/:([a-z0-9_+-]+):(?::skin-tone-\d:)?/g, (shortcode, name) => EMOJI[name] ?? shortcode)]
    : [];
}

function reference(body, names) {
  const [target, ...rest] = body.split("|");
  const label = rest.length ? unescape(rest.join("|")) : null;
  if (target.startsWith("@"))
    return h("span", { class: "mention" }, `@${names.user(target.slice(1)) ?? label ?? target.slice(1)}`);
  if (target.startsWith("#"))
    return h("span", { class: "mention" }, `#${names.channel(target.slice(1)) ?? label ?? target.slice(1)}`);
  if (target.startsWith("!date^")) return dateToken(target, label, names);
  if (target.startsWith("!subteam^")) return h("span", { class: "mention" }, label ?? `@${target.slice(9)}`);
  if (target.startsWith("!")) return h("span", { class: "mention loud" }, `@${target.slice(1)}`);
  return link(unescape(target), label ?? unescape(target).replace(/^mailto:/, ""));
}

// <!date^seconds^format^optional link|fallback>, shown in the reader's own time zone.
function dateToken(target, fallback, names) {
  const [, seconds, format, url] = target.split("^");
  const when = new Date(Number(seconds) * 1000);
  if (Number.isNaN(when.getTime())) return document.createTextNode(fallback ?? "");
  const text = unescape(format).replace(/\{(\w+)\}/g, (whole, name) => datePart(name, when, names.now) ?? whole);
  const node = h("time", { datetime: when.toISOString(), title: fallback ?? when.toString() }, text);
  return url ? link(url, node) : node;
}

function datePart(name, when, now) {
  const day = (options) => when.toLocaleDateString([], options);
  const pretty = (options) => relativeDay(when, now) ?? day(options);
  switch (name) {
    case "date_num":
      return when.toLocaleDateString("sv");
    case "date":
      return day({ month: "long", day: "numeric", year: "numeric" });
    case "date_short":
      return day({ month: "short", day: "numeric", year: "numeric" });
    case "date_long":
      return day({ weekday: "long", month: "long", day: "numeric", year: "numeric" });
    case "date_pretty":
      return pretty({ month: "long", day: "numeric", year: "numeric" });
    case "date_short_pretty":
      return pretty({ month: "short", day: "numeric", year: "numeric" });
    case "date_long_pretty":
      return pretty({ weekday: "long", month: "long", day: "numeric", year: "numeric" });
    case "time":
      return when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
    case "time_secs":
      return when.toLocaleTimeString([], { hour12: false });
    case "ago":
      return ago(now - when.getTime() / 1000);
    default:
      return null;
  }
}

function relativeDay(when, now) {
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const days = Math.round((midnight(when) - midnight(new Date(now * 1000))) / 86_400_000);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days];
}

function ago(seconds) {
  const minutes = Math.round(Math.abs(seconds) / 60);
  const text = minutes < 60 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
  return seconds >= 0 ? `${text} ago` : `in ${text}`;
}
