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
  SwaggerUIBundle({
    url: list.dataset.spec,
    domNode: place,
    deepLinking: true,
    docExpansion: "list",
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
    // It warns of every dialect but one. Ours is the plain one of JSON Schema, which it shows well.
    plugins: [() => ({ components: { JsonSchemaDialect: () => null } })],
  });
})();
