import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ConfigError, fromPulumi, loadSiteConfig, parseConfig } from "../../../components/config.ts";

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "evenkeel-config-"));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const home = join(import.meta.dirname, "../../..");

const good = {
  provider: "lab",
  regions: ["primary", "secondary"],
  initialActive: "primary",
  engine: "mariadb",
  domain: "shop.lab.test",
  adminEmail: "admin@shop.lab.test",
  networks: {
    primary: "10.10.0.0/16",
    secondary: "10.20.0.0/16",
    third: "10.30.0.0/16",
    peering: "10.99.0.0/24",
  },
};

function problemsOf(work: () => unknown): readonly string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

/** A folder with the files of a good site, some stacks' texts replaced. */
function siteFolder(texts: Record<string, string>): string {
  const directory = mkdtempSync(join(scratch, "site-"));
  const lines = Object.entries(good).map(
    ([key, value]) => `  evenkeel:${key}: { value: ${JSON.stringify(value)} }`,
  );
  writeFileSync(join(directory, "Pulumi.yaml"), `name: shop\nconfig:\n${lines.join("\n")}\n`);
  for (const stack of [...good.regions, "global"])
    writeFileSync(join(directory, `Pulumi.${stack}.yaml`), texts[stack] ?? "config: {}\n");
  return directory;
}

const withValues = (values: Record<string, unknown>) =>
  problemsOf(() => parseConfig("shop", { ...good, ...values }, {}));

