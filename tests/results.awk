# What Criterion said, with --verbose. wanted: failed or unfinished, the names of those tests as suite/test, a
# line each; counts, of the tests: all, passed, failed.
{ gsub(/\033\[[0-9;]*m/, "") }
/^\[(RUN |PASS|FAIL|CRASH)\]/ {
	began = $1 == "[RUN"
	name = $(began ? 3 : 2)
	sub(/:$/, "", name)
	sub(/::/, "/", name)
	how[name] = began ? "unfinished" : $1 == "[PASS]" ? "passed" : "failed"
}
/Synthesis: Tested:/ {
	gsub(/[^0-9 ]/, "")
	tested += $1; passing += $2; failing += $3
}
END {
	if (wanted == "counts")
		print tested + 0, passing + 0, failing + 0
	for (name in how)
		if (how[name] == wanted)
			print name
}
