// Where threads wait for each other.

/** Turns of the loop in which a thread waits awake, some 50 µs: longer than most calls last, for to be woken takes as long. */
const awake = 50000;

/** Of this thread: whether it has come to a meeting that has not been held yet, and how many were held before. */
let waits = false;
let before = 0;

/**
 * Whether all threads have come; at `at` stand how many have, and how often all have. One that waits does so awake, then asleep for `sleep`
 * milliseconds: 0 not at all, -1 until it is woken. Where that was too short it asks again.
 */
export function meet(at: usize, threads: i32, sleep: i32): bool {
  if (!waits) {
    before = atomic.load<i32>(at, 4);
    if (atomic.add<i32>(at, 1) == threads - 1) {
      atomic.store<i32>(at, 0);
      atomic.add<i32>(at, 1, 4);
      atomic.notify(at + 4, -1);
      return true;
    }
    waits = true;
  }
  for (let i = 0; i < awake && waits; i++) waits = atomic.load<i32>(at, 4) == before;
  if (waits && sleep != 0) {
    atomic.wait<i32>(at + 4, before, <i64>sleep * 1000000);
    waits = atomic.load<i32>(at, 4) == before;
  }
  return !waits;
}