describe("configuration", () => {
  test("addresses and names are derived the same for every region", () => {
    const config = parseConfig("shop", good, {});
    expect(config.regionPlans).toEqual([
      expect.objectContaining({
        name: "primary",
        index: 1,
        gateway: "10.10.0.2",
        database: "10.10.0.20",
        web: ["10.10.0.31"],
      }),
      expect.objectContaining({
        name: "secondary",
        index: 2,
        peering: { gateway: "10.99.0.20", database: "10.99.0.21" },
      }),
    ]);
    expect(config.third).toMatchObject({ edge: "10.30.0.2", peering: { edge: "10.99.0.200" } });
  });

  test("[P5] a site is born bounded, or as it says", () => {
    expect(parseConfig("shop", good, {}).durability).toBe("bounded");
    expect(parseConfig("shop", { ...good, durability: "strict" }, {}).durability).toBe("strict");
  });

  test("the cool-down after a failover is an hour, or as the site says", () => {
    expect(parseConfig("shop", good, {}).cooldownSeconds).toBe(3600);
    expect(parseConfig("shop", { ...good, cooldownSeconds: 0 }, {}).cooldownSeconds).toBe(0);
  });

  test("[O2] the two tracked region files differ in their place only", () => {
    const config = loadSiteConfig(home);
    expect(config.regionPlans.map(({ location, namePrefix }) => ({ location, namePrefix }))).toEqual([
      { location: "lab-primary", namePrefix: "evenkeel-shop-primary" },
      { location: "lab-secondary", namePrefix: "evenkeel-shop-secondary" },
    ]);
    const [primary, secondary] = ["primary", "secondary"].map((name) =>
      readFileSync(join(home, `Pulumi.${name}.yaml`), "utf8").replaceAll(name, "PLACE"),
    );
    expect(secondary).toBe(primary);
  });

  test("the site of the lab tests is valid and shares no network with the default site", () => {
    const proof = loadSiteConfig(join(home, "sites/proof"));
    const shop = loadSiteConfig(home);
    expect(Object.values(proof.networks).filter((one) => Object.values(shop.networks).includes(one))).toEqual(
      [],
    );
  });

  test.each([
    ["regions", [], "names no region"],
    ["regions", ["primary", "primary"], "twice"],
    ["regions", ["Primary"], "lower-case"],
    ["regions", ["global", "secondary"], "reserved"],
    ["regions", ["../up", "x y"], "lower-case"],
    // A region's name ends its bucket's, and is a name in the site's zone and a key of objects.
    ["regions", ["west-"], "last no dash"],
    ["regions", ["www", "secondary"], "reserved"],
    ["regions", ["primary", "ns1"], "reserved"],
    ["regions", ["constructor"], "reserved"],
    ["provider", "moon", "lab"],
    ["engine", "oracle", "mariadb"],
    ["wordpressOnPostgresql", "mysql-proxy", "must be pg4wp"],
    ["wordpressOnPostgresql", "pg4wp", "is for evenkeel:engine postgresql alone"],
    ["wooCommerce", true, "no known key"],
    ["initialActive", "tertiary", "not one of the regions"],
    ["domain", "$(reboot).test", "domain"],
    ["adminEmail", "nobody", "is no e-mail address"],
    ["webServers", 5, "must be at most 4"],
    ["webServers", "64k", "must be a number"],
    ["webServers", 1.5, "must be a whole number"],
    ["title", "", "must have at least 1 characters"],
    ["cache", "memcached", "must be one of redis, none"],
    ["cooldownSeconds", -1, "must be at least 0"],
    ["cooldownSeconds", 86_401, "must be at most 86400"],
    ["cooldownSeconds", "1h", "must be a number"],
    ["durability", "loose", "must be one of strict, bounded, async"],
    ["regions", "primary", "must be a list"],
    ["provider", undefined, "is missing"],
    ["domain", undefined, "is missing"],
    ["networks", { ...good.networks, secondary: "10.10.0.0/24" }, "overlap"],
    ["networks", { primary: "10.10.0.0/16" }, "no network for secondary"],
    ["networks", { ...good.networks, moon: "10.50.0.0/16" }, "unknown place"],
    ["binlogDoDb", "wordpress_db", "no known key"],
  ])("%s = %j is refused by name with the reason", (key, value, reason) => {
    const problems = withValues({ [key]: value });
    expect(problems.join("\n")).toContain(`evenkeel:${key}`);
    expect(problems.join("\n")).toContain(reason);
  });

  test.each([
    ["title", "4711", "4711"],
    ["title", '"Shop"', '"Shop"'],
    ["initialActive", "true", "true"],
    ["location", "1", "1"],
    ["cache", "none", "none"],
    ["webServers", "2", 2],
    ["uploadsVolumeGb", "8", 8],
    ["regions", '["true"]', ["true"]],
    ["networks", '{"true":"10.1.0.0/16"}', { true: "10.1.0.0/16" }],
    ["php", '{"listen":"tcp"}', { listen: "tcp" }],
  ])("the program reads %s = %s as the command line does", (key, text, value) => {
    expect(fromPulumi(key, text)).toEqual(value);
  });

  test("all problems come at once", () => {
    expect(withValues({ provider: "moon", domain: "-", initialActive: "x" }).length).toBeGreaterThanOrEqual(
      3,
    );
  });

  test.each(["primary", "global"])(
    "a misspelt top-level key of %s's file is a problem, although Pulumi would ignore it",
    (stack) => {
      const directory = siteFolder({});
      const file = `Pulumi.${stack}.yaml`;
      expect(problemsOf(() => loadSiteConfig(directory))).toEqual([]);
      writeFileSync(join(directory, file), "confg: {}\n");
      expect(problemsOf(() => loadSiteConfig(directory))).toEqual([`${file}: unknown key confg`]);
    },
  );

  test.each([
    ["global", "webServers: 2", "is a key of the whole site; set it in Pulumi.yaml"],
    ["global", "location: x", "is a key of one region; set it in that region's file, Pulumi.<region>.yaml"],
    ["global", "nonsense: 1", "is no known key"],
    ["primary", "webServers: 2", "is a key of the whole site; set it in Pulumi.yaml"],
    ["primary", "nonsense: 1", "is no known key"],
  ])(
    "a key that the stack %s doesn't have (%s) is refused, with the file where it belongs",
    (stack, line, why) => {
      const directory = siteFolder({ [stack]: `config:\n  evenkeel:${line}\n` });
      const key = line.split(":")[0];
      expect(problemsOf(() => loadSiteConfig(directory))).toEqual([
        `Pulumi.${stack}.yaml: evenkeel:${key}: ${why}`,
      ]);
    },
  );

  test("a region's key among the site's is told where it belongs", () => {
    expect(withValues({ location: "x" })).toEqual([
      "evenkeel:location: is a key of one region; set it in that region's file, Pulumi.<region>.yaml",
    ]);
    expect(withValues({ php: { pool: 5 } })).toEqual(["evenkeel:php.pool: is no known key"]);
  });

  test("the secrets of a stack are its own, in the file of global as well", () => {
    const secrets = "config:\n  evenkeel:secrets:\n    secure: v1:abc\n";
    expect(problemsOf(() => loadSiteConfig(siteFolder({ global: secrets, primary: secrets })))).toEqual([]);
  });

  test.each(["location", "namePrefix"])("two regions with one %s are refused, both files named", (key) => {
    const both = (second: string) => () =>
      parseConfig("shop", good, { primary: { [key]: "wp-prod" }, secondary: { [key]: second } });
    expect(problemsOf(both("wp-prod"))).toEqual([
      `Pulumi.secondary.yaml: evenkeel:${key}: "wp-prod" is that of Pulumi.primary.yaml; give it its own`,
    ]);
    expect(problemsOf(both("wp-spare"))).toEqual([]);
  });

  test("a region that says nothing has its own place, which no other may name", () => {
    const taken = { primary: { location: "lab-secondary" }, secondary: {} };
    expect(problemsOf(() => parseConfig("shop", good, { primary: {}, secondary: {} }))).toEqual([]);
    expect(problemsOf(() => parseConfig("shop", good, taken))).toEqual([
      'Pulumi.secondary.yaml: evenkeel:location: "lab-secondary" is that of Pulumi.primary.yaml; give it its own',
    ]);
  });

  test("a region whose network is another place's outside leg is refused, and taken where that place is not", () => {
    const regions = (first: string, second: string) =>
      withValues({
        regions: [first, second],
        initialActive: first,
        networks: {
          ...good.networks,
          primary: undefined,
          secondary: undefined,
          [first]: "10.1.0.0/16",
          [second]: "10.2.0.0/16",
        },
      });
    expect(regions("a", "a-outside").join()).toContain(
      "evenkeel:regions: a-outside and a would share the network evenkeel-shop-a-outside",
    );
    expect(regions("a", "third-outside").join()).toContain("third and third-outside would share the network");
    expect(regions("a", "b-outside").join()).not.toContain("share");
  });

  test("a site's name too long for its machines' names is refused unless the prefix is given", () => {
    const site = "x".repeat(30);
    const long = (primary: object) => problemsOf(() => parseConfig(site, good, { primary: { ...primary } }));
    expect(long({}).join()).toMatch(/^Pulumi.primary.yaml: evenkeel:namePrefix: .*at most 41/);
    expect(long({ namePrefix: "short" })).toEqual([]);
  });

  test("files that are missing or no YAML are named", () => {
    const directory = siteFolder({});
    rmSync(join(directory, "Pulumi.global.yaml"));
    expect(problemsOf(() => loadSiteConfig(directory)).join()).toContain("Pulumi.global.yaml: can't be read");
    rmSync(join(directory, "Pulumi.yaml"));
    expect(problemsOf(() => loadSiteConfig(directory)).join()).toContain("Pulumi.yaml: can't be read");
    writeFileSync(join(directory, "Pulumi.yaml"), "name: [");
    expect(problemsOf(() => loadSiteConfig(directory)).join()).toContain("Pulumi.yaml: ");
  });
});
