// The playground page: fetches what every platform shows, draws it, and sends back what the person at the screen does.

import { h } from "./dom.js";
import { mountMail } from "./mail.js";
import { peopleOf } from "./people.js";
import { mountPhone } from "./phone.js";
import { mountSlack } from "./slack.js";
import { mountTeams } from "./teams.js";
import { fullName, mountTelegram } from "./telegram.js";
import { mountTicker } from "./ticker.js";
import { mountClock, renderOutages, renderPeople, renderSamples } from "./topbar.js";

const REFETCH_MS = 100; // several notices of one act lead to one fetch
const TABS = [
  ["slack", "Slack"],
  ["teams", "Teams"],
  ["telegram", "Telegram"],
  ["phone", "Phone"],
  ["mail", "Mail"],
];
const LEFT = ["slack", "teams"];
const byId = (id) => document.getElementById(id);
const list = (value) => (Array.isArray(value) ? value : Object.values(value ?? {}));

const page = {
  state: null,
  meKey: localStorage.getItem("tocsin-me"),
  skewMs: 0,
  badges: {},
  unread: { phone: {}, mail: {} },
};

/** What the panes may use. */
const app = {
  people: [],
  now: () => (Date.now() + page.skewMs) / 1000,
  me: () => app.people.find((person) => person.key === page.meKey) ?? app.people[0] ?? { key: "", name: "Nobody" },
  become(test) {
    const person = app.people.find(test);
    if (!person || person.key === page.meKey) return;
    page.meKey = person.key;
    localStorage.setItem("tocsin-me", person.key);
    document.body.dataset.me = person.key;
    draw();
  },
  redraw: () => draw(),
  note(text) {
    const node = h("p", { data: { testid: "note" } }, text);
    byId("notes").append(node);
    setTimeout(() => node.remove(), 7000);
    return null;
  },
  /** The answer of the playground, or null after a note that says why not. */
  async post(path, data) {
    try {
      const response = await fetch(`/pg/${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(data),
      });
      const answer = await response.json();
      if (!response.ok) return app.note(answer.error ?? `The playground answered ${response.status}.`);
      refetchSoon();
      return answer;
    } catch (error) {
      return app.note(`The playground cannot be reached: ${error.message}`);
    }
  },
  async act(platform, act, data) {
    const answer = await app.post("act", { platform, act, ...data });
    if (answer?.ok === false && typeof answer.seen === "string") app.note(answer.seen);
    if (answer?.ok === false && answer.seen && typeof answer.seen === "object")
      return { ...answer, errors: answer.seen };
    return answer;
  },
  badge(pane, count) {
    page.badges[pane] = count;
  },
  unread(medium, address, count) {
    page.unread[medium][address] = count;
  },
  unreadOf: (person) =>
    Math.max(0, page.unread.phone[person.phone] ?? 0) + Math.max(0, page.unread.mail[person.email] ?? 0),
};

const panes = {
  slack: [mountSlack(byId("slack"), app), "slack"],
  teams: [mountTeams(byId("teams"), app), "teams"],
  telegram: [mountTelegram(byId("telegram"), app), "telegram"],
  phone: [mountPhone(byId("phone"), app), "twilio"],
  mail: [mountMail(byId("mail"), app), "smtp"],
};
const tick = mountClock(app);
const nameIn = (items, id, pick) => {
  const found = list(items).find((item) => item.id === id);
  return found ? pick(found) : "";
};
const announce = mountTicker(byId("ticker"), {
  sample: (name) => page.state?.samples?.find((sample) => sample.name === name)?.title ?? name,
  slackUser: (id) => nameIn(page.state?.emulators.slack?.users, id, (user) => user.real_name || user.name),
  slackChat: (id) =>
    nameIn(page.state?.emulators.slack?.channels, id, (chat) =>
      chat.user
        ? `@${nameIn(page.state.emulators.slack.users, chat.user, (user) => user.real_name || user.name)}`
        : `#${chat.name}`,
    ) || "a chat",
  teamsUser: (id) => nameIn(page.state?.emulators.teams?.users, id, (user) => user.name),
  teamsChat: (id) => nameIn(page.state?.emulators.teams?.conversations, id, (chat) => chat.name) || "a chat",
  telegramUser: (id) => nameIn(page.state?.emulators.telegram?.users, id, fullName),
  telegramChat: (id) =>
    nameIn(page.state?.emulators.telegram?.chats, id, (chat) => chat.title ?? `@${fullName(chat)}`) || "a chat",
});

function draw() {
  const { state } = page;
  app.people = peopleOf(state);
  document.body.dataset.me = app.me().key;
  renderSamples(app, state.samples ?? []);
  renderOutages(app, state.outages);
  for (const [name, [pane, platform]] of Object.entries(panes)) {
    byId(name).hidden = !state.emulators[platform];
    byId(name).classList.toggle("broken", (state.outages[platform] ?? "none") !== "none");
    if (state.emulators[platform]) pane.render(state.emulators[platform], state.emulators);
  }
  renderPeople(app);
  drawTabs();
}

/** Tabs for one pane at a time on a narrow screen; on a wide one Slack and Teams share the place on the left. */
function drawTabs() {
  const shown = TABS.filter(([name]) => !byId(name).hidden);
  byId("tabs").replaceChildren(...shown.map((tab) => choice(tab, "tab")));
  byId("switch").hidden = byId("teams").hidden;
  byId("switch").replaceChildren(...shown.filter(([name]) => LEFT.includes(name)).map((tab) => choice(tab, "left")));
}

function choice([name, label], kind) {
  return h(
    "button",
    {
      type: "button",
      "aria-pressed": String(name === byId("panes").dataset[kind]),
      data: { testid: `${kind}-${name}` },
      on: {
        click: () => {
          byId("panes").dataset[kind] = name;
          draw();
        },
      },
    },
    label,
    page.badges[name] > 0 && h("b", { class: "count" }, String(page.badges[name])),
  );
}

let pending = 0;
let fetching = false;

function refetchSoon() {
  pending ||= setTimeout(() => {
    pending = 0;
    fetchState();
  }, REFETCH_MS);
}

async function fetchState() {
  if (fetching) {
    refetchSoon();
    return;
  }
  fetching = true;
  try {
    const response = await fetch("/pg/state", { cache: "no-store" });
    const state = await response.json();
    page.state = state;
    page.skewMs = state.now * 1000 - Date.now();
    draw();
    document.body.dataset.serial = String(state.serial ?? "");
  } catch (error) {
    app.note(`The playground cannot be reached: ${error.message}`);
  } finally {
    fetching = false;
  }
}

function listen() {
  const events = new EventSource("/pg/events?since=0");
  events.addEventListener("message", (event) => {
    announce(JSON.parse(event.data));
    refetchSoon();
  });
  events.addEventListener("error", () => document.body.classList.add("offline"));
  events.addEventListener("open", () => {
    document.body.classList.remove("offline");
    refetchSoon();
  });
}

await fetchState();
listen();
tick();
setInterval(() => {
  tick();
  panes.phone[0].tick();
}, 1000);
document.body.classList.add("ready");
