"""What a host's configuration says, in words that its counterpart in another region would use as well. A file of a role's
job below /etc is configuration, unless it is the place's own (a certificate, a key). Names and addresses of places are
replaced by what they are; the job brings the words."""

import hashlib
import re
import sys

from wanted import wanted_of_roles

NAME = re.compile(r"""\s*["']?([A-Za-z_][\w.-]*)["']?\s*[=:]""")


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def neutral(text, words):
    if not words:
        return text
    longest_first = sorted(words, key=len, reverse=True)
    pattern = r"(?<!\w)(?:%s)(?!\w)" % "|".join(re.escape(word) for word in longest_first)
    return re.sub(pattern, lambda found: "<%s>" % words[found[0]], text)


def files():
    """(path, wanted mode, content, words) of each file that is compared and there."""
    for wanted in wanted_of_roles():
        for path in wanted.get("compared", []):
            try:
                with open(path, encoding="utf-8", errors="surrogateescape") as file:
                    content = file.read().encode("utf-8", "replace").decode()
            except OSError:
                continue
            yield path, int(wanted["files"][path]["mode"], 8), content, wanted["words"]


def digests():
    """By path: of the content as it is, and of what it says in words that are no place's own."""
    return {path: [digest(content), digest(neutral(content, words))] for path, _, content, words in files()}


def shown(line, readable):
    """Of a file that not everybody may read no value is told, only what it is a value of."""
    if readable:
        return line.strip()
    name = NAME.match(line)
    return name[1] + " …" if name else "a line …"


def lines(paths):
    """By path, each line: as it may be shown, and its two digests."""
    found = {}
    for path, mode, content, words in files():
        if path in paths:
            each = [line for line in content.splitlines() if line.strip()]
            found[path] = [[shown(line, mode & 0o004), digest(line), digest(neutral(line, words))] for line in each]
    unknown = sorted(set(paths) - set(found))
    if unknown:
        sys.exit("%s is no configuration that is compared" % unknown[0])
    return found
