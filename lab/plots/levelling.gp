# Above, what the processors do; below, how long the innocent caller waits. Time runs from each
# way's first order.
set terminal svg background rgb 'white' font 'sans-serif,13' size 960,720
set multiplot layout 2,1 title heading font ',15'
set lmargin 10
set xrange [0:*]
set ylabel 'processors busy, %'
set yrange [0:109]
set key outside bottom center horizontal
plot data.'/http-cpu.tsv' using 1:2 with lines lw 3 lc rgb RED title 'HTTP, synchronous', \
	data.'/pool-cpu.tsv' using 1:2 with lines lw 2 dt 2 lc rgb RED title 'HTTP, pools', \
	data.'/group-cpu.tsv' using 1:2 with lines lw 2 lc rgb GREY title 'HTTP, group commit', \
	data.'/kafka-1-cpu.tsv' using 1:2 with lines lw 3 lc rgb BLUE title 'Kafka, one consumer', \
	data.'/kafka-4-4-cpu.tsv' using 1:2 with lines lw 2 lc rgb ORANGE title 'Kafka, consumers join', \
	data.'/kafka-key-cpu.tsv' using 1:2 with lines lw 2 lc rgb GREEN title 'Kafka, key order'
set ylabel 'GET /orders/1, p99 of each second, ms'
set xlabel 'seconds since the first order'
set logscale y
set yrange [*:*]
unset key
plot data.'/http-innocent.tsv' using 1:7 with lines lw 3 lc rgb RED, \
	data.'/pool-innocent.tsv' using 1:7 with lines lw 2 dt 2 lc rgb RED, \
	data.'/group-innocent.tsv' using 1:7 with lines lw 2 lc rgb GREY, \
	data.'/kafka-1-innocent.tsv' using 1:7 with lines lw 3 lc rgb BLUE, \
	data.'/kafka-4-4-innocent.tsv' using 1:7 with lines lw 2 lc rgb ORANGE, \
	data.'/kafka-key-innocent.tsv' using 1:7 with lines lw 2 lc rgb GREEN
unset multiplot
