#!/usr/bin/env bash
# Packs a release build, installs the Debian packages into a minimal Debian root, uses them there, purges them and looks what is left;
# the same with the archive. Usage: clean_root.sh BUILD_FOLDER [--full]
# --full packs as for a release, and installs compilers in the root, where C and C++ consumers are built by pkg-config and CMake;
# without it the packages are compressed less, and a consumer in C is built outside, against the files of liblancekit-dev in the root.
# Exit status 77 where no such root can be made: this needs root, mmdebstrap and a mirror.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)

fail() {
  echo "clean_root: $*" >&2
  exit 1
}
skip() {
  echo "clean_root: skipped: $*"
  exit 77
}

# Its own mounts and processes: whatever happens, nothing of them stays.
if [ "${1:-}" != --inside ]; then
  [ "$(id -u)" -eq 0 ] || skip "not root"
  for program in mmdebstrap lintian dpkg-shlibdeps; do
    command -v $program > /dev/null || skip "no $program"
  done
  unshare -m -p -f true 2> /dev/null || skip "no namespaces"
  temp=$(mktemp -d)
  trap 'rm -rf "$temp"' EXIT
  # The mirror that this machine uses.
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 'Created-By: Packages' "Release: $release" | sed -n 's/ main$//p' | head -n 1)
  [ -n "$mirror" ] || skip "apt knows no mirror of $release"
  /usr/lib/apt/apt-helper download-file "${mirror%/}/dists/$release/InRelease" "$temp/InRelease" > "$temp/log" 2>&1 ||
    skip "$mirror does not answer"
  status=0
  unshare -m -p -f "$0" --inside "$temp" "$release" "${mirror%/}" "$@" || status=$?
  exit $status
fi
temp=$2 release=$3 mirror=$4 build=$(cd "$5" && pwd) full=${6:-}
began=$SECONDS
stage() {
  echo "clean_root: $* ($((SECONDS - began)) s)"
}
# quietly COMMAND...: what it says is shown when it fails.
quietly() {
  "$@" > "$temp/log" 2>&1 || { tail -n 40 "$temp/log" >&2; fail "$*"; }
}

