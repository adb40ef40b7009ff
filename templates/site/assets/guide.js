// Shows the button that prints, where there is a script to print with.
const place = document.querySelector("[data-print]");
place.hidden = false;
place.querySelector("button").addEventListener("click", () => print());
