import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { execa } from "execa";
import type { StatusDocument } from "../../automation/status/document.ts";
import { asRoot, cli, eventually, get, type SiteHandle, site } from "./support/site.ts";

jest.setTimeout(120_000);

/** sites/proof gives the primary's web host a volume, and the secondary's none. */
const host = "primary/web-1";
const program = "/usr/local/lib/evenkeel/web/uploads-volume";
const uploads = "/var/www/html/wp-content/uploads";
const proof = `proof-${Date.now()}.txt`;
let handle: SiteHandle;

const shell = (stdin: string, id = host) => asRoot(handle, id, ["bash", "-s"], { stdin });
const asPhp = (line: string) =>
  shell(`setpriv --reuid=www-data --regid=www-data --clear-groups bash -c '${line}'`);
const mounted = async () =>
  (await shell("findmnt -no FSTYPE,OPTIONS,TARGET /mnt/wp_uploads || true")).split(/\s+/);
const uuid = () => shell("blkid -p -s UUID -o value /dev/evenkeel-uploads");
const ready = async () => {
  const { status, body } = await get(`${handle.regions.primary?.url}/evenkeel/ready`);
  return { status, problems: (JSON.parse(body) as { problems: string[] }).problems };
};
const isReady = () =>
  eventually("the primary is ready", 60_000, async () => ((await ready()).status === 200 ? true : null));

/** A loop device of `contents`, while `during` runs; the shell lines see it as $loop. */
const withDevice = (contents: string, during: string) =>
  shell(`set -e
    truncate -s 64M /var/tmp/volume-proof; ${contents}
    loop=$(losetup --find); loop=\${loop%% *}; [ -e "$loop" ] || mknod "$loop" b 7 "\${loop#/dev/loop}"
    losetup "$loop" /var/tmp/volume-proof
    trap 'losetup --detach "$loop"; rm -f /var/tmp/volume-proof' EXIT
    ${during}`);

beforeAll(async () => {
  handle = await site();
});
afterAll(() => shell(`rm -f ${uploads}/${proof}`));

