import { randomFillSync } from 'node:crypto';

const keysPerFill = 2048;
const keys = new Uint32Array(keysPerFill);
let used = keysPerFill;

/** Four bytes that nobody outside can foresee (RFC 6455, 10.3). */
export function nextMask(): number {
  if (used === keysPerFill) {
    randomFillSync(keys);
    used = 0;
  }
  return keys[used++] as number;
}
