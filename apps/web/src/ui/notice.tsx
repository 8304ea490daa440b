import { useRef } from "preact/hooks";
import { openFiles } from "../actions.ts";
import type { Notice, Way } from "../failures.ts";
import { loadModel } from "../recogniser.ts";
import { playCamera, playSample, playScreen } from "../sources/player.ts";
import { choosingModel, model, notice, source } from "../state.ts";
import { videoTypes } from "./sources.tsx";

const words: Readonly<Record<Way, string>> = {
  camera: "Try the camera again",
  screen: "Share again",
  sample: "Play the sample",
  file: "Open a video",
  embedded: "Use the built-in model",
  models: "Choose a model",
  reload: "Reload",
};

/** A failure, over the picture, with buttons for what to do next. */
export function NoticeCard({ notice: { title, text, ways } }: { readonly notice: Notice }) {
  const chooser = useRef<HTMLInputElement>(null);
  const go: Readonly<Record<Way, () => void>> = {
    camera: () => void playCamera(),
    screen: () => void playScreen(),
    sample: playSample,
    file: () => chooser.current?.click(),
    embedded: () => loadModel({ kind: "embedded" }),
    models: () => {
      choosingModel.value = true;
    },
    reload: () => location.reload(),
  };
  return (
    <div class="notice" role="alert">
      <h2 class="notice-title">{title}</h2>
      <p class="notice-text">{text}</p>
      <div class="notice-ways">
        {ways.map((way, i) => (
          <button
            key={way}
            type="button"
            class={i === 0 ? "button button-first" : "button"}
            onClick={() => {
              if (way !== "file") notice.value = null;
              go[way]();
            }}
          >
            {words[way]}
          </button>
        ))}
        {model.value !== null && source.value !== null && (
          <button
            type="button"
            class="button"
            onClick={() => {
              notice.value = null;
            }}
          >
            Dismiss
          </button>
        )}
      </div>
      <input
        ref={chooser}
        type="file"
        accept={videoTypes}
        hidden
        onChange={({ currentTarget }) => void openFiles([...(currentTarget.files ?? [])])}
      />
    </div>
  );
}
