// Shows the print button, which needs this script.
const place = document.querySelector("[data-print]");
place.hidden = false;
place.querySelector("button").addEventListener("click", () => print());
