// The phone of the person at the screen: a lock screen whose notifications are the texts and calls of all vendors.

import { callLine, mountCalls, openCall } from "./calls.js";
import { clockText, composer, h, keepAtEnd, keyed, linkify } from "./dom.js";

const STATUS = {
  accepted: "on its way",
  queued: "on its way",
  sending: "on its way",
  sent: "sent",
  delivered: "delivered",
  undelivered: "not delivered",
  failed: "not sent",
};

export function mountPhone(root, app) {
  const time = h("b", { class: "p-time" });
  const date = h("span", { class: "p-date" });
  const owner = h("span", {});
  const power = h("button", { class: "p-power", type: "button", data: { testid: "phone-power" } });
  const messages = h("div", { class: "p-messages", data: { testid: "sms-list" } });
  const empty = h("p", { class: "p-empty" }, "No messages");
  const write = composer({
    testid: "sms-composer",
    placeholder: "Text message",
    send: (text) => app.act("twilio", "reply", { from: app.me().phone, body: text }),
  });
  root.append(
    h(
      "div",
      { class: "p-screen" },
      h("div", { class: "p-bar" }, owner, h("i", {}), power),
      h("div", { class: "p-clock" }, date, time),
      empty,
      messages,
      write.form,
    ),
  );
  const calls = mountCalls(root.querySelector(".p-screen"), app);
  const seen = new Map();
  let shown = null;
  let vendors = ["twilio"];
  power.addEventListener("click", () => {
    const on = !shown.on;
    vendors.forEach((vendor) => app.act(vendor, "power", { number: shown.number, on }));
  });

  /** What reached the phones, oldest first: Twilio's own messages, and what other exchanges took. */
  function everything(state, emulators) {
    const others = Object.entries(emulators).filter(([, one]) => Array.isArray(one.items));
    vendors = ["twilio", ...others.map(([vendor]) => vendor)];
    const own = (state.messages ?? []).map((one) => ({ ...one, at: Date.parse(one.date_created) / 1000 }));
    const items = others.flatMap(([vendor, one]) => one.items.map((item) => taken(vendor, item)));
    return [...own, ...items].sort((a, b) => Math.floor(a.at) - Math.floor(b.at));
  }

  const taken = (vendor, item) => ({ ...item, vendor, sid: item.id, body: item.said, from: item.sender ?? vendor });

  function render(state, emulators) {
    const me = app.me();
    const all = everything(state, emulators);
    if (!seen.size)
      for (const person of state.people ?? [])
        seen.set(person.number, all.filter((one) => one.to === person.number).length);
    shown = (state.people ?? []).find((person) => person.number === me.phone) ?? null;
    const mine = me.phone ? all.filter((one) => (one.direction === "inbound" ? one.from : one.to) === me.phone) : [];
    owner.textContent = shown ? `${me.name.split(" ")[0]}’s phone` : `${me.name} has no phone here`;
    power.textContent = shown?.on === false ? "Off" : "On";
    power.title = shown?.on === false ? "Switch the phone on" : "Switch the phone off: SMS become undeliverable";
    power.disabled = !shown;
    root.classList.toggle("off", shown?.on === false);
    if (root.offsetParent && shown) seen.set(me.phone, mine.filter((one) => one.direction !== "inbound").length);
    empty.hidden = mine.length > 0;
    write.form.hidden = !shown;
    keepAtEnd(messages, () =>
      keyed(
        messages,
        mine,
        (one) => one.sid,
        (one, known) => (one.kind === "call" ? callLine(one, known) : sms(one, known)),
      ),
    );
    calls.render(openCall(mine.filter((one) => one.kind === "call"), shown?.on !== false));
    for (const person of state.people ?? []) {
      const unread = all.filter((one) => one.to === person.number).length - (seen.get(person.number) ?? 0);
      app.unread("phone", person.number, unread);
    }
    app.badge(
      "phone",
      (state.people ?? []).filter(
        (person) => all.filter((one) => one.to === person.number).length > (seen.get(person.number) ?? 0),
      ).length,
    );
    tick();
  }

  function sms(message, known) {
    const inbound = message.direction === "inbound";
    const lost = ["undelivered", "failed"].includes(message.status);
    return h(
      "article",
      {
        class: `sms ${inbound ? "mine" : ""} ${lost ? "lost" : ""} ${known ? "" : "fresh"}`,
        data: { testid: "sms", sid: message.sid, status: message.status, from: message.from, to: message.to },
      },
      !inbound && h("header", {}, h("i", { class: "p-app" }), h("b", {}, "Messages"), h("time", {}, clockText(message.at))),
      h("p", {}, linkify(message.body)),
      !inbound && h("small", {}, message.from ?? "", h("em", {}, STATUS[message.status] ?? message.status)),
    );
  }

  function tick() {
    const now = new Date(app.now() * 1000);
    time.textContent = clockText(app.now());
    date.textContent = now.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
  }

  return { render, tick };
}
