// The kernels of a step, and what runs a list of their calls: `[operation, words of the whole, arguments …]`, 32 bits each.
import { convolve, copyRows, pad } from "./convolution";
import { depthwise } from "./depthwise";
import { activation, add, averagePool, interleave, product, scale, spatialMean } from "./elementwise";
import { meet } from "./meeting";
import { multiply, pack, scalePanels, vector } from "./product";
import { temporal } from "./temporal";

// @ts-ignore: decorator
@inline function arg(call: usize, i: usize): i32 {
  return load<i32>(call + ((i + 2) << 2));
}

// @ts-ignore: decorator
@inline function at(call: usize, i: usize): usize {
  return <usize>load<u32>(call + ((i + 2) << 2));
}

/**
 * Makes the calls from one address to another, and returns where it came to: before the end at a meeting to which other threads have
 * not come, from where it is to be run on. `sleep` is how long a thread sleeps there ({@link meet}). What follows a call is read before it is
 * made: once the last meeting is held, the thread that owns the list may free it.
 */
export function run(from: usize, end: usize, sleep: i32): usize {
  for (let t = from, next = from; t < end; t = next) {
    next = t + (<usize>load<u32>(t, 4) << 2);
    switch (load<i32>(t)) {
      case 0: multiply(at(t, 0), at(t, 1), at(t, 2), at(t, 3), at(t, 4), arg(t, 5), arg(t, 6), arg(t, 7), arg(t, 8)); break;
      case 1: vector(at(t, 0), at(t, 1), at(t, 2), at(t, 3), arg(t, 4), arg(t, 5), arg(t, 6)); break;
      case 2: scalePanels(at(t, 0), at(t, 1), at(t, 2), arg(t, 3), arg(t, 4)); break;
      case 3: convolve(at(t, 0), at(t, 1), at(t, 2), at(t, 3), at(t, 4), arg(t, 5), arg(t, 6), arg(t, 7), arg(t, 8), at(t, 9), at(t, 10), arg(t, 11)); break;
      case 4: depthwise(at(t, 0), at(t, 1), at(t, 2), at(t, 3), at(t, 4), arg(t, 5), arg(t, 6), arg(t, 7), arg(t, 8), arg(t, 9), arg(t, 10), arg(t, 11), arg(t, 12), arg(t, 13), arg(t, 14), arg(t, 15), at(t, 16), arg(t, 17), arg(t, 18), at(t, 19)); break;
      case 5: temporal(t + 32, arg(t, 0), at(t, 1), at(t, 2), arg(t, 3), arg(t, 4), arg(t, 5)); break;
      case 6: activation(at(t, 0), at(t, 1), arg(t, 2), arg(t, 3)); break;
      case 7: add(at(t, 0), at(t, 1), at(t, 2), arg(t, 3)); break;
      case 8: scale(at(t, 0), at(t, 1), at(t, 2), arg(t, 3)); break;
      case 9: product(at(t, 0), at(t, 1), at(t, 2), arg(t, 3), arg(t, 4), arg(t, 5), arg(t, 6), at(t, 7), at(t, 8), at(t, 9), arg(t, 10)); break;
      case 10: averagePool(at(t, 0), at(t, 1), arg(t, 2), arg(t, 3), arg(t, 4), arg(t, 5), arg(t, 6), arg(t, 7), arg(t, 8), arg(t, 9)); break;
      case 11: spatialMean(at(t, 0), at(t, 1), arg(t, 2), arg(t, 3), arg(t, 4)); break;
      case 12: copyRows(at(t, 0), at(t, 1), arg(t, 2), at(t, 3), at(t, 4), at(t, 5)); break;
      case 13: pad(at(t, 0), at(t, 1), arg(t, 2), arg(t, 3), at(t, 4), arg(t, 5), arg(t, 6), at(t, 7), at(t, 8)); break;
      case 14: interleave(at(t, 0), at(t, 1), arg(t, 2), arg(t, 3), arg(t, 4)); break;
      case 15: pack(at(t, 0), at(t, 1), arg(t, 2), arg(t, 3), at(t, 4)); break;
      case 17: if (ASC_FEATURE_THREADS && !meet(at(t, 0), arg(t, 1), sleep)) return t; break;
      default: memory.fill(at(t, 0), 0, at(t, 1));
    }
  }
  return end;
}
