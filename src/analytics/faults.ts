/**
 * SQLSTATE classes of a database that cannot do this now: connection, state, log-in, rollback, no such database, tables
 * not as this version knows them (a migration is to come), resources, object in use, operator, system. Our statements
 * are the same for every fact, so that none of these can be a fact's own fault.
 */
const transientClasses: ReadonlySet<string> = new Set(['08', '25', '28', '3D', '40', '42', '53', '55', '57', '58']);
const SQLSTATE = /^[0-9A-Z]{5}$/;
const NETWORK_CODE = /^E[A-Z]{3,}$/;
const LOST_CONNECTION =
  /timeout|timed out|terminat|connection (error|ended|closed)|not connected|not queryable|ECONN|driver not|is not established|client has/i;

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';
}

/** True where the same facts may well be taken in later; false where the fault is in the facts, or in us. */
export function isTransient(error: unknown): boolean {
  if (error instanceof Error && 'retryable' in error) return error.retryable === true;
  const code = codeOf(error);
  if (NETWORK_CODE.test(code)) return true;
  if (SQLSTATE.test(code)) return transientClasses.has(code.slice(0, 2));
  return error instanceof Error && LOST_CONNECTION.test(error.message);
}
