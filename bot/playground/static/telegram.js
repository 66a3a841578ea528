// A Telegram-like window, drawn from the Message objects that the Bot API returned.

import { avatar, bell, clockText, composer, h, keepAtEnd, keyed } from "./dom.js";
import { formatted } from "./entities.js";

const list = (value) => (Array.isArray(value) ? value : Object.values(value ?? {}));
export const fullName = (user) => [user?.first_name, user?.last_name].filter(Boolean).join(" ");

export function mountTelegram(root, app) {
  const view = { chat: null, topic: null, seen: new Map(), state: null, replyTo: null, dismissed: new Set() };
  const nav = h("nav", { class: "t-nav" });
  const title = h("header", { class: "t-title" });
  const messages = h("div", { class: "t-messages", data: { testid: "telegram-messages" } });
  const replying = h("div", { class: "t-replying", hidden: true });
  const topics = h("div", { class: "t-topics", hidden: true });
  const start = h(
    "button",
    {
      class: "t-start",
      type: "button",
      hidden: true,
      data: { testid: "telegram-start" },
      on: { click: () => app.act("telegram", "start", { user: view.chat }) },
    },
    "Start",
  );
  const toast = h("div", { class: "t-toast", hidden: true, role: "status", data: { testid: "telegram-toast" } });
  const write = composer({ testid: "telegram-composer", placeholder: "Message, or /toc who", send: say });
  root.append(nav, h("div", { class: "t-main" }, title, topics, messages, toast, replying, start, write.form));

  async function say(text) {
    const user = app.me().telegram;
    if (!user) return app.note(`${app.me().name} has no Telegram account here.`);
    const done = await app.act("telegram", "say", {
      text,
      user,
      chat_id: view.chat,
      ...(view.replyTo ? { reply_to: view.replyTo.message_id } : {}),
      ...(view.topic ? { message_thread_id: view.topic } : {}),
    });
    return done;
  }

  function chats(state) {
    const started = new Map(list(state.users).map((user) => [user.id, user.started]));
    return list(state.chats)
      .filter((chat) => chat.migrated_to == null)
      .map(({ members, messages: written, topics: threads, ...chat }) => ({
        id: chat.id,
        name: chat.title ?? fullName(chat),
        direct: chat.type === "private",
        members,
        topics: list(threads),
        messages: list(written),
        asleep: chat.type === "private" && !started.get(chat.id),
      }))
      .sort((a, b) => a.direct - b.direct);
  }

  function render(state, moved = false) {
    view.state = state;
    const all = chats(state);
    if (!view.seen.size) all.forEach((chat) => view.seen.set(chat.id, chat.messages.at(-1)?.message_id ?? 0));
    if (!all.some((chat) => chat.id === view.chat))
      view.chat = (
        all.find((chat) => !chat.direct && chat.messages.length) ??
        all.find((chat) => chat.messages.length) ??
        all[0]
      )?.id;
    const current = all.find((chat) => chat.id === view.chat);
    if (!current) return;
    if (root.offsetParent) view.seen.set(current.id, current.messages.at(-1)?.message_id ?? 0);
    drawNav(all);
    drawTopics(current);
    start.hidden = !current.asleep || app.me().telegram !== current.id;
    write.form.hidden = !start.hidden;
    drawForceReply(current);
    const shown = current.messages.filter((one) => !view.topic || one.message_thread_id === view.topic);
    title.replaceChildren(
      avatar(current.name),
      h("div", {}, h("b", {}, current.name), h("small", {}, describe(current))),
    );
    keepAtEnd(
      messages,
      () =>
        keyed(
          messages,
          shown,
          (one) => String(one.message_id),
          (one, known, changed) => bubble(one, current, known, changed),
          (one) => JSON.stringify([one, app.me().key]),
        ),
      moved,
    );
  }

  const describe = (chat) => (chat.direct ? "with the Tocsin bot" : `${chat.members.length + 1} members`);

  function drawTopics(chat) {
    if (!chat.topics.some((topic) => topic.message_thread_id === view.topic)) view.topic = null;
    topics.hidden = chat.topics.length === 0;
    topics.replaceChildren(
      ...[{ message_thread_id: null, name: "All" }, ...chat.topics].map((topic) =>
        h(
          "button",
          {
            type: "button",
            "aria-pressed": String(topic.message_thread_id === view.topic),
            data: { testid: `telegram-topic-${topic.message_thread_id ?? "all"}` },
            on: {
              click: () => {
                view.topic = topic.message_thread_id;
                render(view.state, true);
              },
            },
          },
          topic.closed ? `✓ ${topic.name}` : topic.name,
        ),
      ),
    );
  }

  function drawNav(all) {
    nav.replaceChildren(
      ...all.map((chat) => {
        const unread = chat.messages.filter(
          (one) => one.message_id > (view.seen.get(chat.id) ?? 0) && one.from?.is_bot,
        ).length;
        return h(
          "button",
          {
            class: `t-chat ${chat.id === view.chat ? "current" : ""}`,
            type: "button",
            title: chat.name,
            data: { testid: `telegram-chat-${chat.id}`, name: chat.name },
            on: {
              click: () => {
                view.chat = chat.id;
                view.topic = null;
                if (chat.direct) app.become((person) => person.telegram === chat.id);
                render(view.state, true);
              },
            },
          },
          avatar(chat.name),
          h("span", {}, chat.name),
          unread > 0 && h("b", { class: "count" }, String(unread)),
        );
      }),
    );
    app.badge("telegram", nav.querySelectorAll(".count").length);
  }

  function bubble(message, chat, known, changed) {
    const mine = message.from?.id === app.me().telegram;
    const bot = Boolean(message.from?.is_bot);
    const service = serviceText(message);
    if (service)
      return h(
        "div",
        { class: "t-service", data: { testid: "telegram-service", messageId: message.message_id } },
        service,
      );
    const answered = message.reply_to_message; // apps show what it says now, not what it said then
    const quoted = answered && (chat.messages.find((one) => one.message_id === answered.message_id) ?? answered);
    return h(
      "article",
      {
        class: `t-message ${mine ? "mine" : ""} ${changed ? "flash" : known ? "" : "fresh"}`,
        data: { testid: "telegram-message", messageId: message.message_id, chatId: chat.id },
      },
      !mine && !chat.direct && (bot ? bell("small") : avatar(fullName(message.from), "small")),
      h(
        "div",
        { class: "t-column" },
        h(
          "div",
          { class: "t-bubble" },
          !mine && !chat.direct && h("b", { class: "t-author" }, bot ? "Tocsin" : fullName(message.from)),
          quoted &&
            h(
              "div",
              { class: "t-quoted" },
              h("b", {}, quoted.from?.is_bot ? "Tocsin" : fullName(quoted.from)),
              h("span", {}, (quoted.text ?? "").trim().split("\n", 1)[0]),
            ),
          h(
            "div",
            { class: "t-text" },
            formatted(message.text ?? message.caption ?? "", message.entities ?? message.caption_entities),
          ),
          h("span", { class: "t-time" }, message.edit_date && "edited ", clockText(message.date)),
        ),
        message.reply_markup?.inline_keyboard && keyboard(message, chat),
      ),
    );
  }

  function keyboard(message, chat) {
    return h(
      "div",
      { class: "t-keyboard" },
      message.reply_markup.inline_keyboard.map((row) =>
        h(
          "div",
          {},
          row.map((button) =>
            h(
              "button",
              {
                type: "button",
                class: button.style ?? "",
                data: { callback: button.callback_data, testid: "telegram-button" },
                on: { click: (event) => press(event.currentTarget, button, message, chat) },
              },
              button.text,
              button.url && h("i", {}, "↗"),
            ),
          ),
        ),
      ),
    );
  }

  async function press(node, button, message, chat) {
    if (button.url) return window.open(button.url, "_blank", "noopener");
    if (button.copy_text) return navigator.clipboard?.writeText(button.copy_text.text);
    const user = app.me().telegram;
    if (!user) return app.note(`${app.me().name} has no Telegram account here.`);
    node.classList.add("busy");
    const done = await app.act("telegram", "press", {
      chat_id: chat.id,
      message_id: message.message_id,
      callback_data: button.callback_data,
      user,
    });
    node.classList.remove("busy");
    if (done?.seen) showToast(done.seen, done.alert);
    if (done && !done.answered) app.note("The bot did not answer the press: in Telegram the button keeps spinning.");
    return undefined;
  }

  let timer = 0;

  /** The answer to a press: a toast that goes, or an alert that waits for OK. */
  function showToast(text, alert) {
    clearTimeout(timer);
    toast.className = `t-toast ${alert ? "alert" : ""}`;
    toast.replaceChildren(
      h("span", {}, text),
      alert
        ? h(
            "button",
            {
              type: "button",
              data: { testid: "telegram-alert-ok" },
              on: {
                click: () => {
                  toast.hidden = true;
                },
              },
            },
            "OK",
          )
        : "",
    );
    toast.hidden = false;
    if (!alert)
      timer = setTimeout(() => {
        toast.hidden = true;
      }, 6000);
  }

  /** A question with force_reply to the person at the screen stands above the composer until it is answered. */
  function drawForceReply(chat) {
    const question = chat.messages.findLast((one) => one.reply_markup?.force_reply);
    const answered = question && chat.messages.some((one) => one.reply_to_message?.message_id === question.message_id);
    const dismissed = question && view.dismissed.has(keyOf(chat, question));
    const mine =
      question && (!question.reply_markup.selective || chat.direct || addressed(question, app.me().telegram));
    view.replyTo = mine && !answered && !dismissed ? question : null;
    replying.hidden = !view.replyTo;
    write.input.placeholder = view.replyTo
      ? (question.reply_markup.input_field_placeholder ?? "Your answer")
      : "Message, or /toc who";
    if (!view.replyTo) return;
    replying.replaceChildren(
      h("div", {}, h("b", {}, "Reply to Tocsin"), h("span", {}, question.text)),
      h(
        "button",
        {
          type: "button",
          class: "close",
          "aria-label": "Do not reply",
          on: {
            click: () => {
              view.dismissed.add(keyOf(chat, question));
              render(view.state);
            },
          },
        },
        "✕",
      ),
    );
  }

  const addressed = (asked, me) =>
    asked.reply_to_message?.from?.id === me ||
    (asked.entities ?? []).some((entity) => entity.user?.id === me || entity.url === `tg://user?id=${me}`);

  return { render };
}

const keyOf = (chat, message) => `${chat.id}/${message.message_id}`;

function serviceText(message) {
  if (message.forum_topic_created) return `Topic “${message.forum_topic_created.name}” was opened`;
  if (message.forum_topic_edited) return `The topic is now called “${message.forum_topic_edited.name}”`;
  if (message.forum_topic_closed) return "The topic was closed";
  if (message.pinned_message) return "Tocsin pinned a message";
  if (message.new_chat_members) return `${message.new_chat_members.map(fullName).join(", ")} joined`;
  return null;
}
