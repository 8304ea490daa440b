import type { CommandDef } from "citty";

// biome-ignore lint/suspicious/noExplicitAny: commands differ in their arguments; citty types the list this way too
export type Command = CommandDef<any>;

/** Commands by name, each loaded when it is asked for. */
export type Commands = Readonly<Record<string, () => Promise<Command>>>;
