// One sentence for every notice that a person watching the demo cares about; the rest stays on the board.

import { clockText, h } from "./dom.js";

const KEPT = 60;
const first = (name) => (name ?? "").split(" ")[0];
const clip = (text, length = 70) => {
  const flat = (text ?? "").replace(/\s+/g, " ").trim();
  return flat.length > length ? `${flat.slice(0, length - 1)}…` : flat;
};
const OUTAGE = {
  none: "works again",
  down: "is down",
  slow: "is slow",
  rate_limited: "limits the rate",
  revoked: "revoked the token",
  blocked: "refuses direct messages",
};
export const PLATFORM = {
  slack: "Slack",
  teams: "Teams",
  telegram: "Telegram",
  twilio: "SMS",
  vonage: "Vonage",
  twilio_voice: "Calls",
  smtp: "E-mail",
  playground: "Tocsin",
};

/** `[tone, sentence]`, or null for a notice that is not worth a line. `names` resolves ids of the platforms. */
function sentence({ platform, kind, data }, names) {
  if (kind === "outage") return [data.outage === "none" ? "good" : "bad", OUTAGE[data.outage] ?? data.outage];
  if (kind === "clock") return ["", `the clock moved ${duration(data.advance_s)} ahead`];
  if (kind === "sample") return ["bad", `alert sent: ${names.sample(data.name)}`];
  return { slack, teams, telegram, twilio, vonage: exchange, twilio_voice: exchange, smtp }[platform]?.(kind, data, names) ?? null;
}

function slack(kind, data, names) {
  const place = data.channel && names.slackChat(data.channel.id ?? data.channel);
  const by = (id) => first(names.slackUser(id)) || "someone";
  const what = (message) => clip(bare(message?.text || message?.attachments?.[0]?.fallback || "", by), 60);
  switch (kind) {
    case "message":
      return data.message.bot_id
        ? ["", `${place}: ${what(data.message) || "a card"}`]
        : ["human", `${by(data.message.user)} in ${place}: ${what(data.message)}`];
    case "update":
      return ["", `${place}: card updated`];
    case "ephemeral":
      return ["", `a note for ${by(data.user)}: ${what(data.message)}`];
    case "view":
      return ["human", `a form opened for ${by(data.user)}`];
    case "callback":
      return callback(data.payload, by);
    case "trouble":
      return ["bad", `${data.what} failed: ${clip(data.seen ?? data.reason)}`];
    case "refused":
      return ["bad", `refused: ${clip(data.error ?? data.code)}`];
    default:
      return null;
  }
}

