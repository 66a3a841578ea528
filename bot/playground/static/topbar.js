// The controls of the demo: which person I am, what time it is, what breaks, and the alerts to send.

import { avatar, h, keyed } from "./dom.js";
import { PLATFORM } from "./ticker.js";

const STEPS = [
  [60, "+1m"],
  [300, "+5m"],
  [1800, "+30m"],
  [7200, "+2h"],
];
const KINDS = [
  ["down", "Down", "every call is answered 503"],
  ["slow", "Slow", "answers come seconds late"],
  ["rate_limited", "Rate limited", "429 with Retry-After"],
  ["revoked", "Token revoked", "the credentials are refused"],
  ["blocked", "Blocked", "people refuse direct messages"],
];

export function mountClock(app) {
  const face = document.getElementById("clock");
  document.getElementById("advance").append(
    ...STEPS.map(([seconds, label]) =>
      h(
        "button",
        {
          type: "button",
          data: { testid: `clock-${seconds}` },
          title: `Move the product's clock ${seconds / 60} minutes ahead`,
          on: { click: () => app.post("clock", { advance_s: seconds }) },
        },
        label,
      ),
    ),
  );
  return function tick() {
    const now = new Date(app.now() * 1000);
    const day = now.toLocaleDateString([], { weekday: "short", day: "numeric", month: "short" });
    face.replaceChildren(h("span", {}, day), h("b", {}, now.toLocaleTimeString([], { hour12: false })));
    face.dateTime = now.toISOString();
  };
}

export function renderPeople(app) {
  const root = document.getElementById("me");
  keyed(
    root,
    app.people.map((person) => ({ ...person, me: person.key === app.me().key, unread: app.unreadOf(person) })),
    (person) => person.key,
    (person) =>
      h(
        "button",
        {
          type: "button",
          role: "radio",
          "aria-checked": String(person.me),
          data: { testid: `me-${person.key}` },
          title: `I am ${person.name}`,
          on: { click: () => app.become((one) => one.key === person.key) },
        },
        avatar(person.name, "small"),
        h("span", {}, person.name.split(" ")[0]),
        person.unread > 0 && h("b", { class: "count" }, String(person.unread)),
      ),
  );
}

export function renderSamples(app, samples) {
  keyed(
    document.getElementById("samples"),
    samples,
    (sample) => sample.name,
    (sample) =>
      h(
        "button",
        {
          type: "button",
          data: { testid: `sample-${sample.name}` },
          title: "Send this alert to Tocsin",
          on: {
            click: async (event) => {
              const button = event.currentTarget;
              button.classList.add("busy");
              await app.post("sample", { name: sample.name });
              button.classList.remove("busy");
            },
          },
        },
        h("i", {}, "⚡"),
        sample.title,
      ),
  );
}

export function renderOutages(app, outages) {
  const items = Object.entries(outages).map(([platform, outage]) => ({ platform, outage }));
  keyed(
    document.getElementById("outages"),
    items,
    (item) => item.platform,
    ({ platform, outage }) => {
      const on = outage !== "none";
      const label = PLATFORM[platform] ?? platform;
      const list = h(
        "div",
        { class: "menu up", role: "menu", hidden: true },
        [["none", "Works", "heal it"], ...KINDS].map(([kind, name, what]) =>
          h(
            "button",
            {
              type: "button",
              role: "menuitemradio",
              "aria-checked": String(outage === kind),
              data: { testid: `outage-${platform}-${kind}` },
              on: {
                click: () => {
                  list.hidden = true;
                  app.post("outage", { platform, outage: kind });
                },
              },
            },
            name,
            h("small", {}, what),
          ),
        ),
      );
      const kind = KINDS.find(([name]) => name === outage)?.[1];
      return h(
        "span",
        { class: `outage ${on ? "on" : ""}` },
        h(
          "button",
          {
            type: "button",
            role: "switch",
            "aria-checked": String(!on),
            class: "switch",
            data: { testid: `outage-${platform}`, outage },
            title: on ? `Heal ${label}` : `Take ${label} down`,
            on: { click: () => app.post("outage", { platform, outage: on ? "none" : "down" }) },
          },
          h("i", {}),
          label,
          kind && h("em", {}, kind),
        ),
        h(
          "button",
          {
            type: "button",
            class: "more",
            "aria-label": `How ${label} fails`,
            "aria-haspopup": "menu",
            data: { testid: `outage-${platform}-menu` },
            on: {
              click: (event) => {
                event.stopPropagation();
                const show = list.hidden;
                closeMenus();
                list.hidden = !show;
              },
            },
          },
          "▾",
        ),
        list,
      );
    },
  );
}

function closeMenus() {
  document.querySelectorAll(".outage .menu").forEach((menu) => {
    menu.hidden = true;
  });
}

document.addEventListener("click", closeMenus);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeMenus();
});
