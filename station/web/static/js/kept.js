// What was typed when a session ended: handed to the server before the page closes, and put in again after the log-in.
// Nothing is ever sent by itself.
const forms = () => [...document.querySelectorAll('main form[method="post"]')];
const way = (form) => { const url = new URL(form.action); return url.pathname + url.search; };
const differs = (field) => {
  if (field.options) return field.selectedIndex !== Math.max(0, [...field.options].findIndex((o) => o.defaultSelected));
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  return "defaultValue" in field && field.type !== "hidden" && field.value !== field.defaultValue;
};
export const changed = (form) => Boolean(form.dataset.changed) || [...form.elements].some(differs);

export async function closePage() {
  const url = document.body.dataset.unsentUrl;
  const form = forms().find(changed);
  if (url && form) {
    const texts = [...new FormData(form)].filter(([, value]) => typeof value === "string");
    await fetch(`${url}?for=${encodeURIComponent(way(form))}`, { method: "POST", body: new URLSearchParams(texts) })
      .catch(() => {}); // no network: nothing can be kept, and the page must close
  }
  window.location.reload();
}

function putIn(form, fields) {
  const rest = [...fields]; // fields of one name come in the order of the form
  for (const field of form.elements) {
    if (!field.name || field.name === "csrf_token" || ["password", "file", "submit"].includes(field.type)) continue;
    const at = rest.findIndex(([name]) => name === field.name);
    const held = (text) => fields.some(([name, value]) => name === field.name && value === text);
    if (field.type === "checkbox" || field.type === "radio") field.checked = held(field.value);
    else if (field.multiple) for (const option of field.options) option.selected = held(option.value);
    else if (at >= 0) field.value = rest.splice(at, 1)[0][1];
  }
  form.dataset.changed = "1";
}

export function startKept() {
  for (const note of document.querySelectorAll("[data-kept-for]")) {
    const form = forms().find((each) => way(each) === note.dataset.keptFor);
    if (form) putIn(form, JSON.parse(note.dataset.kept));
  }
}
