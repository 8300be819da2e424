(() => {
  "use strict";
  // Each picture has two buttons to make it smaller and larger, one to fit it into its box, one for its
  // natural size; with Ctrl the wheel does it, and a drag moves what is in the box.
  for (const box of document.querySelectorAll("[data-zoom-picture]:not([data-zoomed])")) {
    box.dataset.zoomed = "";
    const image = box.querySelector("img");
    const natural = Number(box.dataset.zoomPicture);
    const to = (width, x = box.clientWidth / 2, y = box.clientHeight / 2) => {
      const before = image.clientWidth || 1;
      const after = Math.max(60, Math.min(8 * natural, width));
      const left = (box.scrollLeft + x) * after / before - x;
      const top = (box.scrollTop + y) * after / before - y;
      Object.assign(image.style, { width: `${after}px`, minWidth: "0", maxWidth: "none" });
      box.scrollTo(left, top);
    };
    const fitted = () => Math.min(
      box.clientWidth, box.clientHeight * image.clientWidth / image.clientHeight);
    const bar = document.createElement("div");
    bar.style.cssText = "display:flex;gap:4px;margin:0 0 4px";
    const actions = [
      ["−", "smaller", () => to(image.clientWidth / 1.25)],
      ["+", "larger", () => to(image.clientWidth * 1.25)],
      ["fit", "the whole picture in its box", () => to(fitted())],
      ["1:1", "natural size", () => to(natural)],
    ];
    for (const [text, title, act] of actions) {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: text, title, onclick: act });
      button.setAttribute("aria-label", title);
      button.style.cssText = "font:12px sans-serif;min-width:2.4em;padding:2px 6px;color:inherit;"
        + "background:transparent;border:1px solid currentColor;border-radius:4px;opacity:.75";
      bar.append(button);
    }
    box.before(bar);
    box.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const { left, top } = box.getBoundingClientRect();
      to(image.clientWidth * 1.0015 ** -event.deltaY, event.clientX - left, event.clientY - top);
    }, { passive: false });
    image.draggable = false;
    box.addEventListener("pointerdown", (event) => {
      if (event.button || event.pointerType !== "mouse" || event.target !== image) return;
      const from = [event.clientX + box.scrollLeft, event.clientY + box.scrollTop];
      const move = (next) => box.scrollTo(from[0] - next.clientX, from[1] - next.clientY);
      box.setPointerCapture(event.pointerId);
      box.addEventListener("pointermove", move);
      box.addEventListener("pointerup", () => box.removeEventListener("pointermove", move),
        { once: true });
    });
  }
})();
