// What every live block of a page is made with: elements, the theme of the page, and finding its place.
const SVG = "http://www.w3.org/2000/svg";
const MATH = "http://www.w3.org/1998/Math/MathML";
const HTML = "http://www.w3.org/1999/xhtml";
const DARK = matchMedia("(prefers-color-scheme: dark)");
const PAPER = matchMedia("print");

function make(space, tag, attributes, ...children) {
  const node = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
const html = (tag, attributes, ...children) => make(HTML, tag, attributes, ...children);

// The still picture of a block, as elements.
function drawn(host) {
  const source = host.querySelector("img").src;
  const bytes = Uint8Array.from(atob(source.slice(source.indexOf(",") + 1)), (c) => c.charCodeAt(0));
  const page = new DOMParser().parseFromString(new TextDecoder().decode(bytes), "image/svg+xml");
  return document.importNode(page.documentElement, true);
}

// Dark or light as the reader, the notebook or the browser has it, and on paper light; what is drawn in
// the colours of the block is told when they change.
function chooseTheme(block, wanted, changed = () => {}) {
  const choose = () => {
    let theme = wanted;
    if (theme === "auto") {
      const body = document.body;
      const light = body.getAttribute("data-jp-theme-light");
      const kind = body.getAttribute("data-vscode-theme-kind") || "";
      if (light !== null) theme = light === "true" ? "light" : "dark";
      else if (kind) theme = kind.includes("light") ? "light" : "dark";
      else if (document.documentElement.getAttribute("theme") === "dark") theme = "dark";
      else theme = DARK.matches && !PAPER.matches ? "dark" : "light";
    }
    if (block.dataset.theme === theme) return;
    block.dataset.theme = theme;
    changed(theme);
  };
  choose();
  for (const media of [DARK, PAPER]) media.addEventListener("change", choose);
  new MutationObserver(choose).observe(document.body, {
    attributes: true, attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind"],
  });
}

// Front ends run a script in different ways: from its place, or after moving it. Either way the blocks
// that wait are found by what only they have.
function begin(waiting, start) {
  const here = document.currentScript ? document.currentScript.getRootNode() : document;
  for (const place of new Set([here, document])) {
    for (const host of place.querySelectorAll(waiting)) {
      if (!host.shadowRoot && host.querySelector('script[type="application/json"]')) start(host);
    }
  }
}

// A text where it belongs; one that is there already is left alone.
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
