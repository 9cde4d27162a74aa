// What pages do beyond their forms and links; every one of them works without this.

"use strict";

// A button with data-copy puts the text of the element it names onto the clipboard.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  await navigator.clipboard.writeText(source.value ?? source.textContent);
  const said = button.textContent;
  button.textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = said; }, 2000);
});

// What is changed in a form marked data-sends is sent at once.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-sends]");
  if (form) form.requestSubmit();
});

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.isSent) event.preventDefault();
  form.dataset.isSent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-is-sent]")) delete form.dataset.isSent;
});
