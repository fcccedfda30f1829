set terminal svg background rgb 'white' font 'sans-serif,13' size 960,600
set multiplot layout 2,1 title heading
set ylabel 'CPU, % of all'
set yrange [0:100]
plot data.'/kafka-1-cpu.tsv' using 1:2 with lines lw 2 lc rgb BLUE title 'Kafka, 1 partition'
set ylabel 'GET /orders/1, p99, ms'
set xlabel 'seconds since the first order'
set logscale y
set yrange [*:*]
plot data.'/kafka-1-innocent.tsv' using 1:7 with lines lw 2 lc rgb BLUE notitle
unset multiplot
