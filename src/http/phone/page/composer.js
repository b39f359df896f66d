// Writing: text, a picture, a place; and letting time pass.

import { ask, by, closeDialog, el, say } from "./dom.js";
import * as words from "./words.js";

const TEXT = by("text");
const PLACES = [
  ["Trafalgar Square, London", 51.508, -0.1281], ["Plaza Mayor, Madrid", 40.4155, -3.7074],
  ["Gateway of India, Mumbai", 18.922, 72.8347], ["Uhuru Park, Nairobi", -1.2894, 36.8172],
];
const SPANS = [["10m", "10 minutes"], ["1h", "1 hour"], ["4h", "4 hours"], ["1d", "1 day"], ["1w", "1 week"]];

export function compose({ write, picture }) {
  const grow = () => {
    TEXT.style.height = "auto";
    const height = TEXT.scrollHeight + 2;
    TEXT.style.height = `${Math.min(height, 140)}px`;
    TEXT.classList.toggle("long", height > 140);
  };
  const send = () => {
    const text = TEXT.value.trim();
    if (!text) return;
    TEXT.value = "";
    grow();
    write({ text });
  };
  TEXT.addEventListener("input", grow);
  TEXT.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    }
  });
  by("compose").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
    TEXT.focus();
  });
  by("attach").addEventListener("click", () => {
    const file = el("input", { type: "file", name: "file", id: "file", accept: "image/png,image/jpeg,image/gif,image/webp" });
    file.addEventListener("change", () => {
      if (!file.files[0]) return;
      closeDialog();
      picture(file.files[0]);
    });
    ask("Picture or place", [
      el("label", { class: "field" }, el("span", {}, "A picture, up to 5 MB"), file),
      ...placeFields(),
    ], { action: "Send the place", submit: (form) => write(placeOf(form)) });
  });
}

function placeFields() {
  const choose = el("select", { name: "known", "aria-label": "A place" }, PLACES.map(([name], i) => el("option", { value: i }, name)));
  const field = (label, name, value) => el("label", { class: "field" }, el("span", {}, label), el("input", { name, value, inputmode: "decimal", autocomplete: "off" }));
  const lat = field("Latitude", "lat", PLACES[0][1]);
  const lon = field("Longitude", "lon", PLACES[0][2]);
  choose.addEventListener("change", () => {
    lat.lastChild.value = PLACES[choose.value][1];
    lon.lastChild.value = PLACES[choose.value][2];
  });
  return [el("label", { class: "field" }, el("span", {}, "A place"), choose), el("div", { class: "row" }, lat, lon)];
}

function placeOf(form) {
  const lat = Number(form.get("lat")), lon = Number(form.get("lon"));
  if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) throw new Error("Latitude is from -90 to 90, longitude from -180 to 180.");
  const [name, ownLat, ownLon] = PLACES[form.get("known")];
  const known = lat === ownLat && lon === ownLon;
  return { location: { lat, lon, ...(known ? { name } : {}) } };
}

export const askPlace = (write) => ask("Send a place", placeFields(), { action: "Send the place", submit: (form) => write(placeOf(form)) });

export function askTime(conversation, pass) {
  const until = (conversation.state?.runs ?? []).map((run) => run.until).filter(Boolean);
  const next = Math.min(...until) - conversation.now;
  const button = (by_, label) => el("button", { type: "button", class: "choice", "data-by": by_, onclick: () => { closeDialog(); pass(by_).catch((error) => say(error.message, true)); } }, label);
  const choices = SPANS.map(([by_, label]) => button(by_, `${label} later`));
  if (Number.isFinite(next) && next > 1000) {
    choices.unshift(button(`${Math.ceil(next / 1000)}s`, `To the next timer, ${words.span(next)} later`));
  }
  const own = el("label", { class: "field" }, el("span", {}, "Or as long as you like"), el("input", { name: "by", placeholder: "1d12h", autocomplete: "off", spellcheck: "false" }));
  ask("Let time pass", [el("div", { class: "choices" }, choices), own], {
    action: "Let it pass",
    submit: (form) => pass(String(form.get("by") || "").replaceAll(" ", "")),
  });
}
