#!/usr/bin/env bash
# Runs once inside the new root file system, after the packages and the files of this recipe are in place.
# Both ways of making the image (a Docker base image, mmdebstrap) end here, so hosts are the same either way.
set -euo pipefail

useradd --create-home --uid 1000 --user-group --shell /bin/bash --password '*' evenkeel
install -d -o evenkeel -g evenkeel -m 0700 /home/evenkeel/.ssh

# A checkout made under umask 077 must not lock services out of their own configuration.
chmod 0755 /etc/evenkeel-lab /usr/local/lib/evenkeel-lab /usr/local/lib/evenkeel-lab/*
chmod 0644 /etc/evenkeel-lab/* /etc/systemd/system/evenkeel-lab-*.service /etc/ssh/sshd_config.d/*.conf
chmod 0440 /etc/sudoers.d/evenkeel

# Each host gets its own host key and machine id before its first start; two hosts must never share one.
rm -f /etc/ssh/ssh_host_*
: >/etc/machine-id
rm -f /var/lib/dbus/machine-id

# The package's own unit flushes every table when it starts, Docker's resolver rules and the guard among them.
systemctl mask nftables.service
# Hosts of a lab don't update themselves in the middle of a measurement.
systemctl mask apt-daily.timer apt-daily-upgrade.timer
systemctl enable ssh.service apt-cacher-ng.service
systemctl enable evenkeel-lab-guard.service evenkeel-lab-net.service evenkeel-lab-resolver.service evenkeel-lab-volume.service

apt-cache gencaches
rm -rf /var/cache/apt/pkgcache.bin /var/cache/apt/archives/*.deb
