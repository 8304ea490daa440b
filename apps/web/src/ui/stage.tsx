import { useRef } from "preact/hooks";
import { saveSnapshot } from "../actions.ts";
import { percent } from "../logic/format.ts";
import { attach, onEnded, onUnplayable, pause, resume } from "../sources/player.ts";
import { answer, labelOf, loading, mirrored, model, notice, playing, shownView, source } from "../state.ts";
import { Icon } from "./icons.tsx";
import { NoticeCard } from "./notice.tsx";

/** The picture, its name, and its buttons. */
export function Stage() {
  const box = useRef<HTMLDivElement>(null);
  /** The box takes the picture's shape. */
  const onShape = ({ currentTarget: { videoWidth, videoHeight } }: { readonly currentTarget: HTMLVideoElement }) => {
    if (videoHeight > 0) box.current?.style.setProperty("--shape", String(videoWidth / videoHeight));
  };
  return (
    <section class="stage" aria-label="Picture" ref={box}>
      <video
        ref={attach}
        class={mirrored.value ? "picture picture-mirrored" : "picture"}
        muted
        playsInline
        aria-label={source.value?.name ?? "No source"}
        onLoadedMetadata={onShape}
        onResize={onShape}
        onEnded={onEnded}
        onError={onUnplayable}
      />
      {notice.value === null || shownView.value !== "live" ? <Verdict /> : <NoticeCard notice={notice.value} />}
      {source.value !== null && notice.value === null && <Buttons />}
    </section>
  );
}

/** The current name, large. Screen readers announce it. */
function Verdict() {
  const named = answer.value?.named ?? null;
  const opening = model.value === null && loading.value !== null;
  const text = named !== null ? labelOf(named.index) : opening ? "loading the model" : "nothing I know";
  const isIdle = answer.value === null && !opening;
  return (
    <div class="verdict">
      <p class={named === null ? "verdict-name verdict-none" : "verdict-name"} role="status" aria-live="polite">
        {isIdle ? "waiting for the video" : text}
      </p>
      {named !== null && (
        <p class="verdict-score">
          {percent(named.score)}
          <span class="unit"> %</span>
        </p>
      )}
    </div>
  );
}

function Buttons() {
  const isPlaying = playing.value === "playing" || playing.value === "starting";
  const word = isPlaying ? "Pause" : playing.value === "ended" ? "Play again" : "Play";
  return (
    <div class="stage-buttons">
      {source.value?.kind === "camera" && (
        <button
          type="button"
          class="round"
          title="Mirrors what you see, not what the model sees"
          aria-label="Mirror"
          aria-pressed={mirrored.value}
          onClick={() => {
            mirrored.value = !mirrored.value;
          }}
        >
          <Icon name="mirror" />
        </button>
      )}
      <button
        type="button"
        class="round"
        title="Save a PNG"
        aria-label="Save a snapshot"
        onClick={() => void saveSnapshot()}
      >
        <Icon name="picture" />
      </button>
      <button
        type="button"
        class="round"
        title={word}
        aria-label={word}
        onClick={() => (isPlaying ? pause() : void resume())}
      >
        <Icon name={isPlaying ? "pause" : playing.value === "ended" ? "again" : "play"} />
      </button>
    </div>
  );
}
