"""The verb install: the ledger's tables and WordPress in the active region's database, where they are missing."""

import json

import heartbeat
import host


def install(deadline):
    config = host.read_json(host.CONFIG)
    beat, problem = heartbeat.ask(deadline)
    if problem is not None:
        raise host.Failed(problem)
    reason, _ = heartbeat.judge(beat, None, config["region"])
    if reason is not None:
        return {"installed": False, "reason": reason}
    with host.lock(deadline):
        answer = install_by(deadline, "ledger", "install-ledger.php", None)
        if config["wordpress"]:
            job = {key: config[key] for key in ("title", "adminUser", "adminPassword", "adminEmail")}
            job["url"] = config["urls"][0]
            answer = install_wordpress(deadline, config, job)
    return answer


def install_wordpress(deadline, config, job):
    """On PostgreSQL it is an experiment: where that fails, the answer says so, and what serves without it goes on."""
    try:
        return install_by(deadline, "WordPress", "install.php", json.dumps(job))
    except host.Failed as problem:
        if config["engine"] != "postgresql":
            raise
        return {"installed": False, "reason": str(problem), "failed": True}


def install_by(deadline, what, program, text):
    done = host.run(deadline, host.AS_PHP + ["php", host.LIBRARY + "/" + program], check=False, text=text)
    if done.returncode == 12:
        raise host.Refused(host.last_line(done.stderr))
    try:
        return json.loads(done.stdout.strip().split("\n")[-1])
    except ValueError:
        raise host.Failed("the %s could not be installed: %s" % (what, fatal_line(done.stderr) or "no reason given"))


def fatal_line(text):
    """PHP's reason stands above its stack trace, which may name what nobody is to read."""
    fatal = [line for line in text.split("\n") if "Fatal error: " in line]
    return fatal[0].split("Fatal error: ")[1][:500] if fatal else host.last_line(text)
