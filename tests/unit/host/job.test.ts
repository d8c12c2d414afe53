import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { secretTexts } from "../../../automation/engine/plugin/secret-texts.ts";
import { redact } from "../../../automation/redact.ts";
import { roleProgram } from "../../../components/host/job.ts";
import { anyCharacter } from "../support/mutations.ts";

const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const dollar = (text: string) => ({ "4dabf18193072939515e22adb298388d": secretSignature, value: text });
const job = (content: string) => ({
  role: "r",
  machineId: "m",
  files: [{ path: "/etc/x", content }],
  script: "true",
});

/** What Python makes of the literal in the program: a raw string between three apostrophes. */
function jobOf(program: string) {
  const literal = /json\.loads\(r'''\n(.*)\n'''\)/s.exec(program)?.[1] ?? "";
  expect(literal).not.toContain("'");
  return JSON.parse(literal) as { files: { path: string; content: string; mode: string; owner: string }[] };
}

test("any content of a file survives in the program", () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter }), (content) => {
      const { files } = jobOf(roleProgram(job(content)));
      expect(files.at(-1)).toEqual({ path: "/etc/x", content, mode: "0644", owner: "root:root" });
    }),
  );
  const hard = "it's ''' \\ \"\"\" @@JOB@@ \n$(x)";
  expect(jobOf(roleProgram(job(hard))).files.at(-1)?.content).toBe(hard);
});

test("a plugin finds the secrets of a role's files in what travels by standard input", () => {
  const password = 'p\'a$$ "word" 12345';
  const secrets = secretTexts(dollar(roleProgram(job(JSON.stringify({ password, other: 1 })))) as never);
  expect(redact(`mariadb: access denied with ${password}!`, secrets)).toBe(
    "mariadb: access denied with [redacted]!",
  );
  expect(redact("mariadb: access denied", secrets)).toBe("mariadb: access denied");
});