describe("[O5] the volume of a web host's uploads", () => {
  test("is formatted and mounted where the region has one, and the uploads lie on it", async () => {
    expect(await mounted()).toEqual([
      "ext4",
      expect.stringMatching(/nosuid.*nodev.*noexec/),
      "/mnt/wp_uploads",
    ]);
    expect(await shell(`readlink ${uploads}`)).toBe("/mnt/wp_uploads");
    await asPhp(`echo kept >${uploads}/${proof}`);
    expect(await shell(`cat /mnt/wp_uploads/${proof}`)).toBe("kept");
    expect(JSON.parse(await asRoot(handle, host, ["evenkeel-web", "status"]))).toMatchObject({
      uploads: { device: "/dev/evenkeel-uploads", mounted: true },
    });
    expect(JSON.parse(await asRoot(handle, "secondary/web-1", ["evenkeel-web", "status"]))).toMatchObject({
      uploads: { device: null, mounted: false },
    });
    const { status, body } = await get(`${handle.regions.primary?.url}/wp-content/uploads/${proof}`);
    expect([status, body.trim()]).toEqual([200, "kept"]);
  });

  test("is mounted again after a reboot, and never formatted again", async () => {
    const before = await uuid();
    await execa("docker", ["restart", "-t", "75", handle.host(host).name], { timeout: 100_000 });
    await eventually("the host answers", 60_000, async () => ((await mounted())[0] === "ext4" ? true : null));
    await asRoot(handle, host, [program, "/dev/evenkeel-uploads"]);
    expect(await uuid()).toBe(before);
    expect(await shell(`cat ${uploads}/${proof}`)).toBe("kept");
    await isReady();
  });

  test("not mounted, an upload is refused and the region says that it is not ready; nothing is lost underneath", async () => {
    await asRoot(handle, host, ["systemctl", "stop", "mnt-wp_uploads.mount"]);
    try {
      await expect(asPhp(`echo lost >${uploads}/lost.txt`)).rejects.toThrow("Permission denied");
      expect(await ready()).toEqual({ status: 503, problems: ["the uploads cannot be written"] });
      expect(await shell("ls -A /mnt/wp_uploads")).toBe("");
    } finally {
      await asRoot(handle, host, ["systemctl", "start", "mnt-wp_uploads.mount"]);
    }
    expect(await shell(`cat ${uploads}/${proof}`)).toBe("kept");
    await isReady();
  });

  test("a host whose volume is gone boots, answers, and status names what mounts it again", async () => {
    await shell("systemctl disable -q --now evenkeel-lab-volume");
    try {
      await execa("docker", ["restart", "-t", "75", handle.host(host).name], { timeout: 100_000 });
      await eventually("the host answers", 30_000, async () => ((await mounted())[0] === "" ? true : null));
      const problems = await eventually("status asks it", 60_000, async () => {
        const { stdout } = await cli(["status", "--format", "json"]);
        const found = (JSON.parse(stdout) as StatusDocument).problems;
        return found.some(({ code }) => code === "uploads-missing") ? found : null;
      });
      expect(problems).toContainEqual(
        expect.objectContaining({ next: expect.stringContaining("systemctl start mnt-wp_uploads.mount") }),
      );
    } finally {
      await shell(
        "systemctl enable -q evenkeel-lab-volume && systemctl start evenkeel-lab-volume mnt-wp_uploads.mount",
      );
    }
    expect(await shell(`cat ${uploads}/${proof}`)).toBe("kept");
    await isReady();
  });

  test("a device that holds something else is left alone, and so is an empty one where there was a volume", async () => {
    const tried = `sum=$(sha256sum <"$loop"); ${program} "$loop" 2>&1 && exit 1; [ "$sum" = "$(sha256sum <"$loop")" ]`;
    expect(await withDevice("mkfs.ext4 -q -L theirs /var/tmp/volume-proof", tried)).toContain(
      "holds something else than uploads (ext4): it is left alone",
    );
    expect(await withDevice("", tried)).toMatch(
      /is empty, though this host had the file system [0-9a-f-]{36}/,
    );
    expect(await shell(`cat ${uploads}/${proof}`)).toBe("kept");
  });

  test("uploads from before there was a volume come along whole, also where an earlier run was cut short", async () => {
    // As a run leaves it that was killed while it copied: half a file on the volume, newer than the whole one aside.
    await shell(`set -e
      rm ${uploads}; mkdir ${uploads}.before ${uploads}; cd ${uploads}.before
      head -c 100000 /dev/zero >proof-half.bin; touch -d '2020-01-01' proof-half.bin
      head -c 400 /dev/zero >/mnt/wp_uploads/.half; mkdir -p /mnt/wp_uploads/.evenkeel-coming
      mv /mnt/wp_uploads/.half /mnt/wp_uploads/.evenkeel-coming/proof-half.bin
      echo late >${uploads}/proof-late.txt; chown -R www-data: ${uploads} ${uploads}.before
      ${program} /dev/evenkeel-uploads`);
    expect(
      await shell(`readlink ${uploads}; stat -c %s ${uploads}/proof-half.bin; cat ${uploads}/proof-late.txt`),
    ).toBe("/mnt/wp_uploads\n100000\nlate");
    expect(await shell(`ls -A ${uploads}.before ${uploads}/.evenkeel-coming 2>/dev/null || true`)).toBe("");
    expect(
      await shell(`stat -c %U /mnt/wp_uploads; rm ${uploads}/proof-*; echo kept >${uploads}/${proof}`),
    ).toBe("www-data");
  });

  test("a device that can't be read is not empty, and another volume is not taken for the one that was there", async () => {
    const unreadable = `mkdir -p /var/tmp/broken; printf '#!/bin/sh\nexit 1\n' >/var/tmp/broken/head && chmod 755 /var/tmp/broken/head
      PATH=/var/tmp/broken:$PATH bash -c 'mv /var/lib/evenkeel/uploads-volume /run/known; ${program} "$1" 2>&1; mv /run/known /var/lib/evenkeel/uploads-volume' - "$loop"
      rm -r /var/tmp/broken; blkid -p "$loop" || echo "still $?"`;
    expect(await withDevice("", unreadable)).toMatch(/can't be read: it is left alone\nstill 2$/);
    const other = "mkfs.ext4 -q -L evenkeel-uploads /var/tmp/volume-proof";
    expect(await withDevice(other, `${program} "$loop" 2>&1 && exit 1; true`)).toMatch(
      /holds the file system [0-9a-f-]{36}, and this host had [0-9a-f-]{36}/,
    );
  });

  test("an exchange of the core leaves the uploads where they are", async () => {
    await shell("rm /var/lib/evenkeel/core.json && /usr/local/lib/evenkeel/web/install-core");
    expect(await shell(`readlink ${uploads}; cat ${uploads}/${proof}`)).toBe("/mnt/wp_uploads\nkept");
    await isReady();
  });
});
