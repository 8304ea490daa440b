/** When scores of a class become an event. */
export interface EventSettings {
  /** Score at which an event begins, in 0..1. Below it, the picture shows none of the classes. */
  readonly enter: number;
  /** Score below which the event ends, above 0 and at most `enter`. */
  readonly leave: number;
  /** Seconds that an event must last: shorter ones are not reported. At least 0. */
  readonly minSeconds: number;
  /** Seconds after an event in which the class reports no other. What lasts longer is reported late, with its true start. At least 0. */
  readonly cooldownSeconds: number;
}

/** The settings of a camera's events. */
export interface EventRules extends Partial<EventSettings> {
  /** Settings of single classes, by label; false: no events of this class. */
  readonly classes?: Readonly<Record<string, Partial<EventSettings> | false>>;
  /** Labels of the classes that have events. Default: all that `classes` does not turn off. */
  readonly only?: readonly string[];
}

/** Chosen on concatenated clips, for pools with a half-life of one second (docs/decisions.md). */
export const defaultEvents: EventSettings = { enter: 0.6, leave: 0.05, minSeconds: 5, cooldownSeconds: 10 };

/**
 * The settings of each class, in the order of the labels; null: it has no events. Throws `TypeError` for labels that the
 * model does not have and for values out of range.
 */
export function settingsOf(
  { classes = {}, only, ...common }: EventRules,
  labels: readonly string[],
): readonly (EventSettings | null)[] {
  const known = new Set(labels);
  const unknown = [...Object.keys(classes), ...(only ?? [])].find((label) => !known.has(label));
  if (unknown !== undefined) throw new TypeError(`the model has no class ${JSON.stringify(unknown)}`);
  return labels.map((label) => {
    const own = Object.hasOwn(classes, label) ? classes[label] : undefined;
    if (own === false || (only && !only.includes(label))) return null;
    return checked({ ...defaultEvents, ...defined(common), ...defined(own ?? {}) }, label);
  });
}

function checked(settings: EventSettings, label: string): EventSettings {
  const { enter, leave, minSeconds, cooldownSeconds } = settings;
  const wrong = (problem: string) => new TypeError(`events of ${JSON.stringify(label)}: ${problem}`);
  if (!(enter > 0 && enter <= 1)) throw wrong(`enter must be above 0 and at most 1, got ${enter}`);
  if (!(leave > 0 && leave <= enter)) throw wrong(`leave must be above 0 and at most enter (${enter}), got ${leave}`);
  for (const [name, seconds] of Object.entries({ minSeconds, cooldownSeconds })) {
    if (!(seconds >= 0 && seconds < Infinity)) throw wrong(`${name} must be at least 0, got ${seconds}`);
  }
  return settings;
}

function defined(settings: Partial<EventSettings>): Partial<EventSettings> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
