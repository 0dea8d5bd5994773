#!/bin/sh
# The last step of the root filesystem, run outside of it: customize.sh ROOT.
set -eu
root=$1

# The user of an image that is started without one; sites map their own over it.
echo 'hpcpy:x:1000:1000:hpcpy:/home/hpcpy:/bin/bash' >>"$root/etc/passwd"
echo 'hpcpy:x:1000:' >>"$root/etc/group"
mkdir "$root/home/hpcpy"
chown 1000:1000 "$root/home/hpcpy"

# files EXPRESSION…: find, for the regular files of the packages.
# Not below /dev, where an ordinary user has the host's devices.
files() {
    find "$root" -xdev -path "$root/dev" -prune -o -type f "$@"
}

# Every program that asks for C.UTF-8 opens one file instead of a dozen.
chroot "$root" localedef --add-to-archive /usr/lib/locale/C.utf8

# Nobody becomes root in an image: no file is setuid or setgid, and there is no
# password file, which Shifter could not read anyway.
files -perm /6000 -exec chmod u-s,g-s {} +
rm -f "$root/etc/shadow" "$root/etc/gshadow" "$root/etc/security/opasswd" "$root"/etc/*-

# Shifter packs the image as root and gives it to users.
files ! -perm -004 -exec chmod a+r {} +

# Bytecode, logs and caches: none is read, each differs from build to build.
# sources.list names a folder of the build.
# Not /tmp: mmdebstrap's configuration of apt is there.  Without it, the
# `apt-get update` of its clean-up would empty the host's own package lists.
find "$root" -xdev -type d -name __pycache__ -prune -exec rm -rf {} +
rm -rf "$root"/var/cache/* "$root"/var/log/* "$root"/var/lib/apt "$root"/etc/apt/sources.list \
    "$root"/usr/share/doc/*/changelog* "$root"/usr/lib/*/perl-base/pod

# mmdebstrap copies these from the machine that builds.  Empty: engines mount over them.
for file in hostname resolv.conf; do
    rm -f "$root/etc/$file"
    : >"$root/etc/$file"
    chmod 644 "$root/etc/$file"
done

# What engines mount over: Apptainer cannot make it in a read-only image.
mkdir -p "$root/opt/udiImage" "$root/etc/ld.so.conf.d"
