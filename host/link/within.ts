// A bound on how long one asynchronous step may take.

/** What `step` gives, or a rejection with `late()` when it took longer than `ms`. A step that ends after that is of no interest. */
export async function within<T>(ms: number, step: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  step.catch(() => {}); // after the limit nobody else looks
  try {
    return await Promise.race([step, limit]);
  } finally {
    clearTimeout(timer);
  }
}
