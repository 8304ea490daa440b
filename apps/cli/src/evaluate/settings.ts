/** What `movinet evaluate` was told to do. */
export interface EvaluateSettings {
  readonly model: string;
  readonly dataset: string;
  /** Null: test, else validation, where the dataset names them; else all. */
  readonly split: "train" | "validation" | "test" | "all" | null;
  readonly labels: string | undefined;
  /** Where the report goes. */
  readonly out: string | undefined;
  readonly device: string;
  readonly threads: number | undefined;
  readonly debug: boolean;
}
