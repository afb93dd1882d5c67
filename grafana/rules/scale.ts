const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
/** A rate needs two samples, and one of them may be missing. */
const scrapesPerWindow = 4;

/** Of what must have happened, in a run in which time is short: a tenth would be one call, and chance. */
const shortShare = 1 / 5;
const shortMin = 2;

/**
 * How long a minute lasts. At 1 every duration is what it says. A run that is watched for minutes instead of hours
 * takes 1/60: hours are minutes, windows never shorter than four scrapes.
 */
export interface Scale {
  /** `5m` → `5m`, or `5s` at 1/60: a window over samples. */
  window(text: string): string;
  /** The same for how long something has to last: as short as it comes. */
  span(text: string): string;
  /** The same as a number, for `predict_linear` and for what is divided by time. */
  seconds(text: string): number;
  /** So many events in a window are enough to judge by: fewer where windows are shorter. */
  count(events: number): number;
}

export function scaleOf(factor: number, scrapeSeconds: number): Scale {
  const seconds = (text: string): number => parse(text) * factor;
  const whole = (value: number, text: string): string => (factor === 1 ? text : `${Math.ceil(value)}s`);
  return {
    seconds,
    count: (events) => (factor === 1 ? events : Math.max(shortMin, Math.ceil(events * shortShare))),
    window: (text) => whole(Math.max(seconds(text), scrapesPerWindow * scrapeSeconds), text),
    span: (text) => whole(seconds(text), text),
  };
}

/** As rules are committed. */
export const realTime: Scale = scaleOf(1, 15);

function parse(text: string): number {
  const [, count = '', unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const seconds = secondsOf[unit];
  if (seconds === undefined) throw new Error(`${text} is no duration`);
  return Number(count) * seconds;
}
