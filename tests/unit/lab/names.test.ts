import { describe, expect, test } from "@jest/globals";
import { exitCodes } from "../../../automation/errors.ts";
import type { LabObject } from "../../../automation/lab/docker.ts";
import { nameClash, namesOf, usedNames } from "../../../automation/lab/names.ts";
import { parseConfig } from "../../../components/config.ts";

function site(name: string, regions: string[], prefixes: Record<string, string> = {}) {
  const networks = Object.fromEntries(
    [...regions, "third", "peering"].map((place, i) => [place, `10.${i}.0.0/16`]),
  );
  const domain = "shop.lab.test";
  return parseConfig(
    name,
    {
      ...{ provider: "lab", regions, initialActive: regions[0], engine: "mariadb", domain, networks },
      adminEmail: `admin@${domain}`,
    },
    Object.fromEntries(Object.entries(prefixes).map(([region, namePrefix]) => [region, { namePrefix }])),
  );
}
const clash = (one: ReturnType<typeof site>, other: ReturnType<typeof site>) =>
  nameClash(one, namesOf(other), exitCodes.usage);

describe("names of sites side by side", () => {
  test("that end at other places and still join to the same are refused, with a site's name that is free", () => {
    const error = clash(site("shop-eu", ["west"]), site("shop", ["eu-west"]));
    expect(error).toMatchObject({ exitCode: 2, code: "name-clash" });
    expect(error?.what).toContain("shop-eu");
    expect(error?.why).toContain("network evenkeel-shop-eu-west is that of the site shop");
    expect(error?.why).toContain("container evenkeel-shop-eu-west-gateway is that of the site shop");
    expect(error?.next).toContain("for example shop-eu2");
    expect(clash(site("shop-eu2", ["west"]), site("shop", ["eu-west"]))).toBeNull();
  });

  test("the proposal is free itself", () => {
    const others = [site("shop", ["eu-west"]), site("shop-eu2", ["west"])].flatMap(namesOf);
    expect(nameClash(site("shop-eu", ["west"]), others, exitCodes.usage)?.next).toContain(
      "for example shop-eu3",
    );
  });

  test.each([
    ["the third place", "eu-third"],
    ["the link", "eu-peering"],
    ["an outside leg", "eu-west-outside"],
  ])("a region called as %s of another site is refused", (_, region) => {
    expect(clash(site("shop-eu", ["west"]), site("shop", [region]))).not.toBeNull();
    expect(clash(site("shop", [region]), site("shop-eu", ["west"]))).not.toBeNull();
  });

  test("one prefix in two sites is refused, with a prefix that is free", () => {
    const error = clash(
      site("blog", ["west"], { west: "wp-prod" }),
      site("shop", ["east"], { east: "wp-prod" }),
    );
    expect(error?.why).toContain("container wp-prod-database is that of the site shop");
    expect(error?.next).toBe(
      "set evenkeel:namePrefix in Pulumi.west.yaml to one that is free, for example wp-prod2",
    );
  });

  test("the same regions, and names of which one begins with the other, are no clash", () => {
    expect(clash(site("blog", ["primary"]), site("shop", ["primary"]))).toBeNull();
    expect(clash(site("shop-primary", ["primary"]), site("shop", ["primary"]))).toBeNull();
    // Words that are stacks or networks within a site are names like any other for one.
    for (const word of ["global", "third", "peering", "all"])
      expect(clash(site(word, ["primary"]), site("shop", ["primary"]))).toBeNull();
  });
});

test("what Docker has is in the way of another site only, each kind for itself, strangers' things included", () => {
  const object = (kind: LabObject["kind"], name: string, owner: string): LabObject => ({
    ...{ kind, name, site: owner, clone: "c", folder: "/one" },
  });
  const shop = site("shop", ["primary"]);
  const refused = (objects: LabObject[]) => nameClash(shop, usedNames("shop", objects), exitCodes.refused);
  expect(refused([object("container", "evenkeel-shop-primary-gateway", "shop")])).toBeNull();
  expect(refused([object("volume", "evenkeel-shop-primary-gateway", "blog")])).toBeNull();
  expect(refused([object("network", "evenkeel-shop-third", "blog")])).toMatchObject({
    exitCode: 12,
    why: "network evenkeel-shop-third is that of the site blog",
  });
  expect(refused([object("container", "evenkeel-shop-third-edge", "")])?.why).toContain("not Evenkeel's");
});
