// A call on the phone of the person at the screen: it rings, speaks, and takes a key; what became of it stays in the list.

import { clockText, h } from "./dom.js";

const KEYS = ["1", "2", "3", "*"];
const MEANS = { 1: "take it", 2: "resolve", 3: "escalate", "*": "again" };
const OPEN = ["ringing", "listening"];
const ENDED = { ringing: "rings", listening: "under way", answered: "answered", missed: "missed" };

/** The screen of a call that rings or listens; `render(call)` shows it, or nothing. */
export function mountCalls(root, app) {
  const screen = h("div", { class: "p-call", hidden: true, data: { testid: "call-screen" } });
  root.append(screen);
  const view = { answered: null, drawn: "" };

  function render(call) {
    const stamp = JSON.stringify([call, call && view.answered === call.id]);
    if (stamp === view.drawn) return;
    view.drawn = stamp;
    screen.hidden = !call;
    screen.replaceChildren(...(call ? draw(call) : []));
  }

  function draw(call) {
    const listening = call.status === "listening" || view.answered === call.id;
    screen.dataset.state = listening ? "listening" : "ringing";
    const who = h("header", {}, h("small", {}, listening ? "Call" : "Incoming call"), h("b", {}, call.sender ?? ""));
    return listening ? [who, words(call), keypad(call)] : [who, ringing(call)];
  }

  const words = (call) => h("p", { class: "p-words", data: { testid: "call-words" } }, call.then ?? call.said);

  function ringing(call) {
    const answer = () => {
      view.answered = call.id;
      render(call);
    };
    return h(
      "div",
      { class: "p-keys" },
      button("call-decline", "wide", "Let it ring", () => act("miss", call)),
      button("call-machine", "wide", "Voicemail", () => act("machine", call)),
      button("call-answer", "yes", "Answer", answer),
    );
  }

  function keypad(call) {
    return h(
      "div",
      { class: "p-keys" },
      KEYS.map((key) =>
        button(key === "*" ? "key-star" : `key-${key}`, "key", [key, h("small", {}, MEANS[key])], () =>
          act("press", call, { key }),
        ),
      ),
      button("call-hang-up", "no", "Hang up", () => act("press", call, { key: "" })),
    );
  }

  const act = (what, call, more = {}) => app.act(call.vendor, what, { id: call.id, ...more });

  function button(testid, kind, label, click) {
    return h("button", { type: "button", class: kind, data: { testid }, on: { click } }, label);
  }

  return { render };
}

/** The newest call that still wants something of the person; none on a phone that is off. */
export const openCall = (calls, on) => (on ? calls.findLast((call) => OPEN.includes(call.status)) : undefined);

/** A line of the list for a call. */
export function callLine(call, known) {
  const lost = call.status === "missed";
  const machine = (call.answered_by ?? "").startsWith("machine");
  return h(
    "article",
    {
      class: `sms call ${lost ? "lost" : ""} ${known ? "" : "fresh"}`,
      data: { testid: "call", status: call.status, to: call.to },
    },
    h("header", {}, h("i", { class: "p-app" }), h("b", {}, "Phone"), h("time", {}, clockText(call.at))),
    h("p", {}, call.status === "answered" && call.then ? call.then : call.said),
    h("small", {}, call.sender ?? "", h("em", {}, machine ? "voicemail" : (ENDED[call.status] ?? call.status))),
  );
}
