# The plot of the benchmarks. data: a folder with rates.dat and growth.dat; growth: 1 if the latter has
# something; lab/plots/style.gp comes before it.
set terminal svg size 960,(growth ? 800 : 460) background rgb 'white' font 'sans-serif,13'
set output output
set style fill solid noborder
unset grid
set grid x lc rgb '#dddddd'
set tics nomirror scale 0
set border 3 lc rgb '#888888'
set lmargin 30
set tmargin 3
if (growth) set multiplot layout 2,1

set title 'Thousands per second: blue this project, grey its reference (log scale)'
set logscale x
set xrange [1:30000]
set xtics (1, 10, 100, 1000)
set yrange [*:*] reverse
unset key
ours(row) = row - 0.19
theirs(row) = row + 0.19
thousands(n) = sprintf(n < 100 ? '%.1f' : '%.0f', n)
plot data.'/rates.dat' using (0.5 * (1 + $2)):(ours($0)):(1):2:(ours($0) - 0.18):(ours($0) + 0.18):ytic(1) \
		with boxxyerror lc rgb '#2b6cb0', \
	'' using (0.5 * (1 + $3)):(theirs($0)):(1):3:(theirs($0) - 0.18):(theirs($0) + 0.18) \
		with boxxyerror lc rgb '#a0aec0', \
	'' using 2:(ours($0)):(thousands($2)) with labels left offset 0.5,0 font ',12', \
	'' using 3:(theirs($0)):(thousands($3).'  '.strcol(4)) with labels left offset 0.5,0 \
		font ',11' textcolor rgb '#555555'

if (growth) {
	unset logscale
	set title 'A backlog into the database: thousands of events per second'
	set xlabel 'million deliveries that were in the tables before'
	set grid y
	set xrange [0:*]
	set yrange [0:*] noreverse
	set xtics autofreq
	set ytics autofreq
	plot data.'/growth.dat' using 1:2 with linespoints lw 2 pt 7 lc rgb '#2b6cb0', \
		'' using 1:2:(thousands($2)) with labels offset 0,1 font ',12'
	unset multiplot
}
