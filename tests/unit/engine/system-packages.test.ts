import { describe, expect, test } from "@jest/globals";
import {
  consentToPackages,
  type MachineFacts,
  planSystemPackages,
} from "../../../automation/engine/system-packages.ts";
import type { UserError } from "../../../automation/errors.ts";

const ready: MachineFacts = {
  platform: "linux",
  root: true,
  debian: true,
  ssh: true,
  docker: "running",
  imageFromPackages: false,
  mmdebstrap: false,
};

function refusal(facts: Partial<MachineFacts>): UserError {
  try {
    planSystemPackages({ ...ready, ...facts });
  } catch (error) {
    return error as UserError;
  }
  throw new Error("was not refused");
}

describe("which system packages", () => {
  test("a machine that has all needs none, an installed engine that is stopped neither", () => {
    expect(planSystemPackages(ready)).toEqual([]);
    expect(planSystemPackages({ ...ready, docker: "stopped" })).toEqual([]);
    expect(planSystemPackages({ ...ready, root: false })).toEqual([]);
  });

  test("on Debian as root all that is missing is named at once", () => {
    expect(planSystemPackages({ ...ready, ssh: false, docker: "absent", imageFromPackages: true })).toEqual([
      "openssh-client",
      "docker.io",
      "mmdebstrap",
      "debian-archive-keyring",
    ]);
    expect(planSystemPackages({ ...ready, imageFromPackages: true, mmdebstrap: true })).toEqual([]);
  });

  test("elsewhere one sentence says everything that is missing and what to do", () => {
    const elsewhere = refusal({ debian: false, ssh: false, docker: "absent", imageFromPackages: true });
    expect(elsewhere.what).toBe(
      "missing on this machine: ssh and ssh-keygen, Docker Engine (docker and dockerd), a way to make the lab image (mmdebstrap)",
    );
    expect(elsewhere.why).toContain("on Debian only");
    const user = refusal({ root: false, docker: "absent" });
    expect(user.why).toContain("as root only");
    expect(user.next).toContain("sudo apt-get install docker.io");
  });

  test.each([
    ["another system", { platform: "darwin" }, "needs Linux"],
    ["an engine that this user may not use", { docker: "denied" as const }, "may not use it"],
    ["a stopped engine without root", { docker: "stopped" as const, root: false }, "only root can start it"],
    [
      "an image to be made without root",
      { imageFromPackages: true, mmdebstrap: true, root: false },
      "only root can make one",
    ],
  ])("%s is refused with the reason", (_what, facts, sentence) => {
    expect(refusal(facts).what).toContain(sentence);
    expect(refusal(facts).next).toBeDefined();
  });
});

describe("consent", () => {
  const question = (answer: boolean) => {
    const asked: string[] = [];
    const ask = async (text: string) => {
      asked.push(text);
      return answer;
    };
    return { asked, ask };
  };
  const packages = ["docker.io"];

  test("nothing to install and --yes ask nothing", async () => {
    const { asked, ask } = question(false);
    await consentToPackages({ packages: [], yes: false, interactive: true, ask });
    await consentToPackages({ packages, yes: true, interactive: true, ask });
    expect(asked).toEqual([]);
  });

  test("a terminal is asked, naming the packages; yes goes on and no is exit code 2", async () => {
    const yes = question(true);
    await consentToPackages({ packages, yes: false, interactive: true, ask: yes.ask });
    expect(yes.asked).toEqual([expect.stringContaining("docker.io")]);
    const no = question(false);
    await expect(
      consentToPackages({ packages, yes: false, interactive: true, ask: no.ask }),
    ).rejects.toMatchObject({
      exitCode: 2,
    });
  });

  test("without a terminal and without --yes it is exit code 2, unasked", async () => {
    const { asked, ask } = question(true);
    await expect(consentToPackages({ packages, yes: false, interactive: false, ask })).rejects.toMatchObject({
      exitCode: 2,
      next: expect.stringContaining("--yes"),
    });
    expect(asked).toEqual([]);
  });
});
