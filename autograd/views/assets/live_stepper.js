// A stepper whose numbers follow: each moment is filled in anew from what the graph computes.

class LiveStepper extends Stepper {
  picture() {
    this.graph = new Graph(PROGRAM(), this.data.live);
    this.templates = this.data.moments;
    this.data.moments = this.templates.map((template) => ({ ...template }));
    this.filled = this.templates.map(() => 0);
    this.changes = new Changes();
    super.picture();
  }

  controls() {
    this.panel = new Panel(this.graph);
    this.block.append(this.panel.element);
    super.controls();
    for (const leaf of this.graph.leaves) {
      if (leaf.box === null) continue;
      const box = this.cards[leaf.box].group;
      this.panel.hand.hold(box, leaf);
      this.panel.boxes.set(leaf, box);
    }
    this.graph.listeners.push(eachFrame(() => this.followNumbers()));
  }

  followNumbers() {
    const texts = [...this.svg.querySelectorAll("text")];
    const before = texts.map((text) => text.textContent);
    const spoken = this.live.textContent;
    this.held = true;
    this.show();
    this.held = false;
    if (!this.list.hidden) this.fillTable();
    this.live.textContent = spoken; // only moving on is told in words
    if (this.graph.training !== null) return;
    texts.forEach((text, i) => {
      if (text.textContent !== before[i]) this.changes.mark(text);
    });
  }

  // What is under the hand stays there.
  follow() {
    if (!this.held) super.follow();
  }

  // The numbers of a moment; with its words too, which are shown of one at a time.
  fill(k, words) {
    const { marks, numbers, version } = this.graph;
    const [template, moment] = [this.templates[k], this.data.moments[k]];
    if (this.filled[k] < version) {
      moment.sets = template.sets.map(
        ([kind, i, lines, final]) => [kind, i, lines.map((text) => marks.text(text, numbers)), final]);
      this.filled[k] = version;
    }
    if (!words) return;
    if (template.numbers) moment.numbers = marks.tree(template.numbers, numbers);
    const { say, result } = this.data.live.words[k];
    this.said[k] = [say, marks.text(result, numbers)];
  }

  fillTable() {
    const { marks, numbers } = this.graph;
    this.data.live.words.forEach(({ say, text, result }, k) => {
      const cells = this.rows[k].cells;
      put(cells[2], say);
      put(cells[3], marks.text(text, numbers));
      put(cells[4], marks.text(result, numbers));
    });
  }

  openTable() {
    this.fillTable();
    super.openTable();
  }

  show() {
    for (let k = 0; k <= this.position; k += 1) this.fill(k, k === this.position);
    super.show();
    for (const [leaf, box] of this.panel.boxes) {
      box.setAttribute("aria-label", leaf.name);
      this.panel.hand.say(box, leaf);
    }
  }
}
