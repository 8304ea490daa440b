import { canShare } from "../sources/camera.ts";
import { playCamera, playSample, playScreen } from "../sources/player.ts";
import { cameraId, cameras, type SourceKind, source } from "../state.ts";
import { Icon } from "./icons.tsx";

/** Chooses the source. Only this asks for a camera or a screen. */
export function Sources() {
  const kinds: readonly (readonly [SourceKind, string, () => void])[] = [
    ["sample", "Sample", playSample],
    ["camera", "Camera", () => void playCamera()],
    ...(canShare ? ([["screen", "Screen", () => void playScreen()]] as const) : []),
  ];
  return (
    <section class="sources" aria-label="Source">
      <div class="segments">
        {kinds.map(([kind, word, choose]) => (
          <button key={kind} type="button" class="segment" aria-pressed={source.value?.kind === kind} onClick={choose}>
            <Icon name={kind} />
            {word}
          </button>
        ))}
      </div>
      <Detail />
    </section>
  );
}

/** Which camera, or which file. */
function Detail() {
  const now = source.value;
  if (now?.kind === "camera" && cameras.value.length > 1) {
    return (
      <select
        class="field source-camera"
        aria-label="Which camera"
        value={cameraId.value ?? ""}
        onChange={({ currentTarget }) => void playCamera(currentTarget.value)}
      >
        {cameras.value.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    );
  }
  if (now !== null) return <p class="source-name">{now.name}</p>;
  return <p class="source-name source-name-none">Nothing is playing. Choose a source.</p>;
}
