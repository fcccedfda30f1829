# The rush, each way below the other: what became of the calls second by second, and how many
# connections to the database the services had. Each has its own axes: with Kafka the rush is over in
# a fraction of the time.
set terminal svg background rgb 'white' font 'sans-serif,13' size 960,1160
set multiplot layout 4,1 title heading font ',15'
set rmargin 10
set key outside top right horizontal maxrows 1
set ylabel 'calls per second'
set y2label 'connections of 80'
set y2range [0:100]
set y2tics 20
set yrange [0:*]
set boxwidth 0.9 relative
do for [way in 'http pool group kafka'] {
	set title way eq 'http' ? 'without Kafka: a connection for each request' : \
		way eq 'pool' ? 'without Kafka: pools of ten connections' : \
		way eq 'group' ? 'without Kafka: group commit' : 'with Kafka' offset 0,-0.5
	if (way eq 'kafka') { set xlabel 'seconds since the users came' }
	if (way eq 'pool') { unset key }
	# The series count from the start: each line less the one before it.
	file = data.'/'.way.'-users.tsv'
	rates = "< awk 'NR > 1 { over = $4 + $5; t = $1 - s; if (t > 0) print $1 - t / 2 \"\\t\" ($3 - a) / t \"\\t\" (over - e) / t; s = $1; a = $3; e = over }' ".file
	plot rates using 1:($2 + $3) with boxes lc rgb RED title 'failed', \
		'' using 1:2 with boxes lc rgb BLUE title 'answered', \
		data.'/'.way.'-connections.tsv' using 1:2 axes x1y2 with lines lw 2 lc rgb ORANGE \
			title 'connections'
}
unset multiplot
