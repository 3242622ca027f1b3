/* Comfort only: everything works without it. */
(() => {
  const choose = document.querySelector("[data-bin-choose]");
  if (choose) {
    const update = choose.querySelector("[data-bin-update]");
    if (update) update.hidden = true;
    choose.addEventListener("change", () => choose.submit());
  }

  const confirm = document.querySelector("[data-bin-confirm]");
  if (confirm) {
    // A second click is harmless; this only shows that the first one counted.
    confirm.form.addEventListener("submit", (event) => {
      if (event.submitter === confirm) {
        setTimeout(() => { confirm.disabled = true; }, 0);
      }
    });
  }

  const box = document.querySelector("[data-bin-refresh]");
  if (box) {
    const again = async () => {
      const state = box.querySelector("[data-bin-progress]");
      if (!state || state.dataset.done === "true") return;
      try {
        const response = await fetch(`${location.pathname}?part=1`);
        if (response.ok) box.innerHTML = await response.text();
      } catch {
        // The network may be back at the next look.
      }
      setTimeout(again, Number(box.dataset.binRefresh) * 1000);
    };
    setTimeout(again, Number(box.dataset.binRefresh) * 1000);
  }
})();
