"""The verb status: what this web host is, as one document (automation/remote/web.ts reads it)."""

import os
import re

import gate
import host
import lease

CORE_STATE = "/var/lib/evenkeel/core.json"
POOL_STATE = "/var/lib/evenkeel/php-pool.json"
UPLOADS_MOUNT = "/mnt/wp_uploads"
# The client of each engine, and where its version stands in what it says.
CLIENTS = {
    "mariadb": (["mariadb", "--version"], r"(?:from|Distrib) ([0-9.]+)"),
    "postgresql": (["psql", "--version"], r"\) ([0-9.]+)"),
}


def status(deadline):
    config, core = host.read_json(host.CONFIG), host.read_json(CORE_STATE)
    return {
        "apiVersion": "evenkeel/v1",
        "site": config["site"],
        "region": config["region"],
        "gate": "closed" if gate.open_epoch() is None else "open",
        "epoch": gate.epoch_seen(),
        "lease": lease_document(),
        "keeper": lease.keeper_state(deadline),
        "cron": "active" if host.is_active(deadline, "evenkeel-cron.timer") else "inactive",
        "versions": {
            "nginx": version(deadline, ["nginx", "-v"], r"nginx/([0-9.]+)"),
            "php": version(deadline, ["php", "-v"], r"PHP ([0-9.]+)"),
            "wordpress": core.get("version"),
            "client": version(deadline, *CLIENTS[config["engine"]]),
        },
        "core": {key: core[key] for key in ("version", "source", "treeHash")} if core else None,
        "php": host.read_json(POOL_STATE) or None,
        "stopped": [unit for unit in units() if not host.is_active(deadline, unit)],
        "uploads": {"device": config.get("uploadsDevice"), "mounted": os.path.ismount(UPLOADS_MOUNT)},
    }


def units():
    """What has to run here."""
    return ["nginx.service", *host.php_units(), *([lease.UNIT] if lease.rules() else [])]


def lease_document():
    held = lease.held() if lease.rules() else None
    return None if held is None else {"epoch": held.epoch, "leftSeconds": held.left_seconds}


def version(deadline, command, pattern):
    try:
        done = host.run(deadline, command, check=False)
    except host.Failed:
        return None
    found = re.search(pattern, done.stdout + done.stderr)
    return found.group(1) if found else None
