import { expect, test } from "@jest/globals";
import { exitCodes, UserError } from "../../../automation/errors.ts";
import type { SiteOutputs } from "../../../automation/hosts.ts";
import { refuseMoved } from "../../../automation/rollout/moved.ts";
import { planRegions } from "../../../components/plan.ts";

const networks = {
  primary: "10.10.0.0/16",
  secondary: "10.20.0.0/16",
  third: "10.30.0.0/24",
  peering: "10.99.0.0/24",
};
const region = (name: string) => ({ name, namePrefix: `shop-${name}`, location: "x", uploadsVolumeGb: 0 });
const wanted = { regions: [region("primary"), region("secondary")], networks, webServers: 1 };
const site = (change: Partial<typeof wanted> = {}) => ({
  site: "proof",
  engine: "mariadb" as const,
  regionPlans: planRegions({ ...wanted, ...change }),
});

/** What the stacks gave out when the regions were made, the primary alone where so asked. */
function built({
  secondary = true,
  uploadsVolumeGb = 0,
}: {
  secondary?: boolean;
  uploadsVolumeGb?: number | null;
} = {}): SiteOutputs {
  const regions = planRegions(wanted).map((plan) => {
    const host = { role: "database", name: `${plan.namePrefix}-database`, address: plan.database };
    const hosts = [{ ...host, peeringAddress: plan.peering.database }];
    const made = plan.name === "primary" || secondary;
    return [
      plan.name,
      made ? { hosts, uploadsVolumeGb, database: { engine: "mariadb", serverId: plan.index } } : null,
    ] as const;
  });
  return { regions: Object.fromEntries(regions), global: null } as unknown as SiteOutputs;
}

const refusal = (change: Partial<typeof wanted>): UserError => {
  try {
    refuseMoved(site(change), built());
  } catch (error) {
    return error as UserError;
  }
  throw new Error("was not refused");
};

test("what belongs to a machine's making is refused by its key, with both values and what to run", () => {
  const error = refusal({ networks: { ...networks, secondary: "10.40.0.0/16" } });
  expect(error).toBeInstanceOf(UserError);
  expect(error).toMatchObject({
    exitCode: exitCodes.usage,
    what: "evenkeel:networks of the built region secondary was changed",
    why: "the address of secondary's database host is 10.20.0.20, and would be 10.40.0.20",
    next: expect.stringContaining("npx evenkeel destroy --region secondary --site proof"),
  });
});

test.each([
  ["the link", { networks: { ...networks, peering: "10.98.0.0/24" } }, "evenkeel:networks (peering)"],
  [
    "a name",
    { regions: [{ ...region("primary"), namePrefix: "new" }, region("secondary")] },
    "evenkeel:namePrefix",
  ],
  ["the order", { regions: [region("secondary"), region("primary")] }, "the order of evenkeel:regions"],
])("%s likewise", (_, change, key) => {
  expect(refusal(change).what).toContain(key);
});

test("another engine is refused: a database is not changed into one of another kind", () => {
  const moved = { ...site(), engine: "postgresql" as const };
  expect(() => refuseMoved(moved, built())).toThrow(
    expect.objectContaining({
      exitCode: exitCodes.usage,
      what: "evenkeel:engine of the built region primary was changed",
      why: expect.stringContaining(
        "the engine of primary's database host is mariadb, and would be postgresql",
      ),
    }),
  );
});

test("[D9] the choice of WordPress on PostgreSQL may be added, and not taken away", () => {
  const on = (wordpressOnPostgresql?: "pg4wp") => ({
    ...site(),
    engine: "postgresql" as const,
    wordpressOnPostgresql,
  });
  const made = (wordpress: boolean | null) => {
    const outputs = built();
    for (const region of Object.values(outputs.regions))
      Object.assign(region as object, { wordpress, database: { ...region?.database, engine: "postgresql" } });
    return outputs;
  };
  expect(() => refuseMoved(on("pg4wp"), made(false))).not.toThrow();
  expect(() => refuseMoved(on("pg4wp"), made(true))).not.toThrow();
  expect(() => refuseMoved(on(), made(null))).not.toThrow();
  expect(() => refuseMoved(on(), made(true))).toThrow(
    expect.objectContaining({
      exitCode: exitCodes.usage,
      what: "evenkeel:wordpressOnPostgresql of the built region primary was changed",
      next: "set it back",
    }),
  );
});

test("a volume for the uploads is refused where the region was built without, and there only", () => {
  const withVolume = (sizeGb: number) => ({
    regions: [region("primary"), { ...region("secondary"), uploadsVolumeGb: sizeGb }],
  });
  expect(refusal(withVolume(8))).toMatchObject({
    exitCode: exitCodes.usage,
    what: "evenkeel:uploadsVolumeGb of the built region secondary was changed",
    why: "the size in GB of secondary's uploads volume (0: none) is 0, and would be 8",
    next: expect.stringContaining("npx evenkeel destroy --region secondary --site proof"),
  });
  expect(() => refuseMoved(site(withVolume(8)), built({ secondary: false }))).not.toThrow();
  // Built by a version that didn't tell: nobody knows.
  expect(() => refuseMoved(site(withVolume(8)), built({ uploadsVolumeGb: null }))).not.toThrow();
});

test("what may change does, and a region that is not built is made as it is wanted", () => {
  expect(() => refuseMoved(site(), built())).not.toThrow();
  expect(() => refuseMoved(site({ webServers: 4 }), built())).not.toThrow();
  const moved = site({ networks: { ...networks, secondary: "10.40.0.0/16" } });
  expect(() => refuseMoved(moved, built({ secondary: false }))).not.toThrow();
});
