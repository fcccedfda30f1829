# Lines with a comment in a hundred lines of C that are not blank.
/^[ \t]*$/ && !block { next }
{ total++ }
block { comments++; if (/\*\//) block = 0; next }
/\/\// && !/"[^"]*\/\// { comments++; next }
/\/\*/ { comments++; if (!/\/\*.*\*\//) block = 1 }
END { printf "%.0f %%", total ? 100 * comments / total : 0 }
