// Removes the errors of fields that another script filled in, which the event "filled" lists.

const form = document.getElementById("referral");
const summary = document.getElementById("errors");

const controlOf = (field) => form.elements.namedItem(field);
const messageOf = (field) => document.getElementById(`${field.replaceAll(".", "-")}-error`);
const hasError = (field) => !messageOf(field).hidden;

function clear(field) {
  const message = messageOf(field);
  if (!message || message.hidden) return;
  for (const line of summary.querySelectorAll("li")) if (message.textContent.includes(line.textContent)) line.remove();
  message.textContent = "";
  message.hidden = true;
  controlOf(field)?.removeAttribute("aria-invalid");
}

const isContact = (field) => /^doctor\.(email|phone|address\.)/.test(field);

form.addEventListener("filled", ({ detail: fields }) => {
  fields.forEach(clear);
  if (fields.some(isContact)) clear("doctor");
  // The email field is also marked if the doctor has no contact detail at all.
  if (!hasError("doctor") && !hasError("doctor.email")) controlOf("doctor.email").removeAttribute("aria-invalid");
  if (summary.hidden || summary.querySelector("li")) return;
  summary.hidden = true;
  document.title = form.dataset.title;
});
