import { exitCodes, UserError } from "./errors.ts";

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of "500ms", "5s", "2m", "1h", "7d". Throws a UserError (2) that names the flag. */
export function readDuration(flag: string, text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const milliseconds = Number(number) * (units[unit ?? ""] ?? Number.NaN);
  if (Number.isFinite(milliseconds)) return milliseconds;
  throw new UserError({
    what: `${flag} is no duration: ${text}`,
    next: `give a number with its unit (ms, s, m, h, d), e.g. ${flag} 5s`,
    exitCode: exitCodes.usage,
  });
}
