import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { addressIn, overlapping, parseCidr, subnetOf } from "../../../components/addresses.ts";

describe("networks", () => {
  test("a network is read with its prefix; host bits, bad octets and prefixes out of range are refused", () => {
    expect(parseCidr("10.10.0.0/16")).toEqual({ base: 10 * 2 ** 24 + 10 * 2 ** 16, prefix: 16 });
    for (const bad of [
      "10.10.0.1/16",
      "10.256.0.0/16",
      "10.10.0.0",
      "10.10.0.0/33",
      "10.0.0.0/7",
      "10.10.0.0/25",
      "x",
    ]) {
      expect(parseCidr(bad)).toBeNull();
    }
  });

  test("the used subnet is the first /24, and addresses count from its base", () => {
    expect(subnetOf("10.20.0.0/16")).toBe("10.20.0.0/24");
    expect(addressIn("10.20.0.0/24", 31)).toBe("10.20.0.31");
  });

  test("overlaps are found in both directions, neighbours are none", () => {
    expect(overlapping({ a: "10.10.0.0/16", b: "10.10.128.0/24", c: "10.11.0.0/16" })).toEqual([["a", "b"]]);
    expect(overlapping({ a: "10.10.0.0/24", b: "10.0.0.0/8" })).toEqual([["a", "b"]]);
    expect(overlapping({ a: "10.10.0.0/16", b: "10.11.0.0/16" })).toEqual([]);
  });

  test("any network holds its own addresses and overlaps itself", () => {
    const network = fc
      .record({ address: fc.integer({ min: 0, max: 2 ** 32 - 1 }), prefix: fc.integer({ min: 8, max: 24 }) })
      .map(({ address, prefix }) => {
        const base = Math.floor(address / 2 ** (32 - prefix)) * 2 ** (32 - prefix);
        return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join(".")}/${prefix}`;
      });
    fc.assert(
      fc.property(network, (text) => {
        expect(parseCidr(text)).not.toBeNull();
        expect(overlapping({ a: text, b: subnetOf(text) })).toEqual([["a", "b"]]);
      }),
    );
  });
});
