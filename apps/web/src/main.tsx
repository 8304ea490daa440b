import { render } from "preact";
import { loadModel, lookForGpu } from "./recogniser.ts";
import { followVisibility, playSample } from "./sources/player.ts";
import "./style/tokens.css";
import "./style/layout.css";
import "./style/controls.css";
import "./style/stage.css";
import "./style/panels.css";
import "./style/dialog.css";
import { App } from "./ui/app.tsx";

// The script does not wait for the document.
if (document.readyState === "loading")
  await new Promise((go) => addEventListener("DOMContentLoaded", go, { once: true }));
loadModel({ kind: "embedded" });
render(<App />, document.getElementById("app") as HTMLElement);
followVisibility();
playSample();
void lookForGpu();
