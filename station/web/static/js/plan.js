// The plan form's picture of the day: drawn by the server, asked again after each change.
import { csrf } from "./page.js";

const WAIT_MS = 250;

export function startPlan() {
  const picture = document.querySelector("[data-picture-url]");
  if (!picture) return;
  const form = picture.closest("form");
  let timer = null;
  let asked = 0;
  const draw = async () => {
    const mine = ++asked;
    const reply = await fetch(picture.dataset.pictureUrl, { method: "POST", body: new FormData(form), headers: { "X-CSRFToken": csrf() } });
    if (reply.ok && mine === asked) picture.innerHTML = await reply.text();
  };
  const later = () => { clearTimeout(timer); timer = setTimeout(() => draw().catch(() => {}), WAIT_MS); };
  form.addEventListener("input", later);
  form.addEventListener("change", later);
}
