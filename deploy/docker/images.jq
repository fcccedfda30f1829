# A row of the table: what the compose file says of the service, and what its image has.
.services[$service] as $s
| ["\($s.image | split(":")[0])", "\($size / 1e5 | floor / 10) MB", $user,
	(if $s.read_only then "read-only" else "writable" end),
	(if $s.cap_drop == ["ALL"] and $s.cap_add == null then "none" else "some" end),
	$shells, $tools, $setuid, $packages]
| "| \(join(" | ")) |"
