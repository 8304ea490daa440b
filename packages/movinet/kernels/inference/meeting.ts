// Where threads wait for each other.

/** Turns of the loop in which a thread waits awake, some 50 µs: longer than most calls last, for to be woken takes as long. */
const awake = 50000;

/** Waits until all threads have come; at `at` stand how many have, and how often all have. */
export function meet(at: usize, threads: i32): void {
  const met = atomic.load<i32>(at, 4);
  if (atomic.add<i32>(at, 1) == threads - 1) {
    atomic.store<i32>(at, 0);
    atomic.add<i32>(at, 1, 4);
    atomic.notify(at + 4, -1);
    return;
  }
  for (let i = 0; i < awake; i++) if (atomic.load<i32>(at, 4) != met) return;
  while (atomic.load<i32>(at, 4) == met) atomic.wait<i32>(at + 4, met, -1);
}
