import type { z } from "zod";
import { UserError } from "../errors.ts";
import { interrupts } from "../interrupt.ts";
import { answers, digestCommand, type Question } from "../remote/digest.ts";
import type { SshSession } from "../remote/ssh.ts";
import type { Digests } from "./model.ts";

/** A chunk takes a quarter of a second, a walk two; waiting for a position that lags takes the rest. */
const deadlineSeconds = 60;
/** A query that a standby's replay ended (PostgreSQL), or a table that was dropped meanwhile. */
const attempts = 3;

/** The database of a host, asked over SSH. Throws UserError where it does not answer. */
export function remoteDigests(ssh: SshSession, hostId: string): Digests {
  const ask = <T>(question: Question, schema: z.ZodType<T>) => askDigest(ssh, hostId, question, schema);
  const once = (reached: string | undefined) => (reached === undefined ? {} : { reached });
  return {
    tables: (reached) => ask({ ask: "tables", ...once(reached) }, answers.tables),
    walk: (from, seconds) => ask({ ask: "walk", from: [...from], seconds }, answers.chunks),
    ranges: (ranges, reached) =>
      ask({ ask: "ranges", ranges: [...ranges], ...once(reached) }, answers.chunks),
    rows: (range, reached) => ask({ ask: "rows", range, ...once(reached) }, answers.rows),
  };
}

/** One question, a few times where it fails. */
export async function askDigest<T>(
  ssh: SshSession,
  hostId: string,
  question: Question,
  schema: z.ZodType<T>,
): Promise<T> {
  let why = "";
  for (let attempt = 1; attempt <= attempts; attempt++) {
    interrupts().check();
    const command = digestCommand(question, { deadlineSeconds });
    const result = await ssh.run(hostId, command, { timeoutMs: (deadlineSeconds + 5) * 1000 });
    if (result.exitCode === 0) return schema.parse(JSON.parse(result.stdout));
    why = result.stderr.trim();
  }
  throw new UserError({ what: `the rows of ${hostId} can't be read`, why, code: "digest-failed" });
}
