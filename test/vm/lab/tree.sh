#!/bin/sh
# Turns a Debian root file system into a tree that OSTree can deploy. $1: the root, $2: an empty directory to work in.
set -eu
root=$1 work=$2 lab=$(dirname "$0")
cd "$root"
kernel=$(basename lib/modules/*)
modules=usr/lib/modules/$kernel

# What a machine of the lab never needs. Every file costs time: here, in the image, and in each machine's disk.
rm -rf var/lib/apt var/cache/* usr/share/doc usr/share/man usr/share/info usr/share/locale usr/share/i18n usr/lib/grub
keep='virtio|vfat|autofs|net_failover|failover|overlay|fuse|loop|dm-mod|softdog|i6300esb|watchdog|veth|bridge|dummy|efivarfs|fat|nls|crc|lib'
find "$modules/kernel" -name '*.ko*' | grep -Ev "/($keep)[^/]*\.ko" | xargs rm -f
find "$modules/kernel" -name '*.ko.xz' | xargs xz -d
depmod --basedir "$root" "$kernel"

# The kernel's initial file system: busybox and what finds the deployment.
mkdir -p "$work/bin" "$work/dev" "$work/proc" "$work/sys" "$work/run" "$work/sysroot" "$work/modules"
cp usr/bin/busybox "$work/bin/"
for applet in sh mount insmod sleep cat grep switch_root; do ln -s busybox "$work/bin/$applet"; done
cp "$lab/init" "$work/init"
prepare=usr/lib/ostree/ostree-prepare-root
for file in $prepare $(chroot . ldd /$prepare | grep -o '/[^ ]*'); do
  mkdir -p "$work/$(dirname "$file")"
  cp -L "$file" "$work/$file"
done
for module in virtio_pci virtio_blk; do modprobe --dirname "$root" --set-version "$kernel" --show-depends $module; done |
  sed -n 's/^insmod //p' | awk '!seen[$1]++ { print $1 }' | while read -r file; do
    cp "$file" "$work/modules/"
    basename "$file" >>"$work/modules/order"
  done
mkdir "$work/modules/watchdog"
for name in watchdog i6300esb; do
  cp "$modules/kernel/drivers/watchdog/$name.ko" "$work/modules/watchdog/"
done
(cd "$work" && find . | LC_ALL=C sort | cpio --quiet --create --format=newc --owner=0:0 | gzip -1n) >"$modules/initramfs.img"
cp --remove-destination "boot/vmlinuz-$kernel" "$modules/vmlinuz"
# relocatable_kernel of the boot protocol is 0: GRUB puts the kernel where it runs, instead of moving 58 MB there byte by
# byte, which takes seconds on an emulated processor.
printf '\0' | dd of="$modules/vmlinuz" bs=1 seek=$((0x234)) conv=notrunc status=none

# Writable things live in /var, and the top level holds links to them.
rm -rf boot/* home root opt srv mnt media usr/local var tmp run dev proc sys
mkdir -p sysroot var tmp run dev proc sys
chmod 1777 tmp
ln -s sysroot/ostree ostree
ln -s ../var/usrlocal usr/local
ln -s var/roothome root
for name in home opt srv mnt; do ln -s var/$name $name; done
ln -s run/media media

# Units and generators that have nothing to do in here, or wait for what is not there.
mask() { for name; do ln -sf /dev/null "$name"; done; }
cd etc/systemd/system
mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
  systemd-tmpfiles-clean.timer getty.target serial-getty@ttyS0.service systemd-logind.service systemd-user-sessions.service \
  systemd-hwdb-update.service systemd-update-done.service ldconfig.service systemd-firstboot.service run-lock.mount \
  dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
  sys-fs-fuse-connections.mount modprobe@.service systemd-binfmt.service proc-sys-fs-binfmt_misc.automount \
  systemd-timesyncd.service systemd-networkd.service systemd-resolved.service systemd-network-generator.service \
  systemd-pcrextend.socket systemd-pcrlock.socket systemd-creds.socket systemd-hostnamed.socket systemd-sysext.socket \
  systemd-initctl.socket systemd-rfkill.socket systemd-random-seed.service systemd-boot-random-seed.service \
  systemd-tpm2-setup.service systemd-tpm2-setup-early.service systemd-vconsole-setup.service kmod-static-nodes.service \
  systemd-modules-load.service systemd-udev-load-credentials.service systemd-ask-password-console.path \
  systemd-ask-password-wall.path grub-common.service grub-initrd-fallback.service podman-auto-update.timer \
  podman.socket netavark-dhcp-proxy.socket netavark-dhcp-proxy.service systemd-journal-catalog-update.service \
  systemd-sysctl.service systemd-sysusers.service systemd-tmpfiles-setup-dev-early.service \
  systemd-tmpfiles-setup-dev.service
cd "$root"
mkdir -p etc/systemd/system-generators
for generator in cryptsetup gpt-auto hibernate-resume integritysetup rc-local run ssh system-update sysv tpm2 veritysetup \
  import factory-reset getty debug; do mask etc/systemd/system-generators/systemd-$generator-generator; done
mask etc/systemd/system-generators/podman-system-generator
# Devices: disks and ports are all there is.
find usr/lib/udev/rules.d usr/lib/udev/hwdb.d -type f |
  grep -Ev '/(50-udev-default|60-block|60-persistent-storage|60-serial|75-net-description|80-drivers|99-systemd)\.rules$' |
  xargs rm -f
ln -sf /usr/lib/systemd/system/multi-user.target etc/systemd/system/default.target

# Files that a person would write at install time.
put() { rm -f "$1" && mkdir -p "$(dirname "$1")" && cat >"$1"; }
echo '/dev/vdb /boot ext4 rw,nosuid,nodev 0 2' | put etc/fstab
echo lab | put etc/hostname
echo 6c61626c61626c61626c61626c61626c | put etc/machine-id
printf '[Manager]\nDefaultTimeoutStopSec=10s\n' | put etc/systemd/system.conf.d/lab.conf
printf '[Journal]\nStorage=persistent\nSystemMaxUse=32M\n' | put etc/systemd/journald.conf.d/lab.conf
printf 'd /var/%s 0755 root root -\n' roothome home opt srv mnt usrlocal lib log log/journal | put usr/lib/tmpfiles.d/lab.conf
cp -a "$lab/tree/." .
mv etc usr/etc
