// Makes some steps shorter; every one of them also works as a plain form or link.
(() => {
  "use strict";
  const find = (selector, root = document) => root.querySelector(selector);
  const on = (type, listen, options) => document.addEventListener(type, listen, options);

  const say = text => {
    const toast = document.createElement("div");
    toast.className = "toast neutral";
    toast.textContent = text;
    find("#toasts").append(toast);
    setTimeout(() => toast.remove(), 6000);
  };

  const changed = element => element.dispatchEvent(new Event("input", { bubbles: true }));

  /* buttons, delegated */
  const deeds = {
    copy: async button => {
      try { await navigator.clipboard.writeText(find(button.dataset.copy).textContent); say("Copied."); }
      catch (_) { getSelection().selectAllChildren(find(button.dataset.copy)); say("Selected. Copy it with your keyboard."); }
    },
    themeToggle: () => {
      const root = document.documentElement;
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      try { localStorage.setItem("theme", root.dataset.theme); } catch (_) { /* it holds for this page */ }
    },
    generate: button => {
      if (!find("#authentication-algorithm").value.startsWith("HS")) return false; // key pairs are made by the service
      const field = find("#" + button.dataset.generate), bytes = crypto.getRandomValues(new Uint8Array(64));
      field.value = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
      changed(field);
      say("Generated. Copy it before you submit: it is not shown again.");
    },
    kvAdd: () => {
      const numbers = [...document.querySelectorAll("[data-kv]")].map(row => Number(row.id.split("-")[1]));
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

  /* unsaved changes */
  on("input", event => event.target.closest("form[data-guard]")?.classList.add("dirty"));
  on("submit", event => event.target.classList.remove("dirty"));
  addEventListener("beforeunload", event => { if (find("form.dirty")) event.preventDefault(); });

  /* what happened is read first */
  find("[data-focus]")?.focus();
})();
