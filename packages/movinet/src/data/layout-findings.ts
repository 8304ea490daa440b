import { listed } from "../common/printable.ts";
import { type LeftOut, leftOutText } from "../video/left-out.ts";
import { type Finding, plainName, type Sample } from "./dataset.ts";
import { splitFindings } from "./findings.ts";

/** Classes whose names people would take for one. */
export function similarClasses(labels: readonly string[]): readonly Finding[] {
  const alike = Map.groupBy(labels, (label) => plainName(label).replaceAll(" ", ""));
  return [...alike.values()].flatMap((names): Finding[] => {
    if (names.length === 1) return [];
    return [
      {
        kind: "similar-classes",
        severity: "problem",
        title: "classes differ only in case, spaces, _ or -",
        remedy: "Give them one name, or names that differ more",
        samples: [],
        detail: names.join(", "),
      },
    ];
  });
}

/** Folders that are named like splits and are taken for classes, for they hold videos and stand beside classes. */
export function splitsAsClasses(folders: readonly string[]): readonly Finding[] {
  return folders.map((folder): Finding => {
    return {
      kind: "split-as-class",
      severity: "note",
      title: "a folder is named like a split, but holds videos beside folders of classes: it is taken for a class",
      remedy: "Put folders of classes into it where it is a split",
      samples: [],
      detail: folder,
    };
  });
}

/** Folders that all hold folders of the same names: those may be the classes, and these the splits. */
export function sameSubFolders(folders: readonly string[], names: readonly string[]): readonly Finding[] {
  return [
    {
      kind: "split-as-class",
      severity: "problem",
      title: "all folders hold folders of the same names and are taken for classes",
      remedy: "If they are splits, name them train, validation and test",
      samples: [],
      detail: `${listed(folders)} hold ${listed(names)}`,
    },
  ];
}

/** Folders that cannot be read: nobody knows what is missing. */
export function unreadableFolders(
  folders: readonly { readonly name: string; readonly problem: string }[],
): readonly Finding[] {
  return folders.map(({ name, problem }): Finding => {
    return {
      kind: "unreadable",
      severity: "problem",
      title: "a folder cannot be read, and its clips are missing",
      remedy: "Check its permissions",
      samples: [],
      detail: `${name}: ${problem}`,
    };
  });
}

/** What lies in the folders of classes and is no clip. */
export function leftOutOfClasses(kinds: readonly LeftOut[], nameOf: (path: string) => string): readonly Finding[] {
  if (kinds.length === 0) return [];
  return [
    {
      kind: "left-out",
      severity: "note",
      title: "not all that lies in the folders of classes is a clip",
      remedy: "Convert or move what should be one, or name it in a manifest",
      samples: [],
      detail: leftOutText(kinds, nameOf),
    },
  ];
}

/** Videos that are in no folder of a class. */
export function besideClasses(names: readonly string[]): readonly Finding[] {
  return names.map((name): Finding => {
    return {
      kind: "left-out",
      severity: "note",
      title: "a video lies beside the folders of classes and is left out",
      remedy: "Move it into the folder of its class",
      samples: [name],
      detail: null,
    };
  });
}

/** Names that a warning lists; the rest is counted. */
const mostNamed = 3;

/** What is to be said of a dataset before its numbers, one line for each sort of finding. */
export function warningsAbout(findings: readonly Finding[], samples: readonly Sample[]): readonly string[] {
  const sorts = Map.groupBy([...findings, ...splitFindings(samples)], ({ title }) => title);
  return Array.from(sorts, ([title, own]) => {
    const named = own.slice(0, mostNamed).map(({ samples: [first], detail }) => detail ?? first);
    const more = own.length > mostNamed ? ` and ${own.length - mostNamed} more` : "";
    return `${title} (${named.join("; ")}${more}). ${own[0]!.remedy}.`;
  });
}
