import { describe, expect, test } from "@jest/globals";
import {
  clashes,
  networkClash,
  overlap,
  parseCidr,
  proposeNetworks,
} from "../../../automation/lab/networks.ts";

const wanted = { primary: "10.10.0.0/16", secondary: "10.20.0.0/16", peering: "10.99.0.0/24" };

describe("the lab's networks against what the machine uses", () => {
  test("two networks overlap when one holds the other, in either order, and not when they only touch", () => {
    expect(overlap("10.10.0.0/16", "10.10.7.0/24")).toBe(true);
    expect(overlap("10.10.7.0/24", "10.0.0.0/8")).toBe(true);
    expect(overlap("10.10.0.0/16", "10.11.0.0/16")).toBe(false);
    expect(overlap("192.168.0.0/24", "192.168.0.255")).toBe(true);
  });

  test("a text that is no network is refused by name", () => {
    for (const text of ["", "10.10.0.0/33", "10.256.0.0/16", "10.10.0/16", "fd00::/8"]) {
      expect(() => parseCidr(text)).toThrow(`"${text}" is no IPv4 network`);
    }
  });

  test("a free machine gives no clash and the networks unchanged", () => {
    const used = [{ cidr: "172.17.0.0/16", by: "Docker network bridge" }];
    expect(clashes(wanted, used)).toEqual([]);
    expect(proposeNetworks(wanted, used)).toEqual(wanted);
  });

  test("a clash says with what, and the proposal moves only that network, to one that is really free", () => {
    const used = [
      { cidr: "10.20.30.0/24", by: "the route by tun0" },
      { cidr: "10.1.0.0/16", by: "Docker network other" },
    ];
    expect(clashes(wanted, used)).toEqual([
      { name: "secondary", cidr: "10.20.0.0/16", by: "the route by tun0 (10.20.30.0/24)" },
    ]);
    const proposal = proposeNetworks(wanted, used);
    expect(proposal).toEqual({ ...wanted, secondary: "10.2.0.0/16" });
    expect(clashes(proposal, used)).toEqual([]);
  });

  test("a clash with what the machine uses is refused on observed facts (exit 12), with a free set", () => {
    const used = [{ cidr: "10.20.30.0/24", by: "the route by tun0" }];
    const error = networkClash("shop", wanted, used);
    expect(error).toMatchObject({ exitCode: 12, code: "network-clash" });
    expect(error?.what).toContain("secondary 10.20.0.0/16");
    expect(error?.why).toBe("10.20.0.0/16 overlaps the route by tun0 (10.20.30.0/24)");
    expect(error?.next).toContain("secondary 10.1.0.0/16");
    expect(networkClash("shop", wanted, [])).toBeNull();
  });

  test("networks of one site that overlap each other clash as well", () => {
    const same = { primary: "10.10.0.0/16", secondary: "10.10.128.0/17" };
    expect(clashes(same, [])).toEqual([
      { name: "secondary", cidr: "10.10.128.0/17", by: "the network of primary (10.10.0.0/16)" },
    ]);
    expect(clashes(proposeNetworks(same, []), [])).toEqual([]);
  });

  test("a machine whose routes take all of 10.0.0.0/8 gets an error instead of a wrong proposal", () => {
    const used = [{ cidr: "10.0.0.0/8", by: "the route by tun0" }];
    expect(() => proposeNetworks(wanted, used)).toThrow(
      expect.objectContaining({ exitCode: 12, what: expect.stringContaining("no free /16 in 10.0.0.0/8") }),
    );
  });
});
