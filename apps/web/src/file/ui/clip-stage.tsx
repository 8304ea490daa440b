import { useEffect, useRef } from "preact/hooks";
import { percent } from "../../logic/format.ts";
import { clipFile, clipPlayable, labelOf, notice, settings } from "../../state.ts";
import { Icon } from "../../ui/icons.tsx";
import { NoticeCard } from "../../ui/notice.tsx";
import { attach, onReady, onSeeked, onUnplayable, showClip, toggle } from "../playback.ts";
import { aspect, moment, muted, nameAt, phase, playhead, playing, reached, recording, segment } from "../state.ts";

/** The clip at the playhead, and what it shows there. */
export function ClipStage() {
  const box = useRef<HTMLDivElement>(null);
  const onShape = ({ currentTarget: { videoWidth, videoHeight } }: { readonly currentTarget: HTMLVideoElement }) => {
    if (videoHeight > 0) box.current?.style.setProperty("--shape", String(videoWidth / videoHeight));
  };
  useEffect(showClip, []);
  return (
    <section class="stage" aria-label="Picture" ref={box}>
      <video
        ref={attach}
        class="picture"
        muted={muted.value}
        playsInline
        preload="auto"
        hidden={clipPlayable.value === false}
        aria-label={clipFile.value?.name ?? ""}
        onLoadedMetadata={(event) => {
          onShape(event);
          onReady();
        }}
        onResize={onShape}
        onSeeked={onSeeked}
        onPlay={() => {
          playing.value = true;
        }}
        onPause={() => {
          playing.value = false;
        }}
        onEnded={({ currentTarget }) => {
          playhead.value = currentTarget.duration;
        }}
        onError={onUnplayable}
      />
      {clipPlayable.value === false && notice.value === null && <Still />}
      {notice.value === null ? <Verdict /> : <NoticeCard notice={notice.value} />}
      {clipPlayable.value && notice.value === null && <Buttons />}
    </section>
  );
}

/** The nearest picture of the strip, for a clip that the browser can decode but not play. */
function Still() {
  const canvas = useRef<HTMLCanvasElement>(null);
  void reached.value;
  const tile = recording.value.tileAt(playhead.value, Number.POSITIVE_INFINITY);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || tile === null) return;
    context.canvas.width = Math.round(context.canvas.height * aspect.value);
    context.drawImage(tile.picture, 0, 0, context.canvas.width, context.canvas.height);
  });
  return (
    <>
      <canvas ref={canvas} class="picture" width={240} height={240} role="img" aria-label="The nearest frame" />
      <p class="stage-note">This browser does not play this file, so you see single frames.</p>
    </>
  );
}

/** What the clip shows at the playhead, large. */
function Verdict() {
  const here = moment.value;
  if (here === null) {
    const word =
      phase.value === "waiting" ? "loading the model" : phase.value === "reading" ? "classifying" : "not classified";
    return (
      <div class="verdict">
        <p class="verdict-name verdict-none">{word}</p>
      </div>
    );
  }
  const { index, score } = nameAt(segment.value, here);
  const isSure = score >= settings.value.threshold;
  return (
    <div class="verdict">
      <p class={isSure ? "verdict-name" : "verdict-name verdict-none"}>
        {isSure ? labelOf(index) : `unsure: ${labelOf(index)}`}
      </p>
      <p class="verdict-score">
        {percent(score)}
        <span class="unit"> %</span>
      </p>
    </div>
  );
}

function Buttons() {
  const word = playing.value ? "Pause" : "Play";
  return (
    <div class="stage-buttons">
      <button
        type="button"
        class="round"
        aria-label="Mute"
        title={muted.value ? "Turn the sound on" : "Mute"}
        aria-pressed={muted.value}
        onClick={() => {
          muted.value = !muted.value;
        }}
      >
        <Icon name={muted.value ? "muted" : "sound"} />
      </button>
      <button type="button" class="round" aria-label={word} title={word} onClick={toggle}>
        <Icon name={playing.value ? "pause" : "play"} />
      </button>
    </div>
  );
}
