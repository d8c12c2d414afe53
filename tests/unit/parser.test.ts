import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { CommandModule } from "yargs";
import { UserError } from "../../automation/errors.ts";
import { commands, parserOf } from "../../automation/parser.ts";
import { hostileText, mutatedList } from "./support/mutations.ts";

/** The command line with every verb's work taken out: what is left is what arguments alone decide. */
const verbs = commands.map((verb) => ({ ...verb, handler: () => undefined })) as CommandModule[];

const valid = [
  ["check", "--format", "json"],
  ["doctor", "--output", "x.tar.gz"],
  ["provision", "--region", "primary", "--yes", "--timeout", "60"],
  ["provision", "--site", "proof", "--preview"],
  ["status", "--format", "json", "--watch=5"],
  ["topology", "--format", "svg"],
  ["resume", "primary", "--confirm", "primary"],
  ["ssh", "primary/database", "--", "uptime", "-p"],
  ["logs", "primary/web-1", "-u", "nginx", "--since", "1 hour ago", "-n", "5", "-f"],
  ["pulumi", "up", "-s", "primary", "--diff"],
  ["unlock", "--confirm", "shop"],
  ["destroy", "--region", "secondary", "--even-active", "--yes", "--confirm", "shop"],
];

/** How it ended: "taken", the UserError, or what should never come out. */
async function outcome(argv: readonly string[]): Promise<unknown> {
  try {
    await parserOf(argv, verbs, "0").parseAsync();
    return "taken";
  } catch (error) {
    return error;
  }
}

describe("[P26] arguments", () => {
  test.each(valid.map((argv) => [argv.join(" "), argv] as const))("%s is taken", async (_, argv) => {
    expect(await outcome(argv)).toBe("taken");
  });

  test("300 mutations of valid ones are taken or refused with exit 2 and a next command, never a bug", async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...valid).chain((argv) => mutatedList(argv, hostileText)),
        async (argv) => {
          const end = await outcome(argv);
          if (end === "taken") return;
          expect(end).toBeInstanceOf(UserError);
          const { exitCode, next, what } = end as UserError;
          expect({ exitCode, hasNext: next !== undefined, says: what.length > 0 }).toEqual({
            exitCode: 2,
            hasNext: true,
            says: true,
          });
          refused += 1;
        },
      ),
      { numRuns: 300 },
    );
    // A mutation that never spoils anything would prove nothing.
    expect(refused).toBeGreaterThan(60);
  });
});
