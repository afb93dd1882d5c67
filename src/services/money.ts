/** Exact money: amounts are text with two decimals as the database gives them (`'4.50'`), sums are whole cents. */

const AMOUNT = /^(\d{1,12})(?:\.(\d{1,2}))?$/;

/** Whole cents of an amount; throws RangeError on anything that is not one. */
export function centsOf(amount: string): number {
  const parts = AMOUNT.exec(amount);
  if (!parts) throw new RangeError(`not an amount of money: ${amount.slice(0, 40)}`);
  return Number(parts[1]) * 100 + Number((parts[2] ?? '').padEnd(2, '0'));
}

/** `$4.50` of 450. */
export function dollars(cents: number): string {
  return `$${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}

/** `''` without prices, `$4.50` with one, `$3.50 - $5.50` with several. */
export function priceRange(amounts: readonly string[]): string {
  const cents = amounts.map(centsOf);
  if (cents.length === 0) return '';
  const low = dollars(Math.min(...cents));
  const high = dollars(Math.max(...cents));
  return low === high ? low : `${low} - ${high}`;
}

/** `18 dollars`, `4 dollars and 50 cents`, `75 cents`. */
export function spokenPrice(cents: number): string {
  const whole = counted(Math.floor(cents / 100), 'dollar');
  const rest = counted(cents % 100, 'cent');
  if (cents % 100 === 0) return whole;
  return cents < 100 ? rest : `${whole} and ${rest}`;
}

/** `every month`, `every 2 weeks`. */
export function spokenInterval(count: number, interval: string): string {
  return count === 1 ? `every ${interval}` : `every ${count} ${interval}s`;
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
