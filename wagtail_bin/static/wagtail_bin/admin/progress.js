/* A part of the page that renews itself. Without this the whole page does. */
(() => {
  const box = document.querySelector("[data-bin-refresh]");
  if (box) {
    const parts = (root) => [...root.querySelectorAll("[data-bin-part]")];
    const shown = new Map();
    const renew = (html) => {
      const template = document.createElement("template");
      template.innerHTML = html;
      for (const part of parts(template.content)) {
        const name = part.dataset.binPart;
        // What has not changed stays, with whatever the keyboard is on.
        if (shown.get(name) === part.innerHTML) continue;
        shown.set(name, part.innerHTML);
        box.querySelector(`[data-bin-part="${name}"]`).innerHTML = part.innerHTML;
      }
      const state = box.querySelector("[data-bin-progress]");
      state.dataset.done = template.content.querySelector("[data-bin-progress]").dataset.done;
    };
    for (const part of parts(box)) shown.set(part.dataset.binPart, part.innerHTML);
    const again = async () => {
      const state = box.querySelector("[data-bin-progress]");
      if (!state || state.dataset.done === "true") return;
      try {
        const response = await fetch(`${location.pathname}?part=1`);
        if (!response.redirected) {
          if (response.ok) renew(await response.text());
        } else if (box.dataset.binFollow && new URL(response.url).pathname.startsWith(box.dataset.binFollow)) {
          // It is done: on to the screen of what came of it.
          location.assign(response.url);
          return;
        }
      } catch {
        // The network may be back at the next look.
      }
      setTimeout(again, Number(box.dataset.binRefresh) * 1000);
    };
    setTimeout(again, Number(box.dataset.binRefresh) * 1000);
  }
})();
