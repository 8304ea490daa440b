import { openFiles } from "../actions.ts";

let input: HTMLInputElement | null = null;

/** Lets the user choose a video, which opens the File view. */
export function chooseVideo(): void {
  input?.click();
}

/** The page's one chooser of videos. */
export function VideoChooser() {
  return (
    <input
      ref={(element) => {
        input = element;
      }}
      type="file"
      accept="video/*,image/gif,.mkv,.mov,.webm,.mp4,.ts"
      hidden
      onChange={({ currentTarget }) => {
        void openFiles([...(currentTarget.files ?? [])]);
        // So that the same file can be chosen again.
        currentTarget.value = "";
      }}
    />
  );
}
