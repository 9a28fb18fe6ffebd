// Panels of a page follow the station: server-sent events, or a poll every 5 s where the server has no stream to spare.
// The server renders a panel once and sends it as HTML; place.js puts it where it belongs.
import { closePage } from "./kept.js";
import { put, putWaiting } from "./place.js";

const POLL_MS = 5000;
const RETRY_STREAM_MS = 60000;
const SILENCE_MS = 20000; // the server sends panels or a beat every 10 s (hub.KEEPALIVE_S)

const badge = () => document.querySelector("[data-link]");

function show(state) {
  const element = badge();
  if (element) element.dataset.link = state;
}

function apply(messages, charts) {
  for (const [name, body] of Object.entries(messages)) {
    if (name === "power") charts?.power(body);
    else if (name === "curve") charts?.refreshCurve();
    else put(name, body);
  }
}

export function startLive(charts) {
  const { streamUrl, pollUrl } = document.body.dataset;
  if (!pollUrl) return;
  let polling = null;

  const poll = async () => {
    try {
      const reply = await fetch(pollUrl, { headers: { Accept: "application/json" } });
      if (reply.status === 401) return closePage();
      if (!reply.ok) throw new Error(String(reply.status));
      apply((await reply.json()).panels, charts);
      show("poll");
    } catch {
      show("lost");
    }
  };
  if (!streamUrl) {
    setInterval(poll, POLL_MS);
    return;
  }
  const stream = () => {
    const source = new EventSource(streamUrl);
    let silence = null;
    const listen = () => {
      clearTimeout(silence);
      silence = setTimeout(() => { source.close(); show("lost"); stream(); }, SILENCE_MS);
    };
    const heard = () => { listen(); show("live"); }; // an open line alone is no news: figures may stand still
    listen();
    source.addEventListener("open", () => {
      clearInterval(polling);
      polling = null;
      charts?.reload();
    });
    source.addEventListener("panels", (event) => { heard(); apply(JSON.parse(event.data), charts); });
    source.addEventListener("beat", heard);
    source.addEventListener("bye", () => { clearTimeout(silence); source.close(); closePage(); });
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return show("lost"); // it tries again by itself
      clearTimeout(silence);
      if (!polling) { poll(); polling = setInterval(poll, POLL_MS); }
      setTimeout(stream, RETRY_STREAM_MS);
    });
  };
  stream();
  setInterval(putWaiting, 1000);
}
