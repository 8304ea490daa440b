import { DatasetError, MovinetError } from "movinet";
import { type Dataset, openDataset, type Sample } from "movinet/make";
import type { EvaluateSettings } from "./settings.ts";

/** The clips that are judged, and what to call them. */
export interface JudgedClips {
  readonly dataset: Dataset;
  readonly samples: readonly Sample[];
  /** For example `its test clips`. */
  readonly judged: string;
  /** Whether the dataset keeps them aside. */
  readonly heldOut: boolean;
}

/** Opens a dataset whose classes are (some of) the model's; one class or one clip is enough to judge. */
export async function openClips(
  { dataset: path, split }: Pick<EvaluateSettings, "dataset" | "split">,
  labels: readonly string[] | null,
): Promise<JudgedClips> {
  const dataset = await openDataset(path).catch((error: unknown) => {
    const few = error instanceof MovinetError && /^E_DATASET_ONE_CL(ASS|IP)$/.test(error.code);
    if (!few || labels === null) throw error;
    return openDataset(path, { labels });
  });
  const chosen = split ?? (["test", "validation"] as const).find((part) => has(dataset, part)) ?? "all";
  const samples = dataset.samples.filter((sample) => chosen === "all" || sample.split === chosen);
  if (samples.length === 0) {
    const named = (["train", "validation", "test"] as const).filter((part) => has(dataset, part));
    throw new DatasetError({
      code: "E_DATASET_SPLIT",
      subject: path,
      problem: `none of its ${dataset.samples.length} clips is marked ${chosen}`,
      remedy: `Use --split ${[...named, "all"].join(" or --split ")}`,
    });
  }
  const heldOut = chosen === "test" || chosen === "validation";
  return { dataset, samples, judged: chosen === "all" ? "all its clips" : `its ${chosen} clips`, heldOut };
}

function has({ samples }: Dataset, split: "train" | "validation" | "test"): boolean {
  return samples.some((sample) => sample.split === split);
}
