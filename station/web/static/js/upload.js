// A file goes to the station in pieces; what is cut off goes on where the station has it. Without this script the
// form sends it whole.
import { csrf } from "./page.js";

const form = document.querySelector("form[data-upload]");
const box = form.querySelector("[data-progress]");
const WAITS_MS = [500, 1000, 2000, 5000, 10000, 20000, 30000]; // between tries on a line that is cut

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const say = (text) => { box.querySelector("[data-said]").textContent = text; };

// Words of the station for what it refuses: an Error that is not tried again.
async function ask(url, options = {}) {
  const reply = await fetch(url, { ...options, headers: { "X-CSRFToken": csrf() } });
  if (reply.status >= 500 && reply.status !== 507) throw new TypeError(reply.status);
  const told = await reply.json().catch(() => ({}));
  if (reply.ok || reply.status === 409) return told;
  throw new Error((told.errors ?? [told.error?.message?.[document.documentElement.lang.replace("-", "_")] ?? reply.status]).join(" "));
}

// What fails on the way (TypeError) is tried again, what the station refuses is not.
async function tried(work) {
  for (const ms of [...WAITS_MS, 0]) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TypeError) || !ms) throw error;
      say(form.dataset.again);
      await wait(ms);
    }
  }
}

async function digest(file) {
  if (!crypto.subtle) return ""; // only on a page that came over TLS, or from this machine
  const hash = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function send(file) {
  const asked = new FormData(form);
  asked.delete("file");
  asked.set("name", file.name);
  asked.set("bytes", file.size);
  asked.set("sha256", await digest(file));
  const begun = await tried(() => ask(form.dataset.upload, { method: "POST", body: asked }));
  if (begun.url) return begun;
  const at = `${form.dataset.upload}/${begun.token}`, step = Number(form.dataset.piece);
  let have = begun.have, cut = false;
  while (have < file.size) {
    box.querySelector("progress").value = (100 * have) / file.size;
    say(`${Math.floor((100 * have) / file.size)} %`);
    const from = have;
    have = (await tried(async () => {
      const start = cut ? (await ask(at)).have : from; // after a cut the station says where it is
      cut = true;
      if (start >= file.size) return { have: start };
      const told = await ask(`${at}/pieces?offset=${start}`, { method: "POST", body: file.slice(start, start + step) });
      cut = false;
      return told;
    })).have;
  }
  return tried(() => ask(`${at}/finish`, { method: "POST" }));
}

form.addEventListener("submit", async (event) => {
  const file = form.elements.file.files[0];
  if (!file) return; // the station says so
  event.preventDefault();
  if (form.dataset.sending) return;
  form.dataset.sending = "1";
  box.hidden = false;
  try {
    location.assign((await send(file)).url);
  } catch (error) {
    say(error instanceof TypeError ? form.dataset.lost : error.message);
    delete form.dataset.sending;
    delete form.dataset.sent;
  }
});
