# shellcheck shell=bash
# Tables of figures, for the terminal and for the README. To be sourced after stack/process.sh.
#
# A table comes on standard input, its heading first, the cells of a line separated by tabs.

# table_text: prints it with aligned columns; columns of figures to the right.
table_text() {
	awk -F '\t' '
		{
			for (i = 1; i <= NF; i++) {
				cell[NR, i] = $i
				if (length($i) > width[i])
					width[i] = length($i)
				if (NR > 1 && $i !~ /^([0-9]|-?$)/)
					text[i] = 1
			}
			columns = NF > columns ? NF : columns
		}
		END {
			for (row = 1; row <= NR; row++) {
				line = ""
				for (i = 1; i <= columns; i++)
					line = line sprintf("%" (text[i] ? "-" : "") width[i] "s  ", cell[row, i])
				sub(/ +$/, "", line)
				print line
			}
		}'
}

# table_markdown: prints it as Markdown.
table_markdown() {
	sed 's/|/\\|/g; s/\t/ | /g; s/^/| /; s/$/ |/' | awk '
		{ print }
		NR == 1 { gsub(/[^|]+/, "---"); print }'
}

# table_rewrite FILE NAME: what stands in the file between the lines <!-- NAME: begin --> and
# <!-- NAME: end --> becomes what comes on standard input.
table_rewrite() {
	local file=$1
	local -x FIRST="<!-- $2: begin -->" LAST="<!-- $2: end -->" TEXT
	[[ $(grep -c -x -F -e "$FIRST" -e "$LAST" "$file") == 2 ]] ||
		die "$file has no two lines $FIRST and $LAST: put them where the table shall be"
	TEXT=$(cat)
	awk '
		$0 == ENVIRON["LAST"] { inside = 0 }
		!inside
		$0 == ENVIRON["FIRST"] { inside = 1; print ENVIRON["TEXT"] }' "$file" >"$file.new"
	cat "$file.new" >"$file"
	rm "$file.new"
}
