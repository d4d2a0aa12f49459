#!/bin/sh
# fresh-root.sh [--keep] [TARGET]: proves that the project stands on a fresh Debian 12. Makes a minimal one below TMPDIR
# with debootstrap, puts this commit into it, installs make and git as the README says, and runs `make TARGET` there
# (default: test) as CI would. Needs root and debootstrap, about 3 GB and half an hour; run by hand, not by `make test`.
#
# TARGET may also be `demo`: that builds, opens the dashboard in a terminal made by script(1), and types q.
set -eu

keep=
[ "${1-}" != --keep ] || { keep=1; shift; }
target=${1-test}
top=$(cd "$(dirname "$0")/.." && pwd)
[ "$(id -u)" -eq 0 ] || { echo "fresh-root: needs root" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "fresh-root: needs debootstrap" >&2; exit 1; }

root=$(mktemp -d "${TMPDIR:-/tmp}/gatewatch-root.XXXXXX")
chmod 755 "$root"

cleanup() {
    for mount in dev/pts dev/shm proc; do
        if mountpoint -q "$root/$mount"; then umount "$root/$mount"; fi
    done
    if [ -n "$keep" ]; then
        echo "fresh-root: kept in $root"
    else
        rm -rf --one-file-system "$root"
    fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM

mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -n 1)
debootstrap --variant=minbase bookworm "$root" ${mirror:+"$mirror"}

# What a chroot lacks of a machine: processes, terminals, the way to the network.
mount -t proc proc "$root/proc"
mkdir -p "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
ln -sf pts/ptmx "$root/dev/ptmx"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/apt.conf.d/*proxy*; do
    [ ! -f "$file" ] || cp "$file" "$root$file"
done
mkdir -p "$root/usr/local/share/ca-certificates"
cp /usr/local/share/ca-certificates/* "$root/usr/local/share/ca-certificates/" 2>/dev/null || true

in_root() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=xterm-256color LANG=C.UTF-8 \
        ${https_proxy:+https_proxy="$https_proxy"} ${http_proxy:+http_proxy="$http_proxy"} \
        chroot "$root" /bin/sh -c "$1"
}

in_root 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends make git' </dev/null
git clone -q "$top" "$root/root/gatewatch"

echo "fresh-root: make without the packages must say what to install"
if in_root 'cd /root/gatewatch && make' </dev/null >"$root/root/make.log" 2>&1; then
    echo "fresh-root: make did not fail" >&2
    exit 1
fi
cat "$root/root/make.log"
grep -q 'libncurses-dev' "$root/root/make.log" && grep -q 'make deps' "$root/root/make.log"

case $target in
demo)
    in_root 'apt-get -q install -y --no-install-recommends bsdutils' </dev/null
    in_root 'cd /root/gatewatch && (sleep 240; printf q) | script -qec "stty rows 24 cols 80; make demo" /root/demo.typescript'
    tail -c 3000 "$root/root/demo.typescript"
    ;;
*)
    in_root "cd /root/gatewatch && CI=true make $target" </dev/null
    ;;
esac
