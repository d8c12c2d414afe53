import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { openJournal } from "../../../automation/journal.ts";
import { openExisting, openForPreview, refuseLostSecrets } from "../../../automation/rollout/session.ts";
import { unlockSite } from "../../../automation/rollout/unlock.ts";
import { home, journalFile, readSiteSecrets, siteConfig, sitePlace } from "../../../automation/site.ts";
import { openLook } from "../../../automation/status/status.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "evenkeel-unreadable-"));
  // Whoever runs this may be root, who may read everything: a file in the folder's place nobody can read through.
  writeFileSync(join(root, "shop"), "mine");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const config = siteConfig(sitePlace("shop"));
const place = () => ({ ...sitePlace("shop"), directory: home, stateDirectory: join(root, "shop") });
const question = {
  name: "shop",
  given: undefined,
  flag: "--confirm",
  yes: false,
  terminal: { interactive: false },
  consequence: "",
} as unknown as Parameters<typeof unlockSite>[2];
const noStacks = { existing: async () => [] } as unknown as Parameters<typeof refuseLostSecrets>[0]["stacks"];

describe("a site's folder that can't be read is no site that isn't built", () => {
  test.each([
    ["outputs, logs, ssh", () => openExisting(place(), config)],
    ["a preview", () => openForPreview(place(), config)],
    ["status and topology", () => openLook(place(), config).once()],
    ["credentials", () => readSiteSecrets(place())],
    ["unlock", () => unlockSite(place(), null, question)],
    ["provision", () => refuseLostSecrets({ place: place(), stacks: noStacks })],
    ["the journal", () => openJournal(journalFile(place()))],
  ])("%s: names the path and what to do", async (_, look) => {
    await expect((async () => look())()).rejects.toMatchObject({
      name: "UserError",
      code: expect.stringMatching(/^not-(readable|writable)$/),
      what: expect.stringContaining(join(root, "shop")),
      next: expect.stringContaining(`move the file ${join(root, "shop")} away`),
    });
    expect(readFileSync(join(root, "shop"), "utf8")).toBe("mine");
  });
});
