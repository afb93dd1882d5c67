const none = '–';

interface Scale {
  from: number;
  divisor: number;
  suffix: string;
}

const seconds: readonly Scale[] = [
  { from: 172_800, divisor: 86_400, suffix: ' d' },
  { from: 7_200, divisor: 3_600, suffix: ' h' },
  { from: 120, divisor: 60, suffix: ' min' },
  { from: 1, divisor: 1, suffix: ' s' },
  { from: 0.001, divisor: 0.001, suffix: ' ms' },
  { from: 0, divisor: 0.000_001, suffix: ' µs' },
];
const bytes: readonly Scale[] = [
  { from: 2 ** 30, divisor: 2 ** 30, suffix: ' GiB' },
  { from: 2 ** 20, divisor: 2 ** 20, suffix: ' MiB' },
  { from: 2 ** 10, divisor: 2 ** 10, suffix: ' KiB' },
  { from: 0, divisor: 1, suffix: ' B' },
];
const short: readonly Scale[] = [
  { from: 1e9, divisor: 1e9, suffix: ' Bil' },
  { from: 1e6, divisor: 1e6, suffix: ' Mil' },
  { from: 1e3, divisor: 1e3, suffix: ' K' },
  { from: 0, divisor: 1, suffix: '' },
];

function scaled(value: number, scales: readonly Scale[], decimals: number | undefined): string {
  const size = Math.abs(value);
  const scale = size === 0 ? undefined : scales.find(({ from }) => size >= from);
  if (!scale) return `0${scales.find(({ divisor }) => divisor === 1)?.suffix ?? ''}`;
  return `${digits(value / scale.divisor, decimals)}${scale.suffix}`;
}

/** Three digits that count, where nobody said how many. */
function digits(value: number, decimals: number | undefined): string {
  if (decimals !== undefined) return value.toFixed(decimals);
  const size = Math.abs(value);
  const places = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2;
  return String(Number(value.toFixed(places)));
}

/** A number as Grafana writes it in this unit. */
export function written(value: unknown, unit = 'none', decimals?: number): string {
  if (value === null || value === undefined || value === '') return '';
  if (value instanceof Date) return value.toISOString().slice(11, 19);
  if (typeof value === 'object') return JSON.stringify(value);
  const number = Number(value);
  if (unit === 'string') return String(value);
  if (typeof value === 'string' && Number.isNaN(number)) return value;
  if (!Number.isFinite(number)) return none;
  switch (unit) {
    case 's':
      return scaled(number, seconds, decimals);
    case 'ms':
      return scaled(number / 1000, seconds, decimals);
    case 'percentunit':
      return `${digits(100 * number, decimals ?? (Math.abs(number) < 0.1 ? 1 : 0))} %`;
    case 'bytes':
      return scaled(number, bytes, decimals);
    case 'short':
      return scaled(number, short, decimals);
    case 'currencyUSD':
      return `$${digits(number, decimals ?? (Math.abs(number) < 1 ? 3 : 2))}`;
    default:
      return digits(number, decimals);
  }
}
