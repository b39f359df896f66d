// Bubbles, ticks, date separators: the conversation as elements. What did not change stays the same element.

import { ask, by, closeDialog, el, named } from "./dom.js";
import * as words from "./words.js";

const LOG = by("log");
const SCROLL = by("scroll");
let drawn = new Map();

const TICKS = {
  sending: ["○", "being sent"], stored: ["✓", "stored by the service"], done: ["✓✓", "worked on"],
  lost: ["!", "not sent"], decided: ["○", "on its way"], shown: ["✓", "taken by the provider"], sent: ["✓", "sent"],
  queued: ["✓", "queued"], delivered: ["✓✓", "delivered"], read: ["✓✓", "read"], again: ["↻", "tried again"],
  failed: ["!", "not delivered"], unsure: ["?", "nobody knows whether it arrived"],
};

export function draw(conversation, actions) {
  const following = SCROLL.scrollHeight - SCROLL.scrollTop - SCROLL.clientHeight < 80;
  const next = new Map();
  let date;
  let place = 0;
  const put = (key, mark, make) => {
    const before = drawn.get(key);
    const node = before?.mark === mark ? before.node : make();
    if (before && before.node !== node) before.node.replaceWith(node);
    next.set(key, { node, mark });
    if (LOG.children[place] !== node) LOG.insertBefore(node, LOG.children[place] ?? null);
    place += 1;
  };
  for (const [index, item] of conversation.items.entries()) {
    // A mail goes to another address than the phone's number: the journal alone tells of it here.
    const unseen = !item.message && !item.content?.email;
    if (item.kind === "bot" && unseen && !["failed", "unsure", "again"].includes(item.tick)) continue;
    const today = words.day(item.at);
    if (today !== date) {
      date = today;
      put(`day ${index}`, today, () => el("li", { class: "day" }, el("span", {}, today)));
    }
    const key = `${item.kind} ${item.id ?? index}`;
    put(key, markOf(item), () => bubble(item, conversation, actions));
  }
  for (const [key, { node }] of drawn) if (!next.has(key)) node.remove();
  drawn = next;
  by("welcome").hidden = conversation.items.length > 0;
  by("typing").hidden = !conversation.busy;
  if (following) SCROLL.scrollTop = SCROLL.scrollHeight;
}

const markOf = (item) =>
  [item.tick, item.at, item.by, item.text, item.decision, item.reason, item.why, Boolean(item.message ?? item.content)].join("\u0000");

function bubble(item, conversation, actions) {
  if (item.kind === "time") return el("li", { class: "passed" }, el("span", {}, `${words.span(item.by)} later`));
  if (item.kind === "note") return el("li", { class: `note ${item.mood ?? ""}` }, el("span", {}, item.text));
  const mine = item.kind === "me";
  const body = mine ? said(item) : shown(item, actions);
  const meta = el("span", { class: "meta" }, el("time", { datetime: new Date(item.at).toISOString() }, words.clock(item.at)), tick(item));
  const why = mine && item.decision
    ? el("p", { class: "why" }, el("b", {}, words.decision(item.decision)), " · ", named(item.reason))
    : item.tick === "failed" ? el("p", { class: "why bad" }, `Not delivered: ${words.reason(item.why)}`)
    : item.tick === "unsure" ? el("p", { class: "why bad" }, "Nobody knows whether it arrived; it is not sent again by itself.")
    : item.tick === "lost" ? el("p", { class: "why bad" }, "Not sent.") : undefined;
  const who = el("span", { class: "sr" }, mine ? "You: " : "Service: ");
  return el("li", { class: `turn ${mine ? "me" : "bot"} ${item.tick ?? ""}` }, el("div", { class: "bubble" }, who, body, meta), why);
}

function tick(item) {
  const [sign, text] = TICKS[item.tick] ?? ["", ""];
  return el("span", { class: `tick ${item.tick}`, title: text }, el("span", { "aria-hidden": "true" }, sign), el("span", { class: "sr" }, text));
}

