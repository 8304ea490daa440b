import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { fail } from "../recogniser.ts";

const loaded = signal<FunctionComponent | null>(null);
let loading = false;

/** The File view, whose code is loaded when it is first shown. */
export function FileView() {
  const View = loaded.value;
  if (View !== null) return <View />;
  if (!loading) {
    loading = true;
    import("../file/ui/view.tsx")
      .then((module) => {
        loaded.value = module.FileView;
      })
      .catch(() => {
        loading = false;
        fail({ during: "worker", code: "ScriptError", message: "A part of the page did not load." });
      });
  }
  return <div class="view-loading" aria-busy="true" />;
}
