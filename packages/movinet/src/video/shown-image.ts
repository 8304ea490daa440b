/** What `T` makes, where the program's `lib` has it: Node's declarations are read for browsers too. */
type InstanceOf<Name extends string> = typeof globalThis extends { [name in Name]: { prototype: infer Instance } }
  ? Instance
  : never;

/** What a browser can show, and give the pixels of. A `<video>` gives the picture that it shows at the moment. */
export type ShownImage =
  | InstanceOf<"HTMLVideoElement">
  | InstanceOf<"HTMLCanvasElement">
  | InstanceOf<"OffscreenCanvas">
  | InstanceOf<"ImageBitmap">
  | InstanceOf<"VideoFrame">;
