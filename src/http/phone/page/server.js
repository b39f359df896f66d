// The service: what is asked of it and what it says while a conversation goes on.

async function asked(path, options = {}) {
  const headers = { "X-Replyflow-Phone": "1", ...options.headers };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch {
    throw new Error("The service does not answer.");
  }
  const json = (answer.headers.get("content-type") ?? "").includes("json");
  const body = json ? await answer.json() : undefined;
  if (answer.ok) return body;
  if (answer.status === 403) throw new Error("This number belongs to somebody who is known over a real channel.");
  if (answer.status === 429 || answer.status === 503) throw new Error("The service has no time now. Try again.");
  const where = body?.field && body.field !== "body" ? `${body.field}: ` : "";
  throw new Error(body?.detail ? `${where}${body.detail}` : `The service says ${answer.status}.`);
}

const post = (path, body) =>
  asked(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });

export const project = () => asked("/phone/project");
export const act = (what, body) => post(`/phone/${what}`, body);
export const behave = (behaviour) => post("/simulator/behaviour", behaviour);
export const behaviour = () => asked("/simulator/behaviour");
export const picture = (file) => asked("/phone/pictures", { method: "POST", body: file });

// A message goes in through the webhook of its channel, as from any provider.
export const write = (channel, message) => post(`/hooks/${encodeURIComponent(channel)}`, message);

// Calls `told(kind, data)` for each event until `stop` is called.
export function listen(number, told) {
  const source = new EventSource(`/phone/stream?${new URLSearchParams({ number })}`);
  for (const kind of ["fresh", "entry", "message", "state", "refused"]) {
    source.addEventListener(kind, (event) => told(kind, JSON.parse(event.data)));
  }
  source.addEventListener("refused", () => source.close());
  source.addEventListener("open", () => told("open"));
  source.addEventListener("error", () => told(source.readyState === EventSource.CLOSED ? "closed" : "lost"));
  return () => source.close();
}
