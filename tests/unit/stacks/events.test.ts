import { expect, test } from "@jest/globals";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { eventLog, summary } from "../../../automation/stacks/events.ts";

const step = (op: string, name: string, type = "command:local:Command") => ({
  op,
  type,
  urn: `urn:pulumi:primary::shop::${type}::${name}`,
});
const event = (part: object) => part as EngineEvent;

test("become notes with seconds, and a summary; what has no work of its own is left out", () => {
  const notes: string[] = [];
  let now = 0;
  const log = eventLog(
    (text) => notes.push(text),
    () => now,
  );
  for (const metadata of [
    step("create", "net"),
    step("same", "old"),
    step("create", "Region", "evenkeel:region:Lab"),
  ]) {
    log.receive(event({ resourcePreEvent: { metadata } }));
  }
  now = 2500;
  log.receive(event({ resOutputsEvent: { metadata: step("create", "net") } }));
  log.receive(event({ resOutputsEvent: { metadata: step("create", "Region", "evenkeel:region:Lab") } }));
  log.receive(
    event({ resOutputsEvent: { metadata: step("discard", "ref", "pulumi:pulumi:StackReference") } }),
  );
  expect(notes).toEqual(["creating net", "created net (2.5 s)"]);
  expect(summary(log.result())).toBe("1 created");
});

test("of a preview say what would be", () => {
  const notes: string[] = [];
  const log = eventLog((text) => notes.push(text));
  log.receive(event({ resourcePreEvent: { metadata: step("delete", "net"), planning: true } }));
  expect(notes).toEqual(["would be deleted: net"]);
  expect(summary(log.result(), true)).toBe("1 to delete");
});

test("count what is replaced once, and say where nothing is to be done", () => {
  const log = eventLog(() => {});
  expect(summary(log.result())).toBe("no changes");
  for (const op of ["create-replacement", "replace", "delete-replaced"]) {
    for (const name of ["one", "two"]) {
      log.receive(event({ resourcePreEvent: { metadata: step(op, name) } }));
      log.receive(event({ resOutputsEvent: { metadata: step(op, name) } }));
    }
  }
  expect(summary(log.result())).toBe("2 created anew");
  const rest = eventLog(() => {});
  rest.receive(event({ resOutputsEvent: { metadata: step("delete-replaced", "one") } }));
  expect(summary(rest.result())).toBe("1 deleted the old");
});

test("of a failure give its resource and its messages without colours", () => {
  const log = eventLog(() => {});
  log.receive(event({ resOpFailedEvent: { metadata: step("update", "web") } }));
  log.receive(
    event({
      diagnosticEvent: { severity: "error", message: "<{%reset%}>exit \u001b[31m3\u001b[0m<{%reset%}>\n" },
    }),
  );
  log.receive(event({ diagnosticEvent: { severity: "info", message: "noise" } }));
  expect(log.result()).toMatchObject({ changes: {}, failed: ["web"], errors: ["exit 3"] });
});
