/** Minutes, seconds and tenths: `1:02.3`. */
export function clock(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const rest = (tenths % 600) / 10;
  return `${Math.floor(tenths / 600)}:${rest.toFixed(1).padStart(4, "0")}`;
}

/** Bytes in megabytes: `15.1 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Whether a file of this name is in LiteRT's own format. */
export function isTflite(name: string): boolean {
  return /\.tflite$/i.test(name);
}

/** A percentage without its sign, never rounded to 0 or 100: `<1`, `97`, `>99`. */
export function percent(score: number): string {
  if (score > 0 && score < 0.005) return "<1";
  if (score < 1 && score >= 0.995) return ">99";
  return String(Math.round(score * 100));
}

/** Two or more significant digits: `0.84`, `7.3`, `125`. */
export function short(value: number): string {
  return value >= 10 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2);
}

/** A file name with the local time: `movinet-2026-11-28-20-15-07.csv`. */
export function fileName(ending: string, now: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())];
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two);
  return `movinet-${[...date, ...time].join("-")}.${ending}`;
}
