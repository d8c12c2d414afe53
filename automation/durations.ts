import { exitCodes, UserError } from "./errors.ts";

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Durations as they are given: the shortest and the longest that a flag takes. */
export interface DurationBounds {
  least: string;
  most: string;
}

/**
 * Milliseconds of a flag's "500ms", "5s", "1.5m", "1h" or "7d". Throws a UserError (2) that names the flag for anything
 * else, for none at all, and beyond its bounds.
 */
export function readDuration(flag: string, text: string, bounds?: DurationBounds): number {
  const milliseconds = millisecondsOf(text);
  if (milliseconds !== null && isWithin(milliseconds, bounds)) return milliseconds;
  const limits = bounds === undefined ? "" : `, at least ${bounds.least} and at most ${bounds.most}`;
  throw new UserError({
    what: `${flag} takes a duration such as 5s, 30m or 2h${limits}, got "${text}"`,
    next: `give a number with its unit (ms, s, m, h, d), e.g. ${flag} 30s`,
    exitCode: exitCodes.usage,
  });
}

function isWithin(milliseconds: number, bounds: DurationBounds | undefined): boolean {
  if (bounds === undefined) return true;
  return (
    milliseconds >= (millisecondsOf(bounds.least) ?? Number.NaN) &&
    milliseconds <= (millisecondsOf(bounds.most) ?? Number.NaN)
  );
}

function millisecondsOf(text: string): number | null {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const milliseconds = Number(number) * (units[unit ?? ""] ?? Number.NaN);
  return Number.isFinite(milliseconds) ? milliseconds : null;
}
