import { playClipLive } from "../actions.ts";
import type { Notice, Way } from "../failures.ts";
import { loadModel } from "../recogniser.ts";
import { playCamera, playSample, playScreen } from "../sources/player.ts";
import { choosingModel, clipFile, clipPlayable, model, notice, shownView, source } from "../state.ts";
import { chooseVideo } from "./video-chooser.tsx";

const words: Readonly<Record<Way, string>> = {
  camera: "Try the camera again",
  screen: "Share again",
  sample: "Play the sample",
  file: "Open a video",
  live: "Play it live",
  embedded: "Use the built-in model",
  models: "Choose a model",
  reload: "Reload",
};

/** A failure, over the picture, with buttons for what to do next. */
export function NoticeCard({ notice: { title, text, ways } }: { readonly notice: Notice }) {
  const go: Readonly<Record<Way, () => void>> = {
    camera: () => void playCamera(),
    screen: () => void playScreen(),
    sample: playSample,
    file: chooseVideo,
    live: playClipLive,
    embedded: () => loadModel({ kind: "embedded" }),
    models: () => {
      choosingModel.value = true;
    },
    reload: () => location.reload(),
  };
  const offered = ways.filter((way) => way !== "live" || clipPlayable.value);
  return (
    <div class="notice" role="alert">
      <h2 class="notice-title">{title}</h2>
      <p class="notice-text">{text}</p>
      <div class="notice-ways">
        {offered.map((way, i) => (
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
        {model.value !== null && (shownView.value === "file" ? clipFile : source).value !== null && (
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
    </div>
  );
}
