import { buildSync } from "esbuild";

/** A program for a host in one file, for the Node that is pinned there. It is read, not imported: no host's code runs in here. */
export function bundled(program: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [program],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    target: "node24",
    legalComments: "none",
    logLevel: "error",
  });
  return outputFiles[0]?.text as string;
}
