# What is installed where, the Debian packages and what is tested of them.
#   make install                 into PREFIX=/usr/local, below DESTDIR; the GNU variables of folders
#                                (bindir, sysconfdir, mandir, ...) are taken from make's command line
#   make deb                     build/deb/*.deb, of the files that git knows, as they are now
#   make sbom                    build/sbom/*.cdx.json, CycloneDX, of the packages and of the images
#   make test-deb                builds them twice, elsewhere and later: the same bytes? Clean for
#                                lintian? The units hardened? Then installs them in a Debian of its own

PREFIX ?= /usr/local
prefix = $(PREFIX)
exec_prefix = $(prefix)
bindir = $(exec_prefix)/bin
datarootdir = $(prefix)/share
datadir = $(datarootdir)
docdir = $(datarootdir)/doc/ordering-lab
mandir = $(datarootdir)/man
sysconfdir = $(if $(filter /usr,$(prefix)),/etc,$(prefix)/etc)
# Where systemd looks, whatever is installed: it has no folder of the machine's own programs.
unitdir = $(if $(filter /usr,$(prefix)),/lib/systemd/system,$(prefix)/lib/systemd/system)
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
INSTALL = install
INSTALL_PROGRAM = $(INSTALL) -D
INSTALL_DATA = $(INSTALL) -D -m 644

VERSION := $(shell sed -n 's/^\#define PROJECT_VERSION "\(.*\)"/\1/p' common/base/version.h)

# Programs, as what they are installed, and in which section of the manual. Those whose names say
# little beside all else on a machine get the project's.
INSTALLED := order-service=order-service=8 delivery-service=delivery-service=8 \
	verify-history=verify-history=1 dead-letters=dead-letters=1 topics=ordering-lab-topics=1 \
	page=ordering-lab-page=8
word_of = $(word $(1),$(subst =, ,$(2)))

# What is made for the folders that were asked for, so it is made again for each installation.
STAGE := $(BUILD)/packaging

# The date of the manual's pages.
MAN_DATE = $(shell LC_ALL=C date -u -d "@$${SOURCE_DATE_EPOCH:-$$(date +%s)}" '+%B %-d, %Y')

SUBSTITUTE = sed -e '/@HARDENING@/{r packaging/systemd/hardening.conf' -e 'd}' -e 's:@bindir@:$(bindir):g' \
	-e 's:@sysconfdir@:$(sysconfdir):g' -e 's:@DATE@:$(MAN_DATE):'

