// The page: who writes, what is listened to, and how the parts hear of it.

import { draw } from "./bubbles.js";
import { askPlace, askTime, compose } from "./composer.js";
import { Conversation } from "./conversation.js";
import { by, el, say } from "./dom.js";
import * as numbers from "./numbers.js";
import { drawPanel } from "./panel.js";
import { askSave } from "./saving.js";
import * as server from "./server.js";
import { drawStarts } from "./starts.js";
import * as words from "./words.js";

const conversation = new Conversation();
let project;
let who = { number: "", channel: "", language: "" };
let stop = () => {};
let planned = false;

// One drawing for all that comes at once.
function redraw() {
  if (planned) return;
  planned = true;
  requestAnimationFrame(() => {
    planned = false;
    words.speakIn(conversation.state?.contact?.timezone);
    draw(conversation, actions);
    drawPanel(conversation, provider);
    head();
  });
}

function head() {
  const ahead = conversation.state?.ahead ?? 0;
  by("peer").textContent = who.channel;
  by("face").textContent = who.channel.slice(0, 1).toUpperCase();
  const moving = conversation.state?.moving;
  const clock = moving ? `time passes, to ${words.short(moving)} …` : words.short(conversation.now);
  const text = ahead > 0 && !moving ? `${clock} · ${words.span(ahead)} ahead` : clock;
  if (by("clock").textContent !== text) by("clock").textContent = text;
  document.body.dataset.busy = conversation.busy ? "yes" : "no";
}

const tried = (work) => work.catch((error) => say(error.message, true));
const person = () => ({ number: who.number, channel: who.channel, language: who.language || undefined });

const actions = {
  who: () => who,
  write: (content) => tried(write(content)),
  tap: (message, press, title) => tried(write({ press, text: title, in_reply_to: message })),
  place: () => askPlace((content) => tried(write(content))),
  prepare(text) {
    close();
    by("text").value = text;
    by("text").focus();
  },
  event: async (event, data) => {
    await server.act("event", { ...person(), event, data });
    close();
  },
  begin: async (flow, values, inDialog) => {
    const done = server.act("begin", { ...person(), flow, with: values }).then(close);
    return inDialog ? done : tried(done);
  },
};

async function write(content) {
  close();
  // A language is chosen before the first word: the service has to know it first.
  if (who.language && conversation.state?.contact?.language !== who.language) await server.act("language", person());
  const id = `phone-${crypto.randomUUID?.() ?? Math.random().toString(16).slice(2)}`;
  const item = conversation.wrote(id, content.text ?? "", { place: content.location, media: content.media });
  redraw();
  try {
    await server.write(who.channel, { id, from: who.number, ...content });
    if (item.tick === "sending") item.tick = "stored";
  } catch (error) {
    item.tick = "lost";
    throw error;
  } finally {
    redraw();
  }
}

async function sendPicture(file) {
  if (file.size > 5 * 1024 * 1024) throw new Error("A picture may have 5 MB.");
  const { url, type } = await server.picture(file);
  await write({ media: { url, type, name: file.name } });
}

async function pass(span) {
  await server.act("time", { ...person(), by: span });
  by("text").focus();
}

function play(next) {
  who = { ...who, ...next };
  numbers.use(who);
  by("number").value = who.number;
  by("channel").value = who.channel;
  by("language").value = who.language;
  by("numbers").replaceChildren(...numbers.used().map((one) => el("option", { value: one.number })));
  drawStarts(project, who, actions);
}

function listen() {
  stop();
  conversation.clear();
  redraw();
  stop = server.listen(who.number, (kind, data) => {
    if (kind === "lost") say("The service is away. Trying again …", true);
    else if (kind === "open") say("");
    else if (kind === "closed") say("This number cannot be played here: it cannot be read, or somebody real has it.", true);
    else if (kind === "refused") say("This number is known over a real channel now. Choose another one.", true);
    else {
      conversation.tell(kind, data);
      if (kind === "state" && data.contact.language && !who.language) play({ language: "" });
      redraw();
    }
  });
}

function renew() {
  const language = who.language;
  play({ number: numbers.fresh(project.country), language });
  listen();
  by("text").focus();
}

// Drawers, where there is no room beside the phone.
function open(name) {
  close();
  by(name).classList.add("open");
  by("shade").hidden = false;
  for (const button of document.querySelectorAll(`[data-open="${name}"]`)) button.setAttribute("aria-expanded", "true");
  by(name).querySelector(".close").focus();
}

function close() {
  const opened = document.querySelector(".side.open");
  by("shade").hidden = true;
  if (!opened) return;
  const within = opened.contains(document.activeElement);
  opened.classList.remove("open");
  for (const button of document.querySelectorAll("[data-open]")) button.setAttribute("aria-expanded", "false");
  if (within) document.querySelector(`[data-open="${opened.id}"]`)?.focus();
}

const WELL = { reports: [] };
const BEHAVIOURS = [
  ["Takes each message", WELL],
  ["… and reports that it was read", { reports: ["delivered", "read"], report_delay_ms: 400 }],
  ["Is slow: 3 seconds", { delay_ms: 3000 }],
  ["Refuses the next message", { next: [{ status: 400, reason: "blocked" }] }],
  ["Refuses every message", { always: { status: 400, reason: "unreachable" } }],
  ["Loses its next answer", { next: [{ lost: true }] }],
];
const provider = el("label", { class: "field" }, el("span", {}, "For every phone of the simulator"),
  el("select", { id: "behaviour", onchange: (event) => tried(server.behave(BEHAVIOURS[event.target.value][1])) },
    BEHAVIOURS.map(([label], i) => el("option", { value: i }, label))));

async function start() {
  project = await server.project();
  by("channel").replaceChildren(...project.channels.map(({ name, kind }) => el("option", { value: name }, `${name} · ${kind}`)));
  by("language").replaceChildren(el("option", { value: "" }, "flow’s language"), ...project.languages.map((code) => el("option", { value: code }, code)));
  const asked = new URLSearchParams(location.search);
  const last = numbers.used()[0];
  const known = (channel) => project.channels.some(({ name }) => name === channel);
  play({
    number: asked.get("number") || last?.number || numbers.fresh(project.country),
    channel: [asked.get("channel"), last?.channel].find(known) ?? project.channels[0]?.name,
    language: asked.get("language") ?? last?.language ?? "",
  });
  listen();
  compose({ write: actions.write, picture: (file) => tried(sendPicture(file)) });
  by("who").addEventListener("submit", (event) => event.preventDefault());
  by("number").addEventListener("change", (event) => {
    const number = event.target.value.replace(/[^\d+]/g, "");
    const before = numbers.used().find((one) => one.number === number);
    play({ number, language: before?.language ?? who.language });
    listen();
  });
  by("channel").addEventListener("change", (event) => {
    play({ channel: event.target.value });
    redraw();
  });
  by("language").addEventListener("change", (event) => {
    play({ language: event.target.value });
    if (who.language) tried(server.act("language", person()));
  });
  by("fresh").addEventListener("click", renew);
  by("save").addEventListener("click", () => askSave(project, conversation, who));
  by("time").addEventListener("click", () => askTime(conversation, (span) => pass(span)));
  for (const button of document.querySelectorAll("[data-open]")) button.addEventListener("click", () => open(button.dataset.open));
  for (const button of document.querySelectorAll("[data-close]")) button.addEventListener("click", close);
  by("shade").addEventListener("click", close);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !by("dialog").open) close();
  });
  // The clock of the contact goes on while nothing is said.
  setInterval(head, 5000);
  document.body.dataset.ready = "yes";
}

start().catch((error) => say(error.message, true));