packages=$temp/packages
archive=TGZ compression=gzip
[ -z "$full" ] || archive=TXZ compression=xz
(cd "$build" && quietly cpack -B "$packages" -G DEB -D CPACK_DEBIAN_COMPRESSION_TYPE=$compression && quietly cpack -B "$packages" -G $archive)
(cd "$packages" && quietly sha256sum -c SHA256SUMS && [ "$(wc -l < SHA256SUMS)" -eq 4 ]) || fail "SHA256SUMS"
debs=("$packages"/*.deb)
[ ${#debs[@]} -eq 3 ] || fail "not three packages: ${debs[*]}"
stage "packed: $(cd "$packages" && stat -c '%n %s' -- *.deb *.tar.*z | tr '\n' ' ')"

# Not in Debian's archive, so no request for it is closed; the rest is CPack's scripts and that no architecture is in the library folder.
quietly lintian --allow-root --fail-on error,warning \
  --suppress-tags initial-upload-closes-no-bugs,maintscript-calls-ldconfig,pkg-config-unavailable-for-cross-compilation "${debs[@]}"
stage "lintian: nothing"

root=$temp/root
mkdir "$root"
mount -t tmpfs tmpfs "$root"
quietly mmdebstrap --variant=minbase --mode=root --skip=cleanup/apt --skip=check/empty "$release" "$root" "deb $mirror $release main"
mount -t proc proc "$root/proc"
in_root() {
  chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"
}
for program in python3 c++ lance-convert; do
  ! in_root sh -c "command -v $program" || fail "the root has $program already"
done
stage "a minimal $release"

# All that is there, but for what apt and ldconfig keep.
files() {
  find "$root" -xdev -mindepth 1 -printf '%y %P %l\n' |
    grep -vE '^. (proc|dev|sys|tmp|srv|var/(cache|log|lib/(apt|dpkg)))(/| )|^f etc/ld\.so\.cache' | sort
}

# use_programs FOLDER: Parquet to Lance and back, with the programs in this folder of the root; the libraries belong to them.
use_programs() {
  local program bin
  bin=$(dirname "$(in_root realpath "$1/lance-convert")")
  # Fails where one of these is missing; a library that one of them lacks is only told of.
  quietly in_root ldd "$bin"/lance-{convert,inspect,index} "$bin"/../lib/liblancekit{,_index,_c}.so.0
  ! grep 'not found' "$temp/log" || fail "$bin: libraries are missing"
  rm -rf "$root/tmp/used"
  mkdir "$root/tmp/used"
  cp "$source/tests/data/flights-25k.parquet" "$root/tmp/used/in.parquet"
  for program in lance-convert lance-inspect lance-index; do
    quietly in_root "$1/$program" --version
  done
  quietly in_root "$1/lance-convert" /tmp/used/in.parquet /tmp/used/flights.lance
  quietly in_root "$1/lance-inspect" verify --full /tmp/used/flights.lance
  [ "$(in_root "$1/lance-inspect" count --where 'delay > 300' /tmp/used/flights.lance)" = "$count" ] || fail "another count than outside"
  quietly in_root "$1/lance-convert" /tmp/used/flights.lance /tmp/used/out.parquet
  quietly in_root "$1/lance-convert" /tmp/used/out.parquet /tmp/used/again.lance
  quietly in_root "$1/lance-inspect" diff /tmp/used/flights.lance /tmp/used/again.lance
}
"$build/tools/lance-convert/lance-convert" "$source/tests/data/flights-25k.parquet" "$temp/flights.lance" 2> "$temp/log"
count=$("$build/tools/lance-inspect/lance-inspect" count --where 'delay > 300' "$temp/flights.lance")
[ "$count" -gt 0 ] || fail "the filter selects nothing"

files > "$temp/before"
mkdir "$root/tmp/packages"
cp "${debs[@]}" "$root/tmp/packages"
quietly in_root sh -c 'apt-get install -qy --no-install-recommends /tmp/packages/*.deb'
names=$(cd "$packages" && printf '%s\n' *.deb | sed 's/_.*//')
for name in $names; do
  quietly in_root dpkg --verify "$name"
  [ ! -s "$temp/log" ] || { cat "$temp/log"; fail "dpkg --verify $name"; }
done
in_root ldconfig -p > "$temp/log"
for name in lancekit lancekit_index lancekit_c; do
  grep -q "lib$name.so.0 " "$temp/log" || fail "ldconfig does not know lib$name.so.0"
done
! grep -iE 'arrow|parquet' "$temp/log" || fail "Arrow's libraries are not private"
files > "$temp/with"
comm -13 "$temp/before" "$temp/with" > "$temp/added"
! grep -E 'python|pyarrow' "$temp/added" || fail "Python came along"
use_programs /usr/bin
stage "installed: $(wc -l < "$temp/added") files and folders; converted, verified, compared"

# consumer_runs PROGRAM ARGUMENT: in the root, with an empty /tmp/tables.
consumer_runs() {
  rm -rf "$root/tmp/tables"
  mkdir "$root/tmp/tables"
  quietly in_root "$@"
}
if [ -n "$full" ]; then
  quietly in_root apt-get install -qy --no-install-recommends g++ cmake make pkg-config
  cp -r "$source/tests/consumer" "$root/tmp/consumer"
  quietly in_root sh -c 'cd /tmp && cmake -S consumer -B by_cmake && cmake --build by_cmake'
  consumer_runs /tmp/by_cmake/consumer /tmp/tables/table.lance
  quietly in_root /tmp/by_cmake/searcher /tmp/tables/table.lance
  consumer_runs /tmp/by_cmake/c_consumer /tmp/tables
  quietly in_root sh -c 'cd /tmp && c++ -std=c++17 -Wall -Werror consumer/main.cc $(pkg-config --cflags --libs lancekit) -o by_pkg_config'
  consumer_runs /tmp/by_pkg_config /tmp/tables/table.lance
  quietly in_root sh -c 'cd /tmp && cc -std=c99 -Wall -Werror consumer/c_main.c $(pkg-config --cflags --libs lancekit_c) -o c_by_pkg_config'
  consumer_runs /tmp/c_by_pkg_config /tmp/tables
  quietly in_root sh -c 'apt-get purge -qy --autoremove g++ cmake make pkg-config'
  stage "consumers built in the root by CMake and pkg-config, C++ and C, ran"
else
  read -ra flags <<< "$(PKG_CONFIG_LIBDIR=$root/usr/lib/pkgconfig pkg-config --cflags --libs lancekit_c)"
  quietly cc -std=c99 -Wall -Werror "$source/tests/consumer/c_main.c" "${flags[@]}" -Wl,-rpath-link,"$root/usr/lib" -o "$root/tmp/c_consumer"
  consumer_runs /tmp/c_consumer /tmp/tables
  stage "a consumer in C built against liblancekit-dev ran in the root"
fi

quietly in_root apt-get purge -qy --autoremove $names
rm -rf "$root"/tmp/*
files > "$temp/after"
diff "$temp/before" "$temp/after" || fail "that is not as before the packages"
stage "purged: all as before"

# Now without the libraries that the packages had apt bring.
mkdir "$root/srv/first"
tar -C "$root/srv/first" -xf "$packages"/*.tar.*z
tree=$(cd "$root/srv/first" && echo lancekit-*)
use_programs "/srv/first/$tree/bin"
mv "$root/srv/first" "$root/srv/other place"
use_programs "/srv/other place/$tree/bin"
ln -s "/srv/other place/$tree/bin/lance-convert" "/srv/other place/$tree/bin/lance-inspect" "/srv/other place/$tree/bin/lance-index" "$root/tmp"
use_programs /tmp
rm -rf "$root/srv/other place" "$root"/tmp/*
files > "$temp/after"
diff "$temp/before" "$temp/after" || fail "the archive's programs left something"
stage "the archive, moved and linked to: converted, verified, compared"
