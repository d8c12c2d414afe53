import { expect, test } from "@jest/globals";
import { UserError } from "../../../automation/errors.ts";
import { journalWords } from "../../../automation/status/logs.ts";

const plain = { lines: 100, follow: false };

test("flags become journalctl's own", () => {
  const words = journalWords(plain);
  expect(words.slice(0, 4)).toEqual(["journalctl", "--no-pager", "--output=short-iso", "--lines=100"]);
  // Its own login and sudo would be the newest lines otherwise.
  expect(words[4]).toMatch(/^--facility=kern,.*,local7$/);
  expect(words[4]).not.toContain("auth");
  expect(journalWords({ unit: "mariadb", since: "10 minutes ago", lines: 5, follow: true })).toEqual([
    "journalctl",
    "--no-pager",
    "--output=short-iso",
    "--lines=5",
    "--unit=mariadb",
    "--since=10 minutes ago",
    "--follow",
  ]);
});

test.each([
  ...[
    "10 minutes ago",
    "-5min",
    "1h30m ago",
    "now",
    "yesterday",
    "today",
    "12:00",
    "2026-01-31 12:00:05 CET",
  ],
  ...["Mon 2026-01-05 10:00", "Thursday 10:00", "2026-01-31T12:00:05Z", "2 months 3 days ago"],
])("a time of systemd's is taken: %s", (since) => {
  expect(journalWords({ ...plain, since })).toContain(`--since=${since}`);
});

test.each([
  ["--lines", { ...plain, lines: 0 }],
  ["--lines", { ...plain, lines: Number.NaN }],
  ["--lines", { ...plain, lines: 1.5 }],
  ["unit", { ...plain, unit: "x; reboot" }],
  ["unit", { ...plain, unit: "" }],
  ["--since", { ...plain, since: "$(reboot)" }],
  ["--since", { ...plain, since: "nonsense" }],
  ["--since", { ...plain, since: "10 monkeys ago" }],
  ["--since", { ...plain, since: "ago" }],
  ["--since", { ...plain, since: "99:99" }],
  ["--since", { ...plain, since: "today 10:60" }],
  ["--since", { ...plain, since: "2026-13-01" }],
  ["--since", { ...plain, since: "2026-01-32 10:00" }],
  ["--since", { ...plain, since: " - " }],
])("what is no %s is a usage error that names it", (name, flags) => {
  try {
    journalWords(flags);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).exitCode).toBe(2);
    return expect((error as UserError).what).toContain(name);
  }
  throw new Error("it was taken");
});
