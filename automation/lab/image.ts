import { mkdtempSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { labImage, recipeFolder } from "../../components/lab/image.ts";
import { UserError } from "../errors.ts";
import { inFolder } from "../site/durable.ts";
import {
  type AptSource,
  type DebianMirrors,
  debianMirrors,
  parseSourcesList,
  parseSourcesStanzas,
} from "./apt.ts";
import { docker, tryDocker } from "./docker.ts";

export interface LabImage {
  tag: string;
  /** How it was come by in this call. */
  made: "found" | "docker-base" | "debian-packages";
  sizeBytes: number;
}

export interface LabImageOptions {
  /** Told one sentence before each thing that takes time. */
  report: (sentence: string) => void;
}

const baseImage = "debian:trixie-slim";
const release = "trixie";
/** The pull is only worth waiting for where nothing else can be done. */
const pullMs = { withPackages: 10_000, withoutPackages: 120_000 };
const buildMs = 600_000;
const dayMs = 24 * 3600 * 1000;

/**
 * Makes the lab image unless it is there: from a Docker base image where that can be had, else from Debian's
 * packages by mmdebstrap with the mirrors that this machine's own apt uses. Both by the one recipe in
 * components/lab/image. Throws a UserError that names what is missing when neither can be done.
 */
export async function ensureLabImage(options: LabImageOptions): Promise<LabImage> {
  const tag = labImage();
  const present = await imageSize(tag);
  if (present !== null) {
    return { tag, made: "found", sizeBytes: present };
  }
  const packages = await debianPackages();
  const base = await ensureBaseImage(packages ? pullMs.withPackages : pullMs.withoutPackages, options);
  if (base) {
    options.report(`Making the lab image from ${baseImage}`);
    await buildFromBase(tag);
  } else if (packages) {
    options.report(`Making the lab image from Debian ${release} packages (mmdebstrap, ${packages.main})`);
    await buildFromPackages(tag, packages);
  } else {
    throw new UserError({
      what: "The lab image can't be made.",
      why: `${baseImage} can't be pulled, and there is no mmdebstrap with a Debian mirror in apt's sources.`,
      next: `docker pull ${baseImage}   (or, on Debian: sudo apt-get install mmdebstrap)`,
      code: "lab-image",
    });
  }
  return { tag, made: base ? "docker-base" : "debian-packages", sizeBytes: (await imageSize(tag)) ?? 0 };
}

async function imageSize(name: string): Promise<number | null> {
  const { exitCode, stdout } = await tryDocker(["image", "inspect", "--format", "{{.Size}}", name], {
    timeoutMs: 20_000,
  });
  return exitCode === 0 ? Number(stdout.trim()) : null;
}

/** True when the base image is there or could be pulled; a failed pull isn't tried again for a day. */
async function ensureBaseImage(timeoutMs: number, { report }: LabImageOptions): Promise<boolean> {
  if ((await imageSize(baseImage)) !== null) {
    return true;
  }
  const failure = join(cacheFolder(), "pull-failed");
  const failedAt = await stat(failure).then(
    (file) => file.mtimeMs,
    () => 0,
  );
  if (timeoutMs === pullMs.withPackages && Date.now() - failedAt < dayMs) {
    return false;
  }
  report(`Pulling ${baseImage} (at most ${timeoutMs / 1000} s)`);
  const pulled = await execa("docker", ["pull", "--quiet", baseImage], {
    reject: false,
    timeout: timeoutMs,
    forceKillAfterDelay: 1_000,
    stdin: "ignore",
  });
  if (pulled.exitCode !== 0) {
    await mkdir(cacheFolder(), { recursive: true });
    await writeFile(failure, `${baseImage}: ${pulled.timedOut ? "no answer in time" : pulled.stderr}\n`);
  }
  return pulled.exitCode === 0;
}

function cacheFolder(): string {
  const cache = process.env.XDG_CACHE_HOME;
  return join(cache === undefined || cache === "" ? join(homedir(), ".cache") : cache, "evenkeel");
}

async function buildFromBase(tag: string): Promise<void> {
  await docker(["build", "--tag", tag, recipeFolder], { timeoutMs: buildMs });
}

/** The mirrors to make the image from; null where that can't be done here (no mmdebstrap, not root, no Debian). */
async function debianPackages(): Promise<DebianMirrors | null> {
  const found = await execa("mmdebstrap", ["--version"], { reject: false, timeout: 10_000 });
  return found.exitCode === 0 && process.getuid?.() === 0 ? debianMirrors(await aptSources()) : null;
}

/** Apt's sources on this machine, both file formats, `mirror+file:` lists looked up. */
export async function aptSources(folder: string = "/etc/apt"): Promise<AptSource[]> {
  const parts = await readdir(join(folder, "sources.list.d")).catch(() => []);
  const paths = ["sources.list", ...parts.sort().map((name) => join("sources.list.d", name))];
  const sources = await Promise.all(
    paths.map(async (path) => {
      const text = await readFile(join(folder, path), "utf8").catch(() => "");
      return path.endsWith(".sources")
        ? parseSourcesStanzas(text)
        : path.endsWith(".list")
          ? parseSourcesList(text)
          : [];
    }),
  );
  return Promise.all(sources.flat().map(withMirror));
}

async function withMirror(source: AptSource): Promise<AptSource> {
  const list = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(source.uri)?.[1];
  const first = list && /^https?:\S+/m.exec(await readFile(list, "utf8").catch(() => ""))?.[0];
  return first ? { ...source, uri: first.replace(/\/+$/, "") } : source;
}

async function buildFromPackages(tag: string, mirrors: DebianMirrors): Promise<void> {
  const packages = await readPackages();
  const scratch = inFolder(tmpdir(), () => mkdtempSync(join(tmpdir(), "evenkeel-image-")));
  const archive = join(scratch, "root.tar");
  try {
    await mmdebstrap(archive, packages, mirrors);
    await docker(
      ["import", "--change", "ENV container=docker", "--change", 'CMD ["/sbin/init"]', archive, tag],
      {
        timeoutMs: buildMs,
      },
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function mmdebstrap(
  archive: string,
  packages: readonly string[],
  mirrors: DebianMirrors,
): Promise<void> {
  const sources = [
    `deb ${mirrors.main} ${release} main`,
    `deb ${mirrors.main} ${release}-updates main`,
    ...(mirrors.security ? [`deb ${mirrors.security} ${release}-security main`] : []),
  ];
  const result = await execa(
    "mmdebstrap",
    [
      "--quiet",
      "--variant=minbase",
      `--include=${packages.join(",")}`,
      // A mirror that stands still on purpose has a Release file past its date.
      '--aptopt=Acquire::Check-Valid-Until "false"',
      // The package lists stay: a fresh host installs without asking the mirror for them first.
      "--skip=cleanup/apt/lists,cleanup/apt/cache",
      // Before the packages, so that what they install keeps our configuration.
      '--extract-hook=tar --owner=0 --group=0 --mode=u=rwX,go=rX -C "$RECIPE/files" -cf - . | tar -C "$1" --no-overwrite-dir -xf -',
      '--customize-hook=cp "$RECIPE/setup.sh" "$1/setup.sh" && chroot "$1" bash /setup.sh && rm "$1/setup.sh"',
      release,
      archive,
      ...sources,
    ],
    { reject: false, timeout: buildMs, stdin: "ignore", env: { RECIPE: recipeFolder } },
  );
  if (result.exitCode !== 0) {
    throw new UserError({
      what: "the lab image can't be made from Debian's packages",
      why: result.timedOut
        ? "mmdebstrap took more than ten minutes"
        : result.stderr.split("\n").slice(-6).join("\n"),
      next: "mend what it names (sources in /etc/apt, disk), or docker pull debian:trixie-slim; then run the command again",
      code: "lab-image",
    });
  }
}

async function readPackages(): Promise<string[]> {
  const text = await readFile(join(recipeFolder, "packages.txt"), "utf8");
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}
