# Above, how many calls have been answered by each second, beside how many were due; below, what
# fails while delivery-service is away.
set terminal svg background rgb 'white' font 'sans-serif,13' size 960,640
set multiplot layout 2,1 title heading font ',15'
set lmargin 12
set xrange [0:*]
set ylabel 'calls answered, in all'
set key top left
set format y '%.0f'
plot data.'/kafka.tsv' using 1:3 with lines lw 3 lc rgb BLUE title 'Kafka', \
	data.'/group.tsv' using 1:3 with lines lw 3 lc rgb GREEN title 'HTTP, group commit', \
	data.'/pool.tsv' using 1:3 with lines lw 3 lc rgb ORANGE title 'HTTP, pools of 10 connections', \
	data.'/http.tsv' using 1:3 with lines lw 3 lc rgb RED title 'HTTP, a connection for each request'
set ylabel 'calls failed, in all'
set xlabel 'seconds; below, delivery-service is away for a quarter of the time'
set yrange [-1:*]
plot data.'/kafka-away.tsv' using 1:($4 + $5) with lines lw 3 lc rgb BLUE title 'Kafka', \
	data.'/group-away.tsv' using 1:($4 + $5) with lines lw 3 lc rgb GREEN title 'HTTP, group commit'
unset multiplot
