// The content of a campaign is shown as it is typed: after a pause the form goes to the server, as its Preview button would send it.
(() => {
  "use strict";
  const PAUSE_MS = 400;
  const button = document.querySelector("[data-preview]");
  if (!button) return;
  const form = button.form;
  let timer = 0, newest = 0;

  /* the sentence under a field, and what points at it */
  const place = (field, told) => {
    document.querySelector(`#${field.id}-err`)?.remove();
    const problem = told.querySelector(`#${field.id}-err`), twin = told.querySelector(`#${field.id}`);
    for (const name of ["aria-invalid", "aria-describedby"]) {
      if (twin.hasAttribute(name)) field.setAttribute(name, twin.getAttribute(name)); else field.removeAttribute(name);
    }
    if (problem) field.after(problem);
    return !problem;
  };

  /* a new frame takes the form, so that the browser's history stays as it is; the old one stays until it is there */
  const frame = () => {
    const old = document.querySelector("iframe[name=preview]"), fresh = old.cloneNode(false);
    fresh.removeAttribute("src");
    fresh.name = "preview-typed";
    fresh.hidden = true;
    old.after(fresh);
    fresh.addEventListener("load", () => {
      old.remove();
      fresh.name = "preview";
      fresh.hidden = false;
    }, { once: true });
    const { action, target } = form;
    Object.assign(form, { action: button.formAction, target: fresh.name });
    form.submit();
    Object.assign(form, { action, target });
  };

  const show = async () => {
    const mine = ++newest, body = new URLSearchParams(new FormData(form));
    body.set("do", "preview");
    let answer;
    try { answer = await fetch(form.action, { method: "POST", body }); } catch (_) { return; /* the next pause tries again */ }
    if (!answer.ok || mine !== newest) return;
    const told = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== newest) return;
    for (const part of document.querySelectorAll("[data-typed]")) part.replaceChildren(...told.querySelector(`#${part.id}`).childNodes);
    const good = [...form.querySelectorAll(".input")].map(field => place(field, told)).every(Boolean);
    const shown = document.querySelector("iframe[name=preview]");
    shown?.classList.toggle("stale", !good);
    if (shown && good) frame();
  };

  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(show, PAUSE_MS); });
  button.addEventListener("click", event => { event.preventDefault(); clearTimeout(timer); show(); });
})();
