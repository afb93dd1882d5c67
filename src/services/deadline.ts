/** A promise did not settle in time. What it was doing may still happen. */
export class LateError extends Error {
  override readonly name = 'LateError';
  constructor(deadlineMs: number) {
    super(`no answer within ${deadlineMs} ms`);
  }
}

/** The promise's outcome, or LateError after the deadline; a later rejection is swallowed. */
export async function within<T>(deadlineMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LateError(deadlineMs)), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
