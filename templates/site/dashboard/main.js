// The entry point: loads the settings, signs the user in, and starts the app.
import { Api } from "./api.js";
import { App } from "./app.js";
import { render } from "./lit.js";
import { failed, notAllowed, signedOut } from "./parts/alone.js";
import { SignIn } from "./signin.js";

const root = document.getElementById("app");

async function start() {
  const settings = await fetch("/dashboard/config.json", { cache: "no-cache" }).then((answer) => answer.json());
  const signIn = new SignIn(settings);
  if (!(await signIn.isIn())) {
    if (!signIn.wasLeft()) return signIn.go();
    return show(signedOut(() => signIn.go()));
  }
  const api = new Api(signIn);
  try {
    const me = await api.get("/me");
    const name = (await signIn.name()) ?? me.user;
    show(null);
    new App(root, api, signIn, me, name).start();
  } catch (error) {
    if (error.status === 401) return signIn.go();
    show(error.status === 403 ? notAllowed(signIn) : failed(error, () => start()));
  }
}

function show(template) {
  root.replaceChildren();
  if (template) render(template, root.appendChild(document.createElement("div")));
}

start().catch((error) => show(failed(error, () => location.reload())));
