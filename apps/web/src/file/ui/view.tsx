import { playClipLive } from "../../actions.ts";
import { clipFile, clipPlayable, notice } from "../../state.ts";
import { Icon } from "../../ui/icons.tsx";
import { NoticeCard } from "../../ui/notice.tsx";
import { chooseVideo } from "../../ui/video-chooser.tsx";
import { openSample } from "../clip.ts";
import "../../style/file.css";
import { Answer } from "./answer.tsx";
import { ClipRanks } from "./clip-ranks.tsx";
import { ClipStage } from "./clip-stage.tsx";
import { Exports } from "./exports.tsx";
import { Segments } from "./segments.tsx";
import { Timeline } from "./timeline.tsx";

/** A whole clip: its picture and timeline on one side, its answers on the other; one column on a phone. */
export function FileView() {
  const file = clipFile.value;
  if (file === null) return <Empty />;
  return (
    <div class="live file">
      <div class="column column-picture">
        <ClipStage key={file} />
        <section class="sources" aria-label="Clip">
          <p class="source-name clip-name">{file.name}</p>
          <div class="clip-buttons">
            {clipPlayable.value && (
              <button type="button" class="button" onClick={playClipLive}>
                <Icon name="sample" />
                Play live
              </button>
            )}
            <button type="button" class="button" onClick={chooseVideo}>
              <Icon name="file" />
              Open another
            </button>
          </div>
        </section>
        <Timeline />
      </div>
      <div class="column column-words">
        <ClipRanks />
        <Segments />
        <Answer />
        <Exports />
      </div>
    </div>
  );
}

/** Before there is a clip. */
function Empty() {
  return (
    <section class="stage drop" aria-label="Clip">
      {notice.value === null ? (
        <div class="drop-words">
          <Icon name="file" />
          <h2 class="drop-title">Look into a video</h2>
          <p class="drop-text">Drop one here. It is classified on this device, faster than it plays.</p>
          <div class="drop-ways">
            <button type="button" class="button button-first" onClick={chooseVideo}>
              Choose a video
            </button>
            <button type="button" class="button" onClick={() => void openSample()}>
              Use the sample
            </button>
          </div>
        </div>
      ) : (
        <NoticeCard notice={notice.value} />
      )}
    </section>
  );
}
