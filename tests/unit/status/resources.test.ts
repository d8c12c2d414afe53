import { expect, test } from "@jest/globals";
import { diskFindingOf, goFinding, memoryFinding } from "../../../automation/status/resources.ts";

const gib = 1024 ** 3;

test("a machine with less memory than a lab takes is told so, one with more is well", () => {
  expect(memoryFinding(1.9 * gib, gib)).toMatchObject({ ok: false, detail: "1.9 GiB, 1.0 GiB of it free" });
  expect(memoryFinding(4 * gib, gib)).toMatchObject({ ok: true, fix: null });
});

test("disk space that a first set-up may want is no fault on a machine that has had its own", () => {
  expect(diskFindingOf(0.5 * gib).ok).toBe(false);
  expect(diskFindingOf(5 * gib)).toMatchObject({ ok: null, fix: expect.stringContaining("10 GiB") });
  expect(diskFindingOf(50 * gib)).toMatchObject({ ok: true, detail: "50.0 GiB free", fix: null });
});

test("Go is never a fault: what it is needed for is said where there is none new enough", async () => {
  const found = await goFinding();
  expect(found.ok === true ? found.detail : found.fix).toMatch(/1\.\d+/);
});
