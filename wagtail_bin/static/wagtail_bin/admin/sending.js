/* Comfort only: everything works without it. */
(() => {
  const choose = document.querySelector("[data-bin-choose]");
  if (choose) {
    const update = choose.querySelector("[data-bin-update]");
    if (update) update.hidden = true;
    choose.addEventListener("change", () => choose.requestSubmit());
  }

  // The moment was typed into the form of the buttons: it is not forgotten.
  for (const form of document.querySelectorAll("[data-bin-choose], [data-bin-look]")) {
    form.addEventListener("formdata", (event) => {
      for (const field of document.querySelectorAll("[data-bin-timing] input")) {
        if (field.type !== "radio" || field.checked) event.formData.set(field.name, field.value);
      }
    });
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

  // A date that is chosen is meant, whatever the button beside it says.
  const moment = document.querySelector("[data-bin-timing] input[name=not_before]");
  if (moment) {
    const later = document.querySelector("[data-bin-timing] input[value=later]");
    for (const kind of ["input", "change", "focus"]) {
      moment.addEventListener(kind, () => { later.checked = true; });
    }
  }

  for (const button of document.querySelectorAll("[data-bin-copy]")) {
    const text = document.getElementById(button.dataset.binCopy);
    button.hidden = false;
    button.addEventListener("click", async () => {
      text.select();
      try {
        await navigator.clipboard.writeText(text.value);
      } catch {
        // Not allowed here: it is selected, and the keyboard copies it.
        return;
      }
      button.textContent = button.dataset.binCopied;
    });
  }
})();
