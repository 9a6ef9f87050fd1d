// The API reference: Swagger UI in the place of the plain list, in the theme of the page.
(() => {
  "use strict";
  const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => root.classList.toggle("dark-mode", root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  paint();
  dark.addEventListener("change", paint);
  new MutationObserver(paint).observe(root, { attributeFilter: ["data-theme"] });

  const list = document.querySelector("#main"), place = document.createElement("div"); // it brings a <main> of its own
  place.id = list.id;
  place.tabIndex = -1;
  list.replaceWith(place);
  const mend = (selector, attributes) => {
    for (const [name, value] of Object.entries(attributes)) place.querySelector(selector)?.setAttribute(name, value);
  };
  SwaggerUIBundle({
    url: list.dataset.spec,
    domNode: place,
    onComplete: () => {
      mend(".information-container", { role: "region", "aria-label": "About" });
      mend(".models h4", { "aria-level": "2" });
    },
    deepLinking: true,
    docExpansion: "list",
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
    plugins: [({ React }) => ({ components: {
      // It warns of every dialect but one. Ours is the plain one of JSON Schema, which it shows well.
      JsonSchemaDialect: () => null,
      // A link inside the button of an operation can't be reached by everybody; the button changes the address as well.
      DeepLink: ({ text }) => React.createElement("span", null, text),
      // One server, this one: a choice without a name.
      ServersContainer: () => null,
    } })],
  });
})();
