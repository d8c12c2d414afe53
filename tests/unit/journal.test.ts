import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { UserError } from "../../automation/errors.ts";
import { journalled, openJournal } from "../../automation/journal.ts";
import { redact, secretValues } from "../../automation/redact.ts";

const directory = mkdtempSync(join(tmpdir(), "evenkeel-journal-"));
const path = join(directory, "site/journal.jsonl");
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const lines = () =>
  readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("every command leaves a start and an end, failures with their exit code, and no secret", async () => {
  const secret = 'pa"ss\\word!1';
  const journal = openJournal(path, [secret]);
  await journalled(journal, "provision", async () => {});
  const failing = journalled(journal, "destroy", async () => {
    throw new UserError({ what: `refused with ${secret}`, exitCode: 12 });
  });
  await expect(failing).rejects.toThrow("refused");
  expect(lines()).toMatchObject([
    { event: "start", command: "provision", run: journal.run },
    { event: "end", command: "provision", exitCode: 0 },
    { event: "start", command: "destroy" },
    { event: "end", command: "destroy", exitCode: 12, detail: "refused with [redacted]" },
  ]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a later command appends", () => {
  openJournal(path).write({ event: "start", command: "resume primary" });
  expect(lines()).toHaveLength(5);
});

test("redaction finds values as they are and as JSON writes them, and leaves public ones", () => {
  const values = secretValues({ ssh: { user: { privateKey: 'a"b\nlong-key', publicKey: "public-key" } } });
  expect(values).toEqual(['a"b\nlong-key']);
  expect(redact(`x a"b\nlong-key ${JSON.stringify('a"b\nlong-key')} public-key`, values)).toBe(
    'x [redacted] "[redacted]" public-key',
  );
  expect(redact("short stays", ["short"])).toBe("short stays");
});
