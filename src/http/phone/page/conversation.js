// What was said and what was decided, out of the journal and of what the phone shows. No element is touched here.

export class Conversation {
  constructor() {
    this.clear();
  }

  clear() {
    this.items = [];
    this.effects = new Map();
    this.mine = new Map();
    this.decisions = [];
    this.calls = new Map();
    this.alerts = [];
    this.ends = [];
    this.ahead = 0;
    this.flow = undefined;
    this.state = undefined;
  }

  get now() {
    return Date.now() + (this.state?.ahead ?? this.ahead);
  }

  // Whether the service is at work on something that was said.
  get busy() {
    const sending = [...this.mine.values()].some((one) => one.tick === "sending" || one.tick === "stored");
    const leaving = [...this.effects.values()].some((one) => one.waits);
    return sending || leaving || Boolean(this.state?.calling) || Boolean(this.state?.moving);
  }

  // Shown at once; the journal takes it over.
  wrote(id, text, extra = {}) {
    const item = { kind: "me", id, text, at: this.now, tick: "sending", ...extra };
    this.mine.set(id, item);
    this.items.push(item);
    return item;
  }

  tell(kind, data) {
    if (kind === "fresh") this.clear();
    else if (kind === "entry") this.entry(data);
    else if (kind === "message") this.message(data);
    else if (kind === "state") {
      this.state = data;
      this.ahead = data.ahead;
    }
  }

  entry({ at, ahead, events }) {
    let moment = at + ahead;
    for (const event of events) {
      const [kind, data] = typeof event === "string" ? [event, {}] : Object.entries(event)[0];
      if (kind === "time_moved") {
        moment += data.by;
        this.ahead = moment - at;
        this.moved(data.by, moment);
      } else {
        this[`on_${kind}`]?.(data, moment);
      }
    }
  }

  moved(by, at) {
    const last = this.items.at(-1);
    // The rest of a second behind a timer is not worth a line.
    if (last?.kind !== "time" && by < 5000) return;
    if (last?.kind === "time") Object.assign(last, { by: last.by + by, at });
    else this.items.push({ kind: "time", by, at });
  }

  note(text, at, mood) {
    this.items.push({ kind: "note", text, at, mood });
  }

  decided(what, decision, reason, at) {
    this.decisions.push({ what, decision, reason, at });
  }

  on_received(data, at) {
    const known = this.mine.get(data.provider_id);
    const item = known ?? { kind: "me", id: data.provider_id };
    const { media, place } = contentOf(data.content);
    const hidden = data.text === "" && data.content === "text";
    Object.assign(item, { at, channel: data.channel, tick: "done", decision: data.decision, reason: data.reason });
    item.media ??= media;
    item.place ??= place;
    if (!known) {
      item.text = hidden ? "" : data.text;
      item.hidden = hidden;
      this.mine.set(item.id, item);
      this.items.push(item);
    }
    this.decided(hidden ? "masked: private" : data.text || (media ? "a picture" : place ? "a place" : "…"), data.decision, data.reason, at);
  }

  on_event_received(data, at) {
    this.note(`Event ${data.event}`, at);
    this.decided(data.event, data.decision, data.reason, at);
  }

  on_webhook_received(data, at) {
    this.note(`Webhook ${data.name} of ${data.flow}`, at);
    this.decided(data.name, data.decision, data.reason, at);
  }

  on_run_started(data, at) {
    this.flow = data.flow;
    // What a message or an event began is said of that.
    if (this.decisions.at(-1)?.reason !== data.reason) this.decided(data.flow, "start", data.reason, at);
  }

  on_left(data, at) {
    this.decisions.push({ what: `${data.state} → ${data.outcome}`, reason: data.reason, at, way: true });
  }

  on_run_ended(data, at) {
    this.ends.push({ ...data, at });
    this.note(`${data.flow} ended: ${data.end}`, at);
  }

  on_sent(data, at) {
    const item = this.outgoing(data.effect);
    Object.assign(item, { at, channel: data.channel, content: data.content, tick: item.message ? "shown" : "decided" });
    item.waits = !item.message;
  }

  on_attempted(data) {
    const item = this.effects.get(data.effect);
    if (!item) return;
    const outcome = data.outcome;
    const failed = typeof outcome === "object" ? outcome.failed : undefined;
    if (failed) Object.assign(item, { tick: "failed", why: failed.reason, waits: false });
    else if (outcome === "unsure") Object.assign(item, { tick: "unsure", waits: false });
    else if (outcome === "accepted") Object.assign(item, { waits: false, tick: item.tick === "decided" ? "shown" : item.tick });
    else item.tick = "again";
  }

  on_reported(data) {
    const item = this.effects.get(data.effect);
    if (item) Object.assign(item, { tick: data.status, why: data.reason, waits: false });
  }

  on_called(data, at) {
    this.calls.set(data.effect, { ...data, at });
  }

  on_call_ended(data) {
    const call = this.calls.get(data.effect);
    if (call) Object.assign(call, { outcome: data.outcome, why: data.reason, took: data.took, answer: data.body });
  }

  on_alert(data, at) {
    this.alerts.push({ ...data, at });
  }

  on_opted_out(data, at) {
    this.note(`Opted out of ${data.kind}`, at, "warn");
  }

  on_opted_in(data, at) {
    this.note(`Opted in to ${data.kind} again`, at);
  }

  on_consent(data, at) {
    const kinds = (of) => (of ?? []).join(", ");
    if (data.given) this.note(`Consents to marketing by ${kinds(data.given)}`, at);
    if (data.withdrawn) this.note(`Consents no longer to marketing by ${kinds(data.withdrawn)}`, at);
  }

  on_way(data, at) {
    if (data.step === "passed") this.note(`${data.notification} goes to ${Object.values(data.to ?? {})[0] ?? "somebody else"}`, at);
  }

  on_contact_changed(data, at) {
    this.note(`${data.name}: ${data.value}`, at);
  }

  on_note(data, at) {
    this.decisions.push({ what: "Note", reason: data.text, at, way: true });
  }

  on_set_aside(data, at) {
    this.note(`Set aside: ${data.reason}`, at, "warn");
  }

  message(data) {
    if (data.type === "mark_read") return;
    const effect = String(data.effect ?? "").split(".")[1] ?? data.id;
    const item = this.outgoing(effect);
    item.at ??= Date.parse(data.at) + this.ahead;
    item.channel ??= data.channel;
    const early = [undefined, "decided", "again"].includes(item.tick);
    Object.assign(item, { message: data, waits: false, tick: early ? "shown" : item.tick });
  }

  outgoing(effect) {
    let item = this.effects.get(effect);
    if (!item) {
      item = { kind: "bot", id: effect };
      this.effects.set(effect, item);
      this.items.push(item);
    }
    return item;
  }
}

// Pictures and places in what the journal keeps of a message.
function contentOf(content) {
  const media = content?.media?.media?.[0];
  return { media: media?.url ? { url: media.url, type: media.content_type } : undefined, place: content?.location };
}
