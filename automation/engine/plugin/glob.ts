/**
 * A path pattern as the published plugin reads it: `*` and `?` stop at a slash, `**` doesn't; `[abc]`, `[a-z]`,
 * `[!…]`, `{one,other}` with patterns in it, and a backslash before what shall mean itself. The whole path has to match.
 * Throws, naming the pattern, when a bracket is not closed.
 */
export function globMatcher(pattern: string): (path: string) => boolean {
  const characters = [...pattern];
  let at = 0;
  const unfinished = () => new Error(`the pattern ${JSON.stringify(pattern)} ends too early`);

  function next(): string {
    const character = characters[at];
    if (character === undefined) throw unfinished();
    at += 1;
    return character;
  }

  /** Everything up to what ends this alternative; `depth` counts the open braces. */
  function sequence(depth: number): string {
    let source = "";
    while (at < characters.length) {
      const character = characters[at] ?? "";
      if (depth > 0 && (character === "," || character === "}")) break;
      at += 1;
      source += term(character, depth);
    }
    return source;
  }

  function term(character: string, depth: number): string {
    switch (character) {
      case "*":
        if (characters[at] !== "*") return "[^/]*";
        at += 1;
        return ".*";
      case "?":
        return "[^/]";
      case "[":
        return characterClass();
      case "{":
        return alternatives(depth + 1);
      case "\\":
        return literal(next());
      default:
        return literal(character);
    }
  }

  function characterClass(): string {
    const not = characters[at] === "!";
    if (not) at += 1;
    const low = next();
    if (characters[at] === "-") {
      at += 1;
      const high = next();
      if (next() !== "]") throw unfinished();
      return `[${not ? "^" : ""}${literal(low)}-${literal(high)}]`;
    }
    let members = "";
    for (let each = low; each !== "]"; each = next()) members += literal(each === "\\" ? next() : each);
    return `[${not ? "^" : ""}${members}]`;
  }

  function alternatives(depth: number): string {
    const found = [sequence(depth)];
    for (let end = next(); end !== "}"; end = next()) found.push(sequence(depth));
    return `(?:${found.join("|")})`;
  }

  const whole = new RegExp(`^${sequence(0)}$`, "su");
  return (path) => whole.test(path);
}

/** A character that means itself, in a class and outside of one. */
function literal(character: string): string {
  return /[\^$\\.*+?()[\]{}|/-]/.test(character) ? `\\${character}` : character;
}

/**
 * True for the paths that a list of patterns chooses. Later patterns win: one that begins with `!` takes away what
 * those before it chose.
 */
export function chooser(patterns: readonly string[]): (path: string) => boolean {
  const rules = patterns.map((pattern) => {
    const takesAway = pattern.startsWith("!");
    return { chooses: !takesAway, matches: globMatcher(takesAway ? pattern.slice(1) : pattern) };
  });
  return (path) => rules.reduce((chosen, rule) => (rule.matches(path) ? rule.chooses : chosen), false);
}
