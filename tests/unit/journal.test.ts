import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { UserError } from "../../automation/errors.ts";
import { journalled, openJournal } from "../../automation/journal.ts";

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
    const forms = [secret, btoa(`wp:${secret}`), encodeURIComponent(secret)];
    throw new UserError({ what: `refused with ${forms.join()}`, exitCode: 12 });
  });
  await expect(failing).rejects.toThrow("refused");
  const shown = `[redacted],${btoa("wp:")}[redacted],[redacted]`;
  expect(lines()).toMatchObject([
    { event: "start", command: "provision", run: journal.run },
    { event: "end", command: "provision", exitCode: 0 },
    { event: "start", command: "destroy" },
    { event: "end", command: "destroy", exitCode: 12, detail: `refused with ${shown}` },
  ]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a later command appends", () => {
  openJournal(path).write({ event: "start", command: "resume primary" });
  expect(lines()).toHaveLength(5);
});
