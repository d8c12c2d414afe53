/**
 * Exit codes of the command line. 0-4 mean what they mean for the Pulumi CLI; the rest is Evenkeel's own.
 * Usage errors (2) are decidable from arguments and files alone; refusals (12) come from observed facts.
 */
export const exitCodes = {
  ok: 0,
  error: 1,
  usage: 2,
  credentials: 3,
  deployment: 4,
  degraded: 10,
  targetMissed: 11,
  refused: 12,
  locked: 13,
  resumable: 14,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export interface UserErrorOptions {
  /** What went wrong, one sentence that names the field, host or file. */
  what: string;
  /** Why, where that helps: the underlying message, already free of secrets. */
  why?: string;
  /** The next command or edit that mends it. */
  next?: string;
  exitCode?: ExitCode;
  /** A short stable name for callers that tell errors apart, e.g. "host-key-mismatch". */
  code?: string;
  cause?: unknown;
}

/** An error that a user can mend: printed as what, why and next step, never with a stack. Everything else is a bug. */
export class UserError extends Error {
  readonly what: string;
  readonly why: string | undefined;
  readonly next: string | undefined;
  readonly exitCode: ExitCode;
  readonly code: string | undefined;

  constructor(options: UserErrorOptions) {
    super(options.what, { cause: options.cause });
    this.name = "UserError";
    this.what = options.what;
    this.why = options.why;
    this.next = options.next;
    this.exitCode = options.exitCode ?? exitCodes.error;
    this.code = options.code;
  }
}

/** The lines that an error is told in: three for what a user can mend, a stack for a bug. */
export function explain(error: unknown): string[] {
  if (error instanceof UserError) {
    const { what, why, next } = error;
    const indent = (text: string) => text.trimEnd().replaceAll("\n", "\n       ");
    return [
      `error: ${what}`,
      ...(why === undefined ? [] : [`why:   ${indent(why)}`]),
      ...(next === undefined ? [] : [`next:  ${indent(next)}`]),
    ];
  }
  return [
    "This is a bug in Evenkeel; please report it with the lines below.",
    error instanceof Error ? (error.stack ?? error.message) : String(error),
  ];
}
