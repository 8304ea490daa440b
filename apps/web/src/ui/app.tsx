import { useEffect, useState } from "preact/hooks";
import { openFiles } from "../actions.ts";
import { shownView } from "../state.ts";
import { Curve } from "./curve.tsx";
import { Events } from "./events.tsx";
import { Figures } from "./figures.tsx";
import { FileView } from "./file-view.tsx";
import { Header } from "./header.tsx";
import { ModelDialog } from "./model-dialog.tsx";
import { Ranks } from "./ranks.tsx";
import { Settings } from "./settings.tsx";
import { Sources } from "./sources.tsx";
import { Stage } from "./stage.tsx";
import { VideoChooser } from "./video-chooser.tsx";

/** The page: the picture on one side, the answers on the other; one column on a phone. The live view stays, for its `<video>`. */
export function App() {
  const dropping = useDroppedFiles();
  return (
    <div class={dropping ? "app app-dropping" : "app"}>
      <Header />
      <main>
        <div class="live" hidden={shownView.value !== "live"}>
          <div class="column column-picture">
            <Stage />
            <Sources />
            <Curve />
          </div>
          <div class="column column-words">
            <Ranks />
            <Figures />
            <Settings />
            <Events />
          </div>
        </div>
        {shownView.value === "file" && <FileView />}
      </main>
      <footer class="foot">
        Everything runs on this device. No picture leaves it, and only models that you choose are downloaded.
      </footer>
      <VideoChooser />
      <ModelDialog />
    </div>
  );
}

/** Opens files that are dropped anywhere on the page. Returns whether some are being dragged over it. */
function useDroppedFiles(): boolean {
  const [dropping, setDropping] = useState(false);
  useEffect(() => {
    const ended = new AbortController();
    const on = (type: "dragover" | "dragleave" | "drop", listener: (event: DragEvent) => void) =>
      window.addEventListener(type, listener, { signal: ended.signal });
    on("dragover", (event) => {
      event.preventDefault();
      setDropping(true);
    });
    on("dragleave", ({ relatedTarget }) => {
      if (relatedTarget === null) setDropping(false);
    });
    on("drop", (event) => {
      event.preventDefault();
      setDropping(false);
      void openFiles([...(event.dataTransfer?.files ?? [])]);
    });
    return () => ended.abort();
  }, []);
  return dropping;
}
