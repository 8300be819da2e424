// A drawing whose numbers follow: the texts that hold numbers are filled in anew.

class LiveDrawing {
  constructor(host) {
    this.host = host;
    this.data = JSON.parse(host.querySelector("script[data-drawing-data]").textContent);
    this.graph = new Graph(PROGRAM(), this.data.live);
    this.changes = new Changes();
    const root = host.attachShadow({ mode: "open" });
    this.block = html("div", { class: "living", role: "group", "aria-label": this.data.title });
    this.block.classList.toggle("fill", document.body.hasAttribute("data-live-page"));
    this.picture();
    this.panel = new Panel(this.graph);
    this.block.append(html("div", { class: "stage" }, this.svg), this.panel.element);
    for (const leaf of this.graph.leaves) {
      if (leaf.box === null) continue;
      const box = this.svg.getElementById(leaf.box);
      this.panel.hand.hold(box, leaf);
      this.panel.boxes.set(leaf, box);
    }
    root.append(html("style", {}, this.data.css), this.block);
    chooseTheme(this.block, this.data.theme);
    this.show();
    this.graph.listeners.push(eachFrame(() => this.show(this.graph.training === null)));
  }

  picture() {
    this.svg = drawn(this.host);
    this.svg.querySelector("style").remove();
    for (const title of this.svg.querySelectorAll("title")) title.textContent = ""; // names of Graphviz's
    this.svg.setAttribute("role", "group");
    this.svg.setAttribute("aria-label", this.data.title);
    const { width, height, least } = this.data;
    this.svg.setAttribute("style", `--width: ${width}px; --least: ${least}px; --ratio: ${width / height}`);
    const texts = this.svg.querySelectorAll("text");
    this.texts = this.data.texts.map(([i, template]) => [texts[i], template, null]);
  }

  show(marking = false) {
    const { marks, numbers } = this.graph;
    for (const each of this.texts) {
      const [element, template, before] = each;
      const text = marks.text(template, numbers);
      if (text === before) continue;
      element.textContent = text;
      each[2] = text;
      if (marking) this.changes.mark(element);
    }
    for (const [leaf, box] of this.panel.boxes) this.panel.hand.say(box, leaf);
  }
}
