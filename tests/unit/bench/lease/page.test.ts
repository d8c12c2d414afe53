import { expect, test } from "@jest/globals";
import { page } from "../../../../bench/lease/page.ts";

test("the page has a commit's cost beside that of async at the same distance, and each keeper's", () => {
  const text = page({
    machine: "2 cores",
    figures: [
      { distanceMs: 0, durability: "async", commitMs: [1, 2, 3] },
      { distanceMs: 20, durability: "async", commitMs: [4] },
      { distanceMs: 20, durability: "bounded", commitMs: [22, 24, 40] },
    ],
    keepers: [{ host: "primary/database", percent: 0.456, ownMb: 48.4, wholeMb: 80 }],
    idleSeconds: 60,
  });
  expect(text).toContain("| +0 | async | 2.00 | 3.00 | 1.00-3.00 | 3 | 1.0x |");
  expect(text).toContain("| +20 | bounded | 24.00 | 40.00 | 22.00-40.00 | 3 | 6.0x |");
  expect(text).toContain("| primary/database | 0.46 | 48 | 80 |");
});
