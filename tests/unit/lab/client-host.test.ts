import { expect, test } from "@jest/globals";
import { freeAddress } from "../../../automation/lab/client-host.ts";

const subnet = "10.99.0.0/24";

test("a client's machine takes the first address of the link behind those of regions and edge that is free", () => {
  expect(freeAddress(subnet, ["10.99.0.10", "10.99.0.200"])).toBe("10.99.0.210");
  expect(freeAddress(subnet, ["10.99.0.210", "10.99.0.211", "10.99.0.213"])).toBe("10.99.0.212");
});

test("where none is free none is taken", () => {
  const all = Array.from({ length: 256 }, (_, n) => `10.99.0.${n}`);
  expect(() => freeAddress(subnet, all)).toThrow("no address left");
});
