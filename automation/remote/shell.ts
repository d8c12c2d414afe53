/**
 * Reserved words and words with a meaning of their own at the start of a POSIX shell command. Quoted, they are
 * looked up as programs like any other word.
 */
const reservedWords = new Set(
  "case do done elif else esac fi for function if in select then time until while coproc".split(" "),
);

/** Characters that no POSIX shell (nor bash, dash, zsh) gives a meaning to, anywhere in a word. */
const plainWord = /^[A-Za-z0-9_@%+:,./-]+$/;

function quoteWord(word: string, position: number): string {
  if (word.includes("\0")) {
    throw new Error("a command word holds a NUL byte, which no shell can pass on");
  }
  if (plainWord.test(word) && !(position === 0 && reservedWords.has(word))) {
    return word;
  }
  // Inside single quotes nothing is special but the quote itself.
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * One shell command line that runs exactly this program with exactly these arguments, whatever they hold.
 * The only quoting function of the project: remote commands are values until this point.
 * Throws when there is no word at all or when a word holds a NUL byte.
 */
export function quote(argv: readonly string[]): string {
  if (argv.length === 0) {
    throw new Error("an empty command cannot be quoted");
  }
  return argv.map(quoteWord).join(" ");
}
