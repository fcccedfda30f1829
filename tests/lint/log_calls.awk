# Calls of the log with a text that is neither quoted nor a constant of the program: it could hold
# what a terminal obeys, or a field of its own.
/log_(error|warn|info|debug|write)\(/ {
	inside = 1
	call = ""
	line = FNR
}
inside { call = call $0 }
inside && /;$/ {
	inside = 0
	texts = gsub(/=%s|%\.\*s/, "&", call)
	safe = gsub(/LOG_QUOTE\(|log_quote\(|_names\[|event_keys\[|PROJECT_VERSION|part->name|guard\.part/, "&", call)
	if (texts > safe)
		print FILENAME ":" line ": a text in a log record is not quoted"
}
