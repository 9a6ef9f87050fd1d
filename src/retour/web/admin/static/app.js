// Makes some steps shorter; every one of them also works as a plain form or link.
(() => {
  "use strict";
  const find = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const on = (type, listen, options) => document.addEventListener(type, listen, options);
  const kept = { // what this browser remembers; where storage is closed, for this page alone
    get: name => { try { return localStorage.getItem(name); } catch (_) { return null; } },
    set: (name, value) => { try { value ? localStorage.setItem(name, value) : localStorage.removeItem(name); } catch (_) { /* closed */ } },
  };

  /* toasts: 6 s, longer while somebody reads or holds them; trouble stays until it is dismissed */
  const TOAST_MS = 6000;
  const arm = toast => {
    if ("armed" in toast.dataset) return;
    toast.dataset.armed = "";
    if (toast.matches(".negative") || find("a, form", toast)) return;
    const leave = () => { toast.matches(":hover, :focus-within") ? setTimeout(leave, TOAST_MS) : toast.remove(); };
    setTimeout(leave, TOAST_MS);
  };
  const say = (text, kind = "neutral") => {
    const same = all(".toast").find(toast => find("span", toast)?.textContent === text);
    if (same) return;
    const toast = find("#toast-template").content.firstElementChild.cloneNode(true);
    toast.classList.add(kind);
    find("span", toast).textContent = text;
    find("#toasts").append(toast);
  };
  new MutationObserver(() => all("#toasts .toast").forEach(arm)).observe(find("#toasts"), { childList: true });
  all("#toasts .toast").forEach(arm);

  const changed = element => element.dispatchEvent(new Event("input", { bubbles: true }));

  /* theme: light, dark, or what the system says */
  const root = document.documentElement;
  const theme = name => {
    if (name === "system") delete root.dataset.theme; else root.dataset.theme = name;
    kept.set("theme", name === "system" ? null : name);
    showTheme();
  };
  const showTheme = () => all("[data-theme-choice]").forEach(button =>
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === (root.dataset.theme || "system"))));
  showTheme();

  /* buttons, delegated: what comes later needs no set-up */
  const deeds = {
    copy: async button => {
      try { await navigator.clipboard.writeText(find(button.dataset.copy).textContent.trim()); say("Copied."); }
      catch (_) { getSelection().selectAllChildren(find(button.dataset.copy)); say("Selected. Copy it with your keyboard."); }
    },
    themeToggle: () => {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      theme(dark ? "light" : "dark");
    },
    themeChoice: button => theme(button.dataset.themeChoice),
    peek: button => {
      const field = find("#" + button.dataset.peek), show = field.type === "password";
      field.type = show ? "text" : "password";
      button.setAttribute("aria-pressed", String(show));
    },
    generate: button => {
      if (!find("#authentication-algorithm").value.startsWith("HS")) return false; // key pairs are made by the service
      const field = find("#" + button.dataset.generate), bytes = crypto.getRandomValues(new Uint8Array(64));
      field.value = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
      changed(field);
      say("Generated. Copy it before you submit: it is not shown again.");
    },
    kvAdd: () => {
      const numbers = all("[data-kv]").map(row => Number(row.id.split("-")[1]));
      const place = document.createElement("div");
      place.innerHTML = find("#kv-template").innerHTML.replaceAll("NUMBER", String(Math.max(-1, ...numbers) + 1));
      const row = place.firstElementChild;
      find("#kv").append(row);
      find("input", row).focus();
      changed(row);
    },
    kvRemove: button => {
      const row = button.closest("[data-kv]"), next = row.nextElementSibling ? find("input", row.nextElementSibling) : find("[data-kv-add]");
      changed(row);
      row.remove();
      next.focus();
    },
    because: button => find("#" + button.dataset.because).focus(),
    dismiss: button => button.closest(".toast").remove(),
    open: button => { find("[popover]:popover-open")?.hidePopover(); find("#" + button.dataset.open).showModal(); },
    close: button => button.closest("dialog").close(),
    confirm: link => {
      const dialog = find("#confirm"), ok = find("#confirm-ok");
      find("form", dialog).action = link.href;
      find("#confirm-title").textContent = link.dataset.confirm;
      find("#confirm-body").textContent = link.dataset.confirmBody;
      ok.textContent = link.dataset.confirmOk;
      ok.className = "btn " + (link.dataset.confirmKind || "negative");
      dialog.addEventListener("close", () => link.focus(), { once: true });
      dialog.showModal();
    },
  };
  on("click", event => {
    const button = event.target.closest("button, a");
    if (!button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    for (const name of Object.keys(deeds)) {
      if (name in button.dataset) { if (deeds[name](button) !== false) event.preventDefault(); return; }
    }
  });

  /* unsaved changes: our own question inside the pages, the browser's for everything else */
  on("input", event => event.target.closest("form[data-guard]")?.classList.add("dirty"));
  on("submit", event => event.target.classList.remove("dirty"));
  addEventListener("beforeunload", event => { if (find("form.dirty")) event.preventDefault(); });
  on("click", event => {
    const link = event.target.closest("a[href]"), dialog = find("#leave");
    if (!link || !dialog || !find("form.dirty") || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link.target || link.origin !== location.origin || link.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    if (link.id === "leave-ok") { all("form.dirty").forEach(form => form.classList.remove("dirty")); location.assign(link.href); return; }
    find("#leave-ok").href = link.href;
    dialog.addEventListener("close", () => link.focus(), { once: true });
    dialog.showModal();
  });

  /* a menu that the focus has left is closed: it would lie over what has the focus now */
  on("focusin", event => {
    const open = find("[popover]:popover-open");
    if (open && !open.contains(event.target)) open.hidePopover();
  });

  /* a part that could not be fetched: everything stays as it is */
  on("htmx:error", () => say("Can't reach the server. What you typed is kept: try again in a moment.", "negative"));

  /* keyboard; single letters are silent in fields and can be switched off in Account (WCAG 2.1.4) */
  const rows = () => all("main a.row");
  const step = by => {
    const list = rows(), at = list.indexOf(document.activeElement);
    list[Math.max(0, Math.min(list.length - 1, at + by))]?.focus();
  };
  const letters = {
    "/": () => (find("[data-slash]") || find("#omni"))?.focus(),
    "?": () => find("#keys")?.showModal(),
    j: () => step(1),
    k: () => step(-1),
    r: () => find("[data-replay]")?.click(),
  };
  on("keydown", event => {
    if ((event.ctrlKey || event.metaKey) && event.key === "k" && find("#omni")) { event.preventDefault(); find("#omni").focus(); find("#omni").select(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select") || find("dialog[open]")) return;
    if (event.key === "Escape" && !find("[popover]:popover-open")) find("[data-panel-close]")?.click();
    if (event.key in letters && kept.get("shortcuts") !== "off") { event.preventDefault(); letters[event.key](); }
  });
  const shortcuts = find("[data-shortcuts]");
  if (shortcuts) {
    shortcuts.checked = kept.get("shortcuts") !== "off";
    shortcuts.addEventListener("change", () => kept.set("shortcuts", shortcuts.checked ? null : "off"));
  }

  /* what happened is read first */
  find("[data-focus]")?.focus();
})();
