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

// Rows of a table marked data-drags are dragged to their place by their grip, with any
// pointer; the buttons beside it do the same. The server's answer shows the order.
document.addEventListener("pointerdown", (event) => {
  const grip = event.target.closest("[data-drags] .grip");
  if (!grip || event.button) return;
  const row = grip.closest("tr"), body = row.parentElement, next = row.nextSibling;
  const start = row.rowIndex;
  event.preventDefault();
  row.classList.add("dragged");
  // On the body, which stays where it is while the row does not.
  body.setPointerCapture(event.pointerId);
  const move = ({ clientY }) => {
    const others = [...body.rows].filter((each) => each !== row);
    const after = others.find((each) => {
      const { top, height } = each.getBoundingClientRect();
      return clientY < top + height / 2;
    });
    body.insertBefore(row, after ?? null);
  };
  const end = ({ type }) => {
    body.removeEventListener("pointermove", move);
    for (const each of ["pointerup", "pointercancel"]) body.removeEventListener(each, end);
    if (type === "pointercancel") body.insertBefore(row, next);
    if (row.rowIndex === start) return row.classList.remove("dragged");
    const button = document.createElement("button");
    Object.assign(button, { name: "move", value: `${row.dataset.part}.${row.sectionRowIndex}`, hidden: true });
    body.closest("form").append(button);
    button.form.requestSubmit(button);
    button.remove();
  };
  body.addEventListener("pointermove", move);
  for (const each of ["pointerup", "pointercancel"]) body.addEventListener(each, end);
});

// Where one signs in, the browser says by which clock its user reads.
for (const input of document.querySelectorAll("input[type=hidden][name=zone]")) {
  input.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}