function said(item) {
  const parts = [];
  if (item.media) parts.push(picture(item.media.url, "The picture that you sent"));
  if (item.place) parts.push(place(item.place));
  if (item.text) parts.push(text(item.text));
  if (item.hidden || parts.length === 0) parts.push(el("span", { class: "masked" }, item.hidden ? "masked: private" : "…"));
  return parts;
}

// Addresses in a text can be opened, in a tab that knows nothing of this one.
function text(of) {
  const parts = String(of).split(/(https?:\/\/[^\s<>"]+)/g);
  return el("p", { class: "text", dir: "auto" }, parts.map((part, i) => (i % 2 ? link(part, part) : part)));
}

const link = (href, label) => el("a", { href, target: "_blank", rel: "noopener noreferrer" }, label);

function picture(url, alt) {
  const own = url.startsWith(location.origin) || /^\/|^blob:/.test(url);
  const path = own ? url.replace(location.origin, "") : url;
  const local = /\/phone\/pictures\/[0-9a-f]+$/.exec(url);
  if (local) return el("img", { class: "picture", src: local[0], alt, width: 240, height: 160 });
  // Nothing is loaded from elsewhere.
  return el("p", { class: "file" }, "📎 ", link(path, path.split("/").pop() || path));
}

function place({ lat, lon, name, address }) {
  return el("p", { class: "file" }, "📍 ", el("b", {}, name ?? `${lat}, ${lon}`), address ? `, ${address}` : "");
}

function shown(item, actions) {
  const of = item.message ?? plain(item.content);
  const parts = [];
  if (of.type === "email") parts.push(el("p", { class: "head" }, `✉ ${of.subject || "(no subject)"}`));
  if (of.header) parts.push(el("p", { class: "head" }, typeof of.header === "string" ? of.header : words.value(of.header)));
  for (const media of [of.media ?? []].flat()) if (media.url) parts.push(picture(media.url, of.text || "A picture"));
  if (of.location) parts.push(place(of.location));
  if (of.text) parts.push(text(of.text));
  if (of.footer) parts.push(el("p", { class: "foot" }, of.footer));
  const tap = (id, title) => actions.tap(of.id, id, title);
  if (of.type === "buttons") parts.push(el("div", { class: "taps" }, of.buttons.map((b) => el("button", { type: "button", "data-press": b.id, onclick: () => tap(b.id, b.title) }, b.title))));
  if (of.type === "list") parts.push(el("div", { class: "taps" }, el("button", { type: "button", class: "opens", "aria-haspopup": "dialog", onclick: () => rows(of, tap) }, of.button || "Choose")));
  if (of.type === "cta_url") parts.push(el("div", { class: "taps" }, link(of.url, of.button)));
  if (of.type === "location_request") parts.push(el("div", { class: "taps" }, el("button", { type: "button", onclick: actions.place }, "Send a place")));
  if (of.type === "template") parts.push(el("p", { class: "text" }, `Template ${of.template} (${of.language}) ${(of.params ?? []).map(words.value).join(" · ")}`));
  if (["form", "contacts", "reaction"].includes(of.type)) parts.push(el("p", { class: "foot" }, `${of.type}: ${of.form ?? of.emoji ?? ""}`));
  return parts.length ? parts : [el("p", { class: "text" }, "…")];
}

// A message that never reached the phone, out of the journal.
function plain(content) {
  const inner = content && typeof content === "object" ? Object.values(content)[0] : {};
  if (content?.email) return { type: "email", subject: inner.subject, text: inner.text, footer: inner.html ? "with a page" : undefined };
  return { type: "text", text: inner?.text ?? inner?.caption ?? "" };
}

function rows(of, tap) {
  const row = (r) => el("button", { type: "button", class: "choice", "data-press": r.id, onclick: () => { closeDialog(); tap(r.id, r.title); } },
    el("span", {}, r.title), r.description ? el("small", {}, r.description) : undefined);
  const parts = of.sections
    ? of.sections.map((s) => [s.title ? el("h3", {}, s.title) : undefined, s.rows.map(row)])
    : (of.rows ?? []).map(row);
  ask(of.button || "Choose", el("div", { class: "choices" }, parts.flat(2)));
}