.PHONY: install stage deb sbom test-deb
## operate: install      programs, manual, units; PREFIX=/usr/local DESTDIR=
install: stage
	$(foreach p,$(INSTALLED),$(INSTALL_PROGRAM) $(BUILD)/$(call word_of,1,$p) \
		$(DESTDIR)$(bindir)/$(call word_of,2,$p) &&) true
	$(foreach p,$(wildcard $(STAGE)/man/*),$(INSTALL_DATA) $p $(DESTDIR)$(mandir)/man$(patsubst .%,%,$(suffix \
		$p))/$(notdir $p) &&) true
	for unit in $(STAGE)/*.service; do $(INSTALL_DATA) -t $(DESTDIR)$(unitdir) $$unit; done
	for file in $(STAGE)/*.sysusers; do \
		$(INSTALL_DATA) $$file $(DESTDIR)$(sysusersdir)/$$(basename $$file .sysusers).conf; done
	for file in $(STAGE)/*.tmpfiles; do \
		$(INSTALL_DATA) $$file $(DESTDIR)$(tmpfilesdir)/$$(basename $$file .tmpfiles).conf; done
	for service in order-service delivery-service; do \
		$(INSTALL_DATA) $(STAGE)/$$service.default $(DESTDIR)$(sysconfdir)/default/$$service; done
	$(INSTALL_PROGRAM) sql/migrate.sh $(DESTDIR)$(datadir)/ordering-lab/migrate.sh
	$(INSTALL_DATA) -t $(DESTDIR)$(datadir)/ordering-lab/migrations sql/migrations/*.sql
	$(INSTALL_DATA) kafka/acls.txt $(DESTDIR)$(datadir)/ordering-lab/kafka-acls
	ln -sfr $(DESTDIR)$(datadir)/ordering-lab/migrate.sh $(DESTDIR)$(bindir)/ordering-lab-migrate
	$(INSTALL_DATA) -t $(DESTDIR)$(docdir) README.md CHANGELOG.md docs/*.md

## develop: stage        what install copies, into build/packaging/
stage: all
	@rm -rf $(STAGE)
	@mkdir -p $(STAGE)/man
	@$(foreach p,$(INSTALLED),$(BUILD)/$(call word_of,1,$p) --help | awk -v as=man -v name=$(call word_of,2,$p) \
		-v section=$(call word_of,3,$p) -v date='$(MAN_DATE)' -v more=packaging/man/$(call word_of,2,$p).mdoc \
		-f packaging/help.awk | $(SUBSTITUTE) >$(STAGE)/man/$(call word_of,2,$p).$(call word_of,3,$p) &&) true
	@$(SUBSTITUTE) packaging/man/ordering-lab-migrate.8.in >$(STAGE)/man/ordering-lab-migrate.8
	@for service in order-service delivery-service; do (echo "# Settings of $$service, see $$service(8)."; \
		$(BUILD)/$$service --help | awk -v as=settings -f packaging/help.awk) >$(STAGE)/$$service.default || exit 1; done
	@for file in packaging/systemd/*.in; do \
		$(SUBSTITUTE) $$file >$(STAGE)/$$(basename $$file .in) || exit 1; done
	@cp packaging/systemd/*.sysusers $(STAGE)

# deb_in FOLDER[,COMMAND]: builds the packages from FOLDER/source.
deb_in = cd '$(1)/source' && env DEB_BUILD_OPTIONS="parallel=2 $$DEB_BUILD_OPTIONS" \
	$(2) dpkg-buildpackage -us -uc --no-check-builddeps >../build.log 2>&1 || { tail -n 30 ../build.log; exit 1; }

## operate: deb          Debian packages, into build/deb/
deb:
	@stack/packages.sh install build deb
	@rm -rf '$(BUILD)/deb' && mkdir -p '$(BUILD)/deb/source'
	@git ls-files -z | xargs -0 cp -a --parents -t '$(BUILD)/deb/source'
	@$(call deb_in,$(BUILD)/deb)
	@ls $(BUILD)/deb/*.deb

SBOM := $(BUILD)/sbom
SBOM_PROGRAMS_order-service := order-service
SBOM_PROGRAMS_delivery-service := delivery-service
SBOM_PROGRAMS_page := page
SBOM_PROGRAMS_tools := verify-history dead-letters topics
SBOM_PROGRAMS_ordering-lab-tools := verify-history dead-letters topics page
# The images of the Dockerfile, and the packages of debian/control. The image of the migrations is
# PostgreSQL's own with our SQL in it.
SBOM_FILES := $(patsubst %,$(SBOM)/image/%.cdx.json,order-service delivery-service page tools) \
	$(patsubst %,$(SBOM)/package/%.cdx.json,order-service delivery-service ordering-lab-tools) \
	$(SBOM)/pins/ordering-lab.cdx.json
SBOM_TIME = $(shell date -u -d "@$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)}" +%Y-%m-%dT%H:%M:%SZ)
sbom_of = jq -R -s -f packaging/sbom.jq --arg name $(basename $(basename $(@F))) --arg version $(VERSION) \
	--arg time $(SBOM_TIME) --arg kind $(notdir $(@D))

## operate: sbom         what packages and images are made of, CycloneDX
sbom: all
	@rm -rf $(SBOM)
	@mkdir -p $(SBOM)/records
	@$(MAKE) --no-print-directory --silent $(SBOM_FILES)
	@ls $(SBOM_FILES)

# Kept, for who wants to look.
.PRECIOUS: $(SBOM)/records/%

# Debian's records of the libraries that the programs load.
$(SBOM)/records/%:
	@deploy/docker/collect.sh $@.root $(addprefix $(BUILD)/,$(SBOM_PROGRAMS_$*))
	@awk 1 RS= ORS='\n\n' $@.root/var/lib/dpkg/status.d/* >$@
	@rm -r $@.root

$(SBOM)/image/%.cdx.json: $(SBOM)/records/%
	@mkdir -p $(@D)
	@$(sbom_of) $< >$@

$(SBOM)/package/%.cdx.json: $(SBOM)/records/%
	@mkdir -p $(@D)
	@$(sbom_of) $< >$@

$(SBOM)/pins/ordering-lab.cdx.json:
	@mkdir -p $(@D)
	@$(sbom_of) $(shell git ls-files '*pom.xml' '*requirements.txt') >$@

# Where the second build is made, of the first one's source package: another path.
DEB_ELSEWHERE := /var/tmp/ordering-lab-built-again
DEB_SOURCES := $(firstword $(wildcard /etc/apt/sources.list.d/debian.sources) /etc/apt/sources.list)
DEB_INTO := order-service delivery-service ordering-lab-tools
DEB_BINARIES := order-service delivery-service verify-history dead-letters ordering-lab-topics ordering-lab-page

## develop: test-deb     packages: same bytes twice, lintian, units, install
test-deb:
	@stack/packages.sh install build deb
	@$(MAKE) --no-print-directory --silent all sbom $(PYTHON_VENV)deb/made >/dev/null
	@$(PYTHON_VENV)deb/bin/python tests/deb/sbom.py $(SBOM_FILES)
	@echo "== $(words $(SBOM_FILES)) SBOMs are valid"
	@$(MAKE) --no-print-directory --silent deb
	@rm -rf '$(DEB_ELSEWHERE)' && mkdir -p '$(DEB_ELSEWHERE)'
	@dpkg-source -x $(BUILD)/deb/*.dsc '$(DEB_ELSEWHERE)/source' >/dev/null
	@$(call deb_in,$(DEB_ELSEWHERE),DEB_BUILD_OPTIONS='parallel=2 nocheck' TZ=Asia/Seoul \
		CCACHE_DISABLE=1 faketime -f +400d)
	@for file in $(BUILD)/deb/*.deb $(BUILD)/deb/*.dsc $(BUILD)/deb/*.tar.*; do \
		cmp $$file $(DEB_ELSEWHERE)/$${file##*/} || exit 1; done
	@echo "== built again in another folder, 400 days later: the same bytes"
	@rm -rf $(DEB_ELSEWHERE)
	@lintian --pedantic --display-info --fail-on error,warning,info,pedantic --allow-root $(BUILD)/deb/*.changes
	@echo "== lintian finds nothing"
	@$(MAKE) --no-print-directory --silent stage PREFIX=/usr >/dev/null
	@mandoc -T lint -W warning $(STAGE)/man/*
	@systemd-analyze security --offline=yes --threshold=19 --no-pager $(STAGE)/*.service >$(BUILD)/exposure.txt; \
		found=$$?; grep Overall $(BUILD)/exposure.txt; exit $$found
	@mmdebstrap --quiet --variant=minbase --dpkgopt='path-exclude=/usr/share/doc/*' \
		--customize-hook='mkdir "$$1/debs" && cp $(DEB_INTO:%=$(BUILD)/deb/%_*.deb) "$$1/debs"' \
		--customize-hook='chroot "$$1" sh -ec "apt-get install -y -qq --no-install-recommends /debs/*.deb >/dev/null; \
			for p in $(DEB_BINARIES); do \$$p --version; done; systemd-analyze verify --man=no order-service.service \
			delivery-service.service ordering-lab-migrate.service; stat -c \"%A %U %n\" /etc/order-service/* \
			/etc/delivery-service/* /etc/ordering-lab/*; apt-get purge -y -qq $(DEB_INTO) >/dev/null; \
			! ls -d /etc/order-service /etc/delivery-service /etc/ordering-lab 2>/dev/null"' \
		bookworm /dev/null $(DEB_SOURCES)
	@echo "== installed into a Debian of its own, and purged"
