import { saveAs } from "../../actions.ts";
import { clipFile, model } from "../../state.ts";
import { annotate, cancelAnnotation, outcome, writing } from "../annotation.ts";
import { type Clip, exportPicture, exportText, nameOf, type TextFormat } from "../exports.ts";
import { aspect, phase, recording, result, segments } from "../state.ts";

const texts: readonly (readonly [TextFormat, word: string, type: string, about: string])[] = [
  ["jsonl", "JSONL", "application/jsonl", "Every frame, segment and the answer, as JSON lines"],
  ["csv", "CSV", "text/csv", "The same for a spreadsheet"],
  ["srt", "SRT", "application/x-subrip", "Segments as subtitles"],
  ["vtt", "VTT", "text/vtt", "Segments as subtitles for web pages"],
];

/** Saves the results. */
export function Exports() {
  const isReady = phase.value === "done";
  return (
    <section class="panel panel-exports" aria-labelledby="exports-title">
      <h2 id="exports-title" class="panel-title">
        Save
      </h2>
      <div class="exports">
        {texts.map(([format, word, type, about]) => (
          <button
            key={format}
            type="button"
            class="button button-small"
            title={about}
            disabled={!isReady}
            onClick={() =>
              withClip((clip, file) =>
                saveAs(new Blob([exportText(format, clip)], { type }), nameOf(file, `.${format}`)),
              )
            }
          >
            {word}
          </button>
        ))}
        <button
          type="button"
          class="button button-small"
          title="The curves as a picture"
          disabled={!isReady}
          onClick={() => withClip(async (clip, file) => saveAs(await exportPicture(clip), nameOf(file, ".png")))}
        >
          PNG
        </button>
        <button
          type="button"
          class="button button-small"
          title="The video with its answers drawn in"
          disabled={!isReady || writing.value !== null}
          onClick={annotate}
        >
          Annotated video
        </button>
      </div>
      {writing.value !== null && (
        <div class="export-progress">
          <progress class="progress-bar" max={1} value={writing.value} aria-label="Writing the annotated video" />
          <span class="progress-text">{Math.floor(100 * writing.value)} %</span>
          <button type="button" class="button button-small" onClick={cancelAnnotation}>
            Cancel
          </button>
        </div>
      )}
      <p class="export-outcome" role="status">
        {outcome.value}
      </p>
    </section>
  );
}

function withClip(use: (clip: Clip, file: File) => unknown): void {
  const [file, open, done] = [clipFile.value, model.value, result.value];
  if (file === null || open === null || done === null) return;
  const { name, labels } = open;
  const clip = { name: file.name, model: name, labels, segments: segments.value, result: done };
  void use({ ...clip, recording: recording.value, aspect: aspect.value }, file);
}
