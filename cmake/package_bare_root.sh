#!/bin/sh
# Installs the package in FOLDER into a bare Debian that holds the essential packages and nothing
# else, with apt and without recommended packages, runs it there and removes it: its dependencies
# are right if it runs, each is needed, and nothing is left. The root is made of the packages of
# the host's own apt sources. Exits with 77 (skipped, told) where no root can be made.
#
# mmdebstrap calls this script again for its steps: STEP ROOT SCRATCH.
set -eu

# Every file and folder, apart from the package manager's memory and what is no file of a package.
list_files() {
    (cd "$1" && find . -path ./proc -prune -o -path ./sys -prune -o -path ./dev -prune -o \
        -path ./tmp -prune -o -path ./run -prune -o -path ./var/lib/dpkg -prune -o \
        -path ./var/lib/apt -prune -o -path ./var/cache -prune -o -path ./var/log -prune -o \
        -path ./etc/ld.so.cache -prune -o -print) | sort
}

fail() {
    rm -f "$scratch/done"
    echo "FAILED: $1"
    exit 1
}

in_root() {
    chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"
}

# Before anything but the essential packages is there.
step_essential() {
    list_files "$root" >"$scratch/essential"
    in_root dpkg-query -W -f '${Package}\n' | sort >"$scratch/essential-packages"
}

# With gapcheck installed.
step_installed() {
    in_root dpkg-query -W -f '${Package}\n' | sort >"$scratch/packages"
    echo "brought: $(comm -13 "$scratch/essential-packages" "$scratch/packages" | tr '\n' ' ')"

    # What is linked is there, and each package of Depends holds something that is linked.
    in_root ldd /usr/bin/gapcheck >"$scratch/linked"
    if grep 'not found' "$scratch/linked"; then fail "a library is missing"; fi
    depends=$(in_root dpkg-query -W -f '${Depends}' gapcheck | tr ',' '\n' | awk '{ print $1 }')
    [ -n "$depends" ] || fail "it depends on nothing"
    for package in $depends; do
        in_root dpkg -L "$package" | sed 's,^/usr,,' >"$scratch/files"
        awk '$2 == "=>" { print $3 }' "$scratch/linked" | sed 's,^/usr,,' |
            grep -qxFf "$scratch/files" || fail "nothing of $package is linked"
    done

    # It runs: from anywhere, with the scenarios it came with, as somebody who owns nothing here.
    in_root gapcheck --version | tee "$scratch/version"
    grep -qE '^commit [0-9a-f]{12}' "$scratch/version" || echo "(built without git)"
    in_root chroot --userspec=65534:65534 / /bin/sh -c \
        'cd /tmp && gapcheck list | wc -l && gapcheck run --jobs 4 --tag overflow --out /tmp/out' \
        >"$scratch/run" 2>&1 || { cat "$scratch/run"; fail "gapcheck run"; }
    tail -n 3 "$scratch/run"
    [ "$(head -n 1 "$scratch/run")" -gt 300 ] || fail "it did not find its scenarios"
    grep -q ' pass in ' "$scratch/run" || fail "nothing was played"
    rm -rf "$root/tmp/out"

    # It goes, and whatever is new in the root belongs to a package that is still there.
    in_root dpkg --purge gapcheck
    list_files "$root" >"$scratch/purged"
    comm -13 "$scratch/essential" "$scratch/purged" | sed 's,^\.,,' >"$scratch/new"
    cat "$root"/var/lib/dpkg/info/*.list | sort -u >"$scratch/owned"
    sort -u "$scratch/new" | comm -23 - "$scratch/owned" >"$scratch/left"
    if [ -s "$scratch/left" ]; then
        head "$scratch/left"
        fail "it leaves $(wc -l <"$scratch/left") files"
    fi
    # The mount point of the package itself was there before.
    if grep -q gapcheck "$scratch/new"; then fail "something of gapcheck is left"; fi
    echo "removed: nothing is left"
    touch "$scratch/done"
}

case $1 in
essential | installed)
    root=$2
    scratch=$3
    "step_$1"
    exit
    ;;
esac

skip() {
    echo "SKIPPED: the package was not tried in a bare root: $1"
    exit 77
}

package=$(ls "$1"/package/gapcheck_*.deb)
self=$(readlink -f "$0")
codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
command -v mmdebstrap >/dev/null || skip "mmdebstrap is not installed"
[ "$(id -u)" = 0 ] || skip "it takes root"
[ -n "$codename" ] || skip "this is no release of Debian"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
set --
for sources in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; do
    [ ! -s "$sources" ] || set -- "$@" "$sources"
done

status=0
mmdebstrap --variant=essential --format=null --include="$package" \
    --hook-dir=/usr/share/mmdebstrap/hooks/file-mirror-automount \
    --essential-hook="'$self' essential \"\$1\" '$scratch'" \
    --customize-hook="'$self' installed \"\$1\" '$scratch'" \
    "$codename" - "$@" >"$scratch/log" 2>&1 || status=$?
cat "$scratch/log"
[ -e "$scratch/essential" ] || skip "mmdebstrap could not make a root (its words are above)"
[ "$status" = 0 ] && [ -e "$scratch/done" ] || fail "see above"
