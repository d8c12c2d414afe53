/** Commands whose further words belong to another program: flags there are not ours to check. */
const passThrough = new Set(["pulumi"]);

/**
 * Puts `--` behind the name of a pass-through command, so that `evenkeel pulumi up -s primary --diff` hands its flags
 * on. Only `--site NAME` is ours, right before or right behind the command's name.
 */
export function separatePassThrough(argv: readonly string[]): string[] {
  const position = skipSite(argv, 0);
  const name = argv[position];
  if (name === undefined || !passThrough.has(name)) return [...argv];
  const end = skipSite(argv, position + 1);
  const rest = argv.slice(end);
  return [...argv.slice(0, end), "--", ...(rest[0] === "--" ? rest.slice(1) : rest)];
}

function skipSite(argv: readonly string[], from: number): number {
  let position = from;
  while (argv[position] === "--site" || argv[position]?.startsWith("--site=")) {
    position += argv[position] === "--site" ? 2 : 1;
  }
  return position;
}
