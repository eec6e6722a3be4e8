# For packagers: make, make install DESTDIR=/somewhere. ARCH: what it is for, when that is not this machine.
DESTDIR =
PREFIX = /usr
HOST := $(shell uname -m)
ARCH = $(HOST)

out/%/goodboot:
	node tools/ensure.mjs --release
	node_modules/.bin/node tools/sea.mjs --arch $*

all: out/$(HOST)/goodboot out/$(ARCH)/goodboot

# This machine's executable lays out the one of the other.
install: all
	out/$(HOST)/goodboot --root "$(DESTDIR)/" install --prefix "$(PREFIX)" --from out/$(ARCH)

.PHONY: all install
.DEFAULT_GOAL := all