/** Slack's mrkdwn as one plain line. */
function bare(text, by) {
  return text
    .replace(/<@(\w+)[^>]*>/g, (whole, id) => `@${by(id)}`)
    .replace(/<[^|>]*\|([^>]*)>/g, "$1")
    .replace(/<([^>]*)>/g, "$1")
    .replace(/[*`~]|:[a-z0-9_]+:/g, "")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&amp;/g, "&");
}

function callback(payload, by) {
  if (payload.type === "block_actions") {
    const action = payload.actions[0];
    const label = action.text?.text ?? action.selected_option?.text?.text ?? action.action_id;
    return ["human", `${by(payload.user.id)} pressed ${label}`];
  }
  if (payload.type === "view_submission")
    return ["human", `${by(payload.user.id)} sent the form ${payload.view.title.text}`];
  if (payload.command) return ["human", `${by(payload.user_id)} typed ${payload.command} ${payload.text}`];
  return null;
}

function telegram(kind, data, names) {
  const chat = names.telegramChat(data.chat_id ?? data.message?.chat?.id);
  const by = (id) => first(names.telegramUser(id)) || "someone";
  switch (kind) {
    case "message":
      return data.message?.from?.is_bot === false
        ? ["human", `${by(data.message.from.id)} in ${chat}: ${clip(data.message.text, 50)}`]
        : ["", `${chat}: ${clip(data.message?.text, 60)}`];
    case "update":
      return ["", `${chat}: card updated`];
    case "callback":
      return data.kind === "callback_query"
        ? ["human", `${by(data.payload.callback_query.from.id)} pressed ${pressed(data.payload.callback_query)}`]
        : null;
    case "toast":
      return data.text ? ["", clip(data.text)] : null;
    case "trouble":
      return ["bad", clip(data.seen ?? data.reason ?? data.what)];
    case "refused":
      return ["bad", `refused: ${clip(data.error)}`];
    default:
      return null;
  }
}

function teams(kind, data, names) {
  const place = names.teamsChat(data.conversation);
  const by = (id) => first(names.teamsUser(id)) || "someone";
  switch (kind) {
    case "message":
      return data.message.from.role === "bot"
        ? ["", `${place}: ${clip(data.message.summary ?? data.message.text, 60)}`]
        : ["human", `${first(data.message.from.name)} in ${place}: ${clip(data.message.text, 50)}`];
    case "update":
      return ["", `${place}: card updated`];
    case "dialog":
      return ["human", `a form opened for ${by(data.user)}`];
    case "callback":
      return data.payload.type === "invoke" && data.kind === "adaptiveCard/action"
        ? ["human", `${first(data.payload.from.name)} pressed ${data.payload.value.action.title}`]
        : null;
    case "toast":
      return ["", clip(data.text)];
    case "trouble":
      return ["bad", clip(data.why ?? data.seen)];
    case "refused":
      return ["bad", `refused: ${clip(data.error)}`];
    default:
      return null;
  }
}

function pressed({ message, data }) {
  const buttons = message.reply_markup?.inline_keyboard?.flat() ?? [];
  return buttons.find((button) => button.callback_data === data)?.text ?? "a button";
}

function twilio(kind, data) {
  const who = first(data.name) || data.to;
  switch (kind) {
    case "message":
      return data.direction === "inbound"
        ? ["human", `a text from ${data.from}: ${clip(data.body, 50)}`]
        : ["", `to ${who}: ${clip(data.body, 50)}`];
    case "delivered":
      return ["good", `delivered to ${who}`];
    case "undelivered":
    case "failed":
      return ["bad", `not delivered to ${who}: ${data.error_message}`];
    case "refused":
    case "debugger":
      return ["bad", `${data.code} ${clip(data.message)}`];
    case "power":
      return [data.on ? "good" : "bad", `${who}’s phone is ${data.on ? "on" : "off"}`];
    case "callback_failed":
      return ["bad", "a status callback was not accepted"];
    default:
      return null;
  }
}

/** A vendor of texts or calls that names its errors itself; its own power switch says nothing that Twilio's does not. */
function exchange(kind, data) {
  const who = first(data.name) || data.to;
  switch (kind) {
    case "text":
      return ["", `to ${who}: ${clip(data.said, 50)}`];
    case "call":
      return ["bad", `${who}’s phone rings`];
    case "missed":
      return ["bad", `nobody answered at ${who}`];
    case "answered":
    case "listening":
      return ["human", data.key ? `key ${data.key} pressed at ${who}` : `${who} answered, and pressed no key`];
    case "delivered":
      return ["good", `delivered to ${who}`];
    case "undelivered":
      return ["bad", `not delivered to ${who}`];
    case "refused":
      return ["bad", `${data.code} ${clip(data.detail)}`];
    default:
      return null;
  }
}

function smtp(kind, data) {
  if (kind === "mail") return ["good", `to ${first(data.name)}: ${clip(data.subject, 60)}`];
  if (kind === "refused") return ["bad", `${clip(data.answer)}`];
  return null;
}

function duration(seconds) {
  return seconds >= 3600 ? `${seconds / 3600} h` : seconds >= 60 ? `${seconds / 60} min` : `${seconds} s`;
}

export function mountTicker(root, names) {
  return function add(notice) {
    const line = sentence(notice, names);
    if (!line) return;
    const [tone, text] = line;
    root.prepend(
      h(
        "li",
        { class: tone, data: { testid: "ticker-item", platform: notice.platform, kind: notice.kind }, title: text },
        h("time", {}, clockText(notice.at)),
        h("b", {}, PLATFORM[notice.platform] ?? notice.platform),
        h("span", {}, text),
      ),
    );
    while (root.childElementCount > KEPT) root.lastChild.remove();
  };
}
