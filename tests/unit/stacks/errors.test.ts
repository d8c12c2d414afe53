import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { secretValues } from "../../../automation/redact.ts";
import { detachedCommand } from "../../../automation/stacks/command.ts";
import { explained } from "../../../automation/stacks/errors.ts";

const root = mkdtempSync(join(tmpdir(), "evenkeel-cli-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const remedy = { flag: " --site proof", backup: "/copies/primary-1.json" };

/** What the CLI's failure with these words becomes. */
async function failure(words: string) {
  mkdirSync(join(root, "bin"), { recursive: true });
  const cli = join(root, "bin/pulumi");
  writeFileSync(
    cli,
    `#!/bin/sh\n[ "$1" = version ] && { echo v3.1.0; exit; }\necho "${words}" >&2\nexit 255\n`,
  );
  chmodSync(cli, 0o755);
  const command = (await detachedCommand(root)) as unknown as {
    run(args: string[], cwd: string, env: object): Promise<unknown>;
  };
  const cause = await command.run(["stack", "output"], root, {}).catch((error: unknown) => error);
  return explained({
    stack: "primary",
    operation: "up",
    cause,
    run: null,
    secrets: ["s3cret-value"],
    remedy,
  });
}

test("a failure of the CLI is told in its own words, without secrets", async () => {
  const error = await failure("error: the disk is gone, s3cret-value");
  expect(error.exitCode).toBe(4);
  expect(error.why).toContain("the disk is gone, [redacted]");
  expect(error.why).not.toContain("[object Object]");
});

test("a host that asks for a setting of its machine is the next step, not another run alone", async () => {
  const asked = await failure(
    "lab-host: it did not come up; with root: sysctl -w fs.inotify.max_user_instances=1024",
  );
  expect(asked.next).toMatch(
    /^as root: sysctl -w fs\.inotify\.max_user_instances=1024; then run the command again/,
  );
  expect((await failure("lab-host: it did not come up")).next).toMatch(/^run the command again/);
});

test.each([3990, 4000, 4010])(
  "a long message is cut after its secrets were taken out, not through one (%d characters behind it)",
  (behind) => {
    const password = "p".repeat(10) + "q".repeat(10);
    const run = { changes: {}, failed: [], errors: [`${password}${"x".repeat(behind)}`], seconds: 1 };
    const { why } = explained({
      stack: "primary",
      operation: "up",
      cause: "",
      run,
      secrets: [password],
      remedy,
    });
    expect(why).not.toMatch(/[pq]/);
    expect(why?.length).toBe(Math.min(4000, behind + "[redacted]".length));
  },
);

test("of a secret with lines none stands among the last ones of a failure", () => {
  const key = Array.from({ length: 12 }, (_, i) => `line-of-key-${i}`).join("\n");
  const secrets = secretValues({ key });
  const of = (cause: unknown) =>
    explained({ stack: "primary", operation: "up", cause, run: null, secrets, remedy }).why;
  expect(of({ stderr: `it read\n${key}` })).toBe("it read\n[redacted]");
  expect(of({ stderr: "it read\nline-of-key-3" })).toBe("it read\n[redacted]");
});

test.each([
  ["base64", btoa],
  ["a URL", encodeURIComponent],
])("a secret stands in no failure as %s writes it, nor in what the engine said", (_, encode) => {
  const secret = "p%w d/1+2?345";
  const told = `error: no access, ${encode(secret)}`;
  for (const [cause, errors] of [
    [told, []],
    ["", [told]],
  ] as const) {
    const run = { changes: {}, failed: [], errors, seconds: 1 };
    const { why } = explained({ stack: "primary", operation: "up", cause, run, secrets: [secret], remedy });
    expect(why).toMatch(/^error: no access, \[redacted\]=*$/);
  }
});

test("a wrong passphrase names the variable (exit 3)", async () => {
  const error = await failure("error: constructing secrets manager of type passphrase: incorrect passphrase");
  expect(error.exitCode).toBe(3);
  expect(error.what).toContain("PULUMI_CONFIG_PASSPHRASE");
  expect(error.next).toContain("PULUMI_CONFIG_PASSPHRASE");
});

test("a lock of Pulumi's own is still known as one (exit 13)", async () => {
  const error = await failure(
    "error: the stack is currently locked by 1 lock(s). created by me@here (pid 1)",
  );
  expect(error.exitCode).toBe(13);
});

test("what is thrown need be no Error", () => {
  const of = (cause: unknown) =>
    explained({ stack: "primary", operation: "up", cause, run: null, secrets: [], remedy }).why;
  expect(of({ stderr: "error: x" })).toBe("error: x");
  expect(of("y")).toBe("y");
});

test("a host that refused on facts is a refusal (12), under either plugin; any other exit code is a failure", async () => {
  const told = [
    'error: exit code 12 of \\"sudo evenkeel-db birth\\": the data is gone',
    "error: Process exited with status 12: running sudo evenkeel-db birth",
  ];
  for (const words of told) {
    const error = await failure(words);
    expect(error.exitCode).toBe(12);
    expect(error.next).toContain("mend what the reason names");
  }
  expect((await failure("error: Process exited with status 120: running x")).exitCode).toBe(4);
});

test("a state that was cut off names the command that brings back its newest copy", async () => {
  const error = await failure("error: failed to load checkpoint: place 1: unexpected end of JSON input");
  expect(error).toMatchObject({ exitCode: 4, code: "state-damaged" });
  const cure = "npx evenkeel --site proof pulumi stack import --stack primary --file /copies/primary-1.json";
  expect(error.next).toContain(cure);
});
