// Reading and scrolling are work too: tell the server at most once a minute, so that only a left desk ends the session.
import { closePage } from "./kept.js";
import { csrf } from "./page.js";

const EVERY_MS = 60000;

export function startSession() {
  const url = document.body.dataset.aliveUrl;
  if (!url) return;
  let last = Date.now();
  const alive = () => {
    if (Date.now() - last < EVERY_MS) return;
    last = Date.now();
    fetch(url, { method: "POST", headers: { "X-CSRFToken": csrf() } }).then((reply) => {
      if (reply.status === 401) closePage();
    }, () => {}); // no network: the link badge already says so
  };
  for (const kind of ["pointerdown", "keydown", "wheel"]) document.addEventListener(kind, alive, { passive: true });
}
