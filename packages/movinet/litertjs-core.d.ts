/**
 * The part of `@litertjs/core` that is used. The compiler finds this file instead of the package's own declarations
 * (`paths` in tsconfig.json), which change `Float32Array` and `Int32Array` for the whole program.
 */
import type { LiteRt } from "./src/engines/litert/litert.ts";

export declare const Tensor: LiteRt["Tensor"];
export declare const getGlobalLiteRtPromise: LiteRt["getGlobalLiteRtPromise"];
export declare const loadLiteRt: LiteRt["loadLiteRt"];
