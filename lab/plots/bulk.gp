# Above, how many calls have been answered by each second, beside how many were due; below, how long
# those answered in that second had waited.
set terminal svg background rgb 'white' font 'sans-serif,13' size 960,640
set multiplot layout 2,1 title heading font ',15'
set lmargin 12
set xrange [0:*]
set ylabel 'calls answered, in all'
set key bottom right
set format y '%.0f'
plot data.'/kafka.tsv' using 1:3 with lines lw 3 lc rgb BLUE title 'Kafka', \
	data.'/http.tsv' using 1:3 with lines lw 3 lc rgb RED title 'HTTP, synchronous', \
	'' using 1:5 with lines lw 2 dt 2 lc rgb RED title 'HTTP, synchronous: timed out'
set ylabel 'p99 of the answered, ms'
set xlabel 'seconds'
set logscale y
set key top right
plot data.'/kafka.tsv' using 1:7 with lines lw 2 lc rgb BLUE title 'Kafka', \
	data.'/http.tsv' using 1:7 with lines lw 2 lc rgb RED title 'HTTP, synchronous'
unset multiplot
