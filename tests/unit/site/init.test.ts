import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { UserError } from "../../../automation/errors.ts";
import { overlap } from "../../../automation/lab/networks.ts";
import { type InitArgs, init } from "../../../automation/site/init.ts";
import { refuseNewNames } from "../../../automation/site/neighbours.ts";
import { home, secretsFile, siteConfig, sitePlace } from "../../../automation/site.ts";
import { loadSiteConfig } from "../../../components/config.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "evenkeel-init-"));
  for (const name of readdirSync(home).filter((each) => /^Pulumi.*\.yaml$/.test(each)))
    cpSync(join(home, name), join(root, name));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const args = (site: string, change: Partial<InitArgs> = {}): InitArgs => ({
  site,
  regions: "primary,secondary",
  webServers: 1,
  engine: "mariadb",
  ...change,
});
const made = (site: string) => loadSiteConfig(join(root, "sites", site));
const refusal = async (given: InitArgs): Promise<UserError> => {
  const error = await init(given, root).catch((thrown: unknown) => thrown);
  if (error instanceof UserError) return error;
  throw new Error("it was taken");
};

describe("a further site", () => {
  test("has files that load, and networks apart from every other site's of this clone", async () => {
    await init(args("blog"), root);
    await init(args("club", { initialActive: "secondary", webServers: 2, title: "The club" }), root);
    expect(made("club")).toMatchObject({
      site: "club",
      initialActive: "secondary",
      webServers: 2,
      title: "The club",
    });
    const ranges = [loadSiteConfig(root), made("blog"), made("club")].flatMap(({ networks }) =>
      Object.values(networks),
    );
    ranges.forEach((one, index) => {
      for (const other of ranges.slice(index + 1))
        expect({ one, other, overlap: overlap(one, other) }).toMatchObject({ overlap: false });
    });
  });

  test("may be on PostgreSQL", async () => {
    await init(args("books", { engine: "postgresql" }), root);
    expect(made("books")).toMatchObject({ engine: "postgresql" });
    expect(made("blog")).toMatchObject({ engine: "mariadb" });
  });

  test("[D9] may want WordPress there, which on MariaDB is refused", async () => {
    await init(args("essays", { engine: "postgresql", wordpressOnPostgresql: "pg4wp" }), root);
    expect(made("essays")).toMatchObject({ engine: "postgresql", wordpressOnPostgresql: "pg4wp" });
    const refused = await refusal(args("poems", { wordpressOnPostgresql: "pg4wp" }));
    expect(refused.exitCode).toBe(2);
    expect(refused.what).toContain("evenkeel:wordpressOnPostgresql");
  });

  test("may be one region alone", async () => {
    await init(args("solo", { regions: "primary" }), root);
    expect(made("solo")).toMatchObject({ regions: ["primary"], initialActive: "primary" });
    expect(readdirSync(join(root, "sites/solo")).sort()).toEqual([
      "Pulumi.global.yaml",
      "Pulumi.primary.yaml",
      "Pulumi.yaml",
    ]);
  });

  test("where the folder of sites is a file: that file is named, and nothing is written", async () => {
    const blocked = mkdtempSync(join(root, "blocked-"));
    for (const name of ["Pulumi.yaml", "Pulumi.primary.yaml", "Pulumi.secondary.yaml", "Pulumi.global.yaml"])
      cpSync(join(home, name), join(blocked, name));
    writeFileSync(join(blocked, "sites"), "mine");
    const before = readdirSync(blocked);
    await expect(init(args("new"), blocked)).rejects.toMatchObject({
      code: "not-readable",
      next: expect.stringContaining(join(blocked, "sites")),
    });
    expect(readdirSync(blocked)).toEqual(before);
  });

  test("without the lab's salt is refused with 2, and nothing is written", async () => {
    const bare = mkdtempSync(join(root, "bare-"));
    await expect(init(args("new"), bare)).rejects.toMatchObject({
      exitCode: 2,
      what: expect.stringContaining("Pulumi.global.yaml"),
    });
    expect(readdirSync(bare)).toEqual([]);
  });

  test.each([
    ["a name that is there", args("blog"), "there already"],
    ["the default site", args("shop"), "there already"],
    ["a name that leaves the folder", args("../x"), "no site name"],
    ["a name that is taken", args("state"), "no site name"],
    ["a region that is none", args("new", { regions: "primary,Second Place" }), "regions"],
    ["the same region twice", args("new", { regions: "primary,primary" }), "twice"],
    ["a start in another region", args("new", { initialActive: "tertiary" }), "initialActive"],
    ["a domain that is none", args("new", { domain: "nowhere" }), "domain"],
    ["a name too long for its machines", args("n".repeat(28)), "namePrefix"],
    ["a region too many on one network", args("new", { regions: "a,a-outside" }), "share the network"],
    ["five web hosts", args("new", { webServers: 5 }), "webServers"],
  ])("%s is refused with 2 and writes nothing", async (_, given, word) => {
    const error = await refusal(given);
    expect(error.exitCode).toBe(2);
    expect(error.what).toContain(word);
    expect(existsSync(join(root, "sites/new"))).toBe(false);
    expect(readdirSync(join(root, "sites")).some((name) => name.includes(".new-"))).toBe(false);
  });

  test("whose names join to another site's is refused with 2 and a free name, and writes nothing", async () => {
    await init(args("news", { regions: "eu-west" }), root);
    const error = await refusal(args("news-eu", { regions: "west" }));
    expect(error).toMatchObject({ exitCode: 2, next: expect.stringContaining("news-eu2") });
    expect(existsSync(join(root, "sites/news-eu"))).toBe(false);
    await init(args("news-eu2", { regions: "west" }), root);
  });

  test("that came to another's names by hand is refused with 2 until it is set up: then it keeps them", async () => {
    const prefix = (site: string) =>
      appendFileSync(
        join(root, "sites", site, "Pulumi.primary.yaml"),
        "config:\n  evenkeel:namePrefix: wp-prod\n",
      );
    for (const site of ["one", "two"]) {
      await init(args(site), root);
      prefix(site);
    }
    const place = sitePlace("two", root);
    const provision = () => refuseNewNames(place, siteConfig(place), root);
    expect(provision).toThrow(expect.objectContaining({ exitCode: 2, code: "name-clash" }));
    mkdirSync(place.stateDirectory, { recursive: true });
    writeFileSync(secretsFile(place), "{}");
    expect(provision).not.toThrow();
  });
});
