# shellcheck shell=bash
# The container engine of the tests. To be sourced after stack/process.sh.
#
# An engine that answers is used as it is. Where none does, root gets one of its own: dockerd with
# all its state in $RUN_DIR/engine, and no trace of it when it is closed: what it added to
# iptables, to the interfaces and to the kernel's settings is taken away again, and nothing else.

ENGINE_OWN= # we started it
readonly ENGINE_TABLES=(filter nat mangle)
readonly ENGINE_START_SECONDS=60
readonly ENGINE_STOP_SECONDS=60

# engine_open: docker and docker compose answer, or die.
engine_open() {
	if docker info >/dev/null 2>&1; then
		say "engine: the one that runs here"
	else
		engine_start
		docker compose version >/dev/null 2>&1 || engine_fetch_compose
	fi
	docker compose version >/dev/null 2>&1 ||
		die "docker has no compose: install its plugin (docker-compose-plugin)"
	say "engine: $(docker version -f '{{.Server.Version}}')," \
		"compose $(docker compose version --short)"
}

# engine_start: an engine of our own, answering.
engine_start() {
	local dir=$RUN_DIR/engine
	((EUID == 0)) || die "no container engine answers, and only root can start one:" \
		"start Docker, or run this as root"
	"$REPO_DIR/stack/packages.sh" install compose
	engine_clean
	engine_note_host "$dir/host"
	ENGINE_OWN=1
	export DOCKER_HOST=unix://$dir/docker.sock DOCKER_CONFIG=$dir/config
	process_start dockerd - dockerd --data-root "$dir/data" --exec-root "$dir/exec" \
		--pidfile "$dir/dockerd.pid" --host "$DOCKER_HOST" --cgroup-parent "$(engine_cgroup)" \
		--log-level warn
	process_wait_ready dockerd "$ENGINE_START_SECONDS" docker info
}

# engine_clean: what is left of an engine of ours that was cut off.
engine_clean() { [[ ! -d $RUN_DIR/engine ]] || ENGINE_OWN=1 engine_close; }

# engine_cgroup: prints the name of the control group that its containers are in.
engine_cgroup() { printf '/ordering-lab-%s' "$(cksum <<<"$RUN_DIR" | cut -d ' ' -f 1)"; }

# engine_note_host FOLDER: what of the host an engine may change, in files.
engine_note_host() {
	local table dir=$1
	mkdir -p "$dir"
	for table in "${ENGINE_TABLES[@]}"; do
		iptables -w -t "$table" -S >"$dir/$table"
	done
	cat /proc/sys/net/ipv4/ip_forward >"$dir/ip_forward"
	ls /sys/class/net >"$dir/links"
	engine_folders >"$dir/folders"
	touch "$dir/noted"
}

# engine_fetch_compose: Debian 12 has only the first version of docker compose; the plugin comes
# from the package of Debian 13, through the mirror that apt is set to, and needs nothing else of
# it.
engine_fetch_compose() {
	local plugin=$CACHE_DIR/docker-compose/docker-compose
	[[ -x $plugin ]] || engine_download_compose "${plugin%/*}"
	mkdir -p "$DOCKER_CONFIG/cli-plugins"
	cp "$plugin" "$DOCKER_CONFIG/cli-plugins/"
}

# engine_download_compose FOLDER: puts the plugin there.
engine_download_compose() {
	local new=$1.new log=$RUN_DIR/log/fetch-compose.log
	rm -rf "$new"
	mkdir -p "$new/lists/partial" "$new/archives/partial" "$new/root"
	printf 'deb [signed-by=%s] %s trixie main\n' \
		/usr/share/keyrings/debian-archive-trixie-automatic.gpg "$(engine_mirror)" >"$new/list"
	(
		cd "$new"
		apt=(-o "Dir::Etc::SourceList=$new/list" -o Dir::Etc::SourceParts=-
			-o "Dir::State::Lists=$new/lists" -o "Dir::Cache=$new")
		apt-get "${apt[@]}" -qq update
		apt-get "${apt[@]}" -qq download docker-compose
		dpkg-deb -x docker-compose_*.deb root
	) >"$log" 2>&1 || die "docker compose could not be fetched; $(process_last_words "$log")"
	mkdir -p "$1"
	mv "$(find "$new/root" -name docker-compose -type f -perm -u+x -print -quit)" "$1/"
	rm -rf "$new"
}

engine_mirror() {
	apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
		awk '$1 == "bookworm" { print $2; exit }'
}

# engine_close: stops our engine and takes its traces away. What the host looked like before and
# looks like then is in $RUN_DIR/host-before and host-after.
engine_close() {
	local dir=$RUN_DIR/engine
	[[ -n $ENGINE_OWN ]] || return 0
	process_stop dockerd "$ENGINE_STOP_SECONDS"
	if [[ -e $dir/host/noted ]]; then
		engine_restore_host
		rm -rf "$RUN_DIR"/host-{before,after}
		cp -r "$dir/host" "$RUN_DIR/host-before"
		engine_note_host "$RUN_DIR/host-after"
	fi
	awk -v dir="$dir/" 'index($2, dir) == 1 { print $2 }' /proc/mounts | sort -r |
		xargs -r umount -l
	rm -rf "$dir"
}

# engine_restore_host: the host as engine_note_host found it.
engine_restore_host() {
	local table link
	for link in $(engine_added links <(ls /sys/class/net)); do
		[[ ! $link =~ ^(docker|br-|veth|vx-) ]] || ip link delete "$link"
	done
	for table in "${ENGINE_TABLES[@]}"; do
		engine_restore_table "$table"
	done
	cat "$RUN_DIR/engine/host/ip_forward" >/proc/sys/net/ipv4/ip_forward
	find /sys/fs/cgroup -depth -type d -path "*$(engine_cgroup)*" -exec rmdir {} + || true
	engine_added folders <(engine_folders) | sort -r | xargs -r -d '\n' rm -rf
}

# engine_folders: prints what there is where dockerd and its containerd may make files outside their
# own folders.
engine_folders() {
	find /etc/docker /opt/containerd /var/lib/docker /var/lib/containerd /run/docker \
		/run/containerd 2>/dev/null || true
}

# engine_left_nothing: after engine_close. Interfaces may have come and gone for other reasons.
engine_left_nothing() {
	diff -r --exclude noted "$RUN_DIR/host-before" "$RUN_DIR/host-after"
}

# engine_added NAME FILE: prints the lines of the file that were not there before.
engine_added() { grep -v -x -F -f "$RUN_DIR/engine/host/$1" "$2" || true; }

# engine_restore_table TABLE: first the rules, then the chains, then the policies. Rules of ours are
# those that were not there before and have to do with our engine's chains and bridges.
engine_restore_table() {
	local table=$1 line
	while read -r line; do
		[[ $line != -A* ]] || xargs iptables -w -t "$table" <<<"-D${line#-A}"
	done < <(engine_added "$table" <(iptables -w -t "$table" -S))
	while read -r line; do
		[[ $line != -N* ]] || xargs iptables -w -t "$table" <<<"-X${line#-N}"
	done < <(engine_added "$table" <(iptables -w -t "$table" -S))
	grep '^-P' "$RUN_DIR/engine/host/$table" | xargs -L 1 iptables -w -t "$table"
}
