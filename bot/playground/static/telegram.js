// A Telegram-like window, drawn from the Message objects that the Bot API returned.

import { avatar, bell, clockText, composer, h, keepAtEnd, keyed } from "./dom.js";
import { formatted } from "./entities.js";

const list = (value) => (Array.isArray(value) ? value : Object.values(value ?? {}));
export const fullName = (user) => [user?.first_name, user?.last_name].filter(Boolean).join(" ");

export function mountTelegram(root, app) {
  const view = { chat: null, seen: new Map(), state: null, replyTo: null, dismissed: new Set() };
  const nav = h("nav", { class: "t-nav" });
  const title = h("header", { class: "t-title" });
  const messages = h("div", { class: "t-messages", data: { testid: "telegram-messages" } });
  const replying = h("div", { class: "t-replying", hidden: true });
  const toast = h("div", { class: "t-toast", hidden: true, role: "status", data: { testid: "telegram-toast" } });
  const write = composer({ testid: "telegram-composer", placeholder: "Message, or /toc who", send: say });
  root.append(nav, h("div", { class: "t-main" }, title, messages, toast, replying, write.form));

  async function say(text) {
    const user = app.me().telegram;
    if (!user) return app.note(`${app.me().name} has no Telegram account here.`);
    const done = await app.act("telegram", "say", { text, user, chat_id: view.chat, ...(view.replyTo ? { reply_to: view.replyTo.message_id } : {}) });
    if (done && view.replyTo) { view.dismissed.add(view.replyTo.message_id); view.replyTo = null; }
    render(view.state);
    return done;
  }

  function chats(state) {
    return list(state.chats).map((chat) => ({
      ...chat, name: chat.title ?? (fullName(chat) || fullName(list(state.users).find((user) => user.id === chat.id)) || String(chat.id)),
      direct: chat.type === "private", messages: list(chat.messages),
    }));
  }

  function render(state, moved = false) {
    view.state = state;
    const all = chats(state);
    if (!view.seen.size) all.forEach((chat) => view.seen.set(chat.id, chat.messages.at(-1)?.message_id ?? 0));
    if (!all.some((chat) => chat.id === view.chat)) view.chat = (all.find((chat) => !chat.direct && chat.messages.length) ?? all.find((chat) => chat.messages.length) ?? all[0])?.id;
    const current = all.find((chat) => chat.id === view.chat);
    if (!current) return;
    if (root.offsetParent) view.seen.set(current.id, current.messages.at(-1)?.message_id ?? 0);
    drawNav(all);
    title.replaceChildren(avatar(current.name), h("div", {}, h("b", {}, current.name), h("small", {}, describe(current))));
    keepAtEnd(messages, () => keyed(messages, current.messages, (one) => String(one.message_id), (one, changed) => bubble(one, current, changed), (one) => JSON.stringify([one, app.me().key])), moved);
    drawForceReply(current);
  }

  const describe = (chat) => (chat.direct ? "with the Tocsin bot" : `${chat.member_count ?? list(chat.members).length ?? ""} members`.trim());

  function drawNav(all) {
    nav.replaceChildren(...all.map((chat) => {
      const unread = chat.messages.filter((one) => one.message_id > (view.seen.get(chat.id) ?? 0) && one.from?.is_bot).length;
      return h("button", {
        class: `t-chat ${chat.id === view.chat ? "current" : ""}`, type: "button", title: chat.name, data: { testid: `telegram-chat-${chat.id}`, name: chat.name },
        on: { click: () => {
          view.chat = chat.id;
          if (chat.direct) app.become((person) => person.telegram === chat.id);
          render(view.state, true);
        } },
      }, avatar(chat.name), h("span", {}, chat.name), unread > 0 && h("b", { class: "count" }, String(unread)));
    }));
    app.badge("telegram", nav.querySelectorAll(".count").length);
  }

  function bubble(message, chat, changed) {
    const mine = message.from?.id === app.me().telegram;
    const bot = Boolean(message.from?.is_bot);
    const service = serviceText(message);
    if (service) return h("div", { class: "t-service", data: { testid: "telegram-service", messageId: message.message_id } }, service);
    const quoted = message.reply_to_message;
    return h("article", {
      class: `t-message ${mine ? "mine" : ""} ${changed ? "flash" : "fresh"}`, data: { testid: "telegram-message", messageId: message.message_id, chatId: chat.id },
    },
    !mine && !chat.direct && (bot ? bell("small") : avatar(fullName(message.from), "small")),
    h("div", { class: "t-column" },
      h("div", { class: "t-bubble" },
        !mine && !chat.direct && h("b", { class: "t-author" }, bot ? "Tocsin" : fullName(message.from)),
        quoted && h("div", { class: "t-quoted" }, h("b", {}, quoted.from?.is_bot ? "Tocsin" : fullName(quoted.from)), h("span", {}, quoted.text ?? "")),
        h("div", { class: "t-text" }, formatted(message.text ?? message.caption ?? "", message.entities ?? message.caption_entities)),
        h("span", { class: "t-time" }, message.edit_date && "edited ", clockText(message.date))),
      message.reply_markup?.inline_keyboard && keyboard(message, chat)));
  }

  function keyboard(message, chat) {
    return h("div", { class: "t-keyboard" }, message.reply_markup.inline_keyboard.map((row) => h("div", {}, row.map((button) => h("button", {
      type: "button", class: button.style ?? "", data: { callback: button.callback_data, testid: "telegram-button" },
      on: { click: (event) => press(event.currentTarget, button, message, chat) },
    }, button.text, button.url && h("i", {}, "↗"))))));
  }

  async function press(node, button, message, chat) {
    if (button.url) return window.open(button.url, "_blank", "noopener");
    if (button.copy_text) return navigator.clipboard?.writeText(button.copy_text.text);
    const user = app.me().telegram;
    if (!user) return app.note(`${app.me().name} has no Telegram account here.`);
    node.classList.add("busy");
    const done = await app.act("telegram", "press", { chat_id: chat.id, message_id: message.message_id, callback_data: button.callback_data, user });
    node.classList.remove("busy");
    const answer = done?.answer ?? done?.toast ?? done;
    if (answer?.text) showToast(answer.text, answer.show_alert);
    return undefined;
  }

  let timer = 0;

  /** The answer to a press: a toast that goes, or an alert that waits for OK. */
  function showToast(text, alert) {
    clearTimeout(timer);
    toast.className = `t-toast ${alert ? "alert" : ""}`;
    toast.replaceChildren(h("span", {}, text), alert ? h("button", { type: "button", data: { testid: "telegram-alert-ok" }, on: { click: () => { toast.hidden = true; } } }, "OK") : "");
    toast.hidden = false;
    if (!alert) timer = setTimeout(() => { toast.hidden = true; }, 6000);
  }

  /** A force_reply addressed to the person at the screen puts its question above the composer. */
  function drawForceReply(chat) {
    const me = app.me().telegram;
    const asked = chat.messages.findLast((one) => one.reply_markup?.force_reply);
    const answered = asked && chat.messages.some((one) => one.reply_to_message?.message_id === asked.message_id);
    const meant = asked && (!asked.reply_markup.selective || chat.direct || addressed(asked, me));
    view.replyTo = asked && meant && !answered && !view.dismissed.has(asked.message_id) ? asked : null;
    replying.hidden = !view.replyTo;
    if (!view.replyTo) { write.input.placeholder = "Message, or /toc who"; return; }
    write.input.placeholder = asked.reply_markup.input_field_placeholder ?? "Your answer";
    replying.replaceChildren(h("div", {}, h("b", {}, "Reply to Tocsin"), h("span", {}, asked.text)), h("button", {
      type: "button", class: "close", "aria-label": "Do not reply", on: { click: () => { view.dismissed.add(asked.message_id); render(view.state); } } }, "✕"));
  }

  const addressed = (asked, me) => asked.reply_to_message?.from?.id === me || (asked.entities ?? []).some((entity) => entity.user?.id === me);

  return { render };
}

function serviceText(message) {
  if (message.forum_topic_created) return `Topic “${message.forum_topic_created.name}” was opened`;
  if (message.forum_topic_closed) return "The topic was closed";
  if (message.pinned_message) return "Tocsin pinned a message";
  if (message.new_chat_members) return `${message.new_chat_members.map(fullName).join(", ")} joined`;
  return null;
}
