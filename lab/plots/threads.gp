# How long an event took, by when its order was placed: above under much load, below under little.
set terminal svg background rgb 'white' font 'sans-serif,13' size 960,680
set multiplot layout 2,1 title heading font ',15'
set lmargin 10
set xrange [0:*]
set yrange [0:*]
set key outside right center
# Those that were measured: the short form leaves one out.
ways = system("cd '".data."' && ls high-*-events.tsv | sed 's/^high-//; s/-events.tsv$//' | sort -t - -k 1,1r -k 2n")
threads(way) = substr(way, strstrt(way, '-') + 1, -1)
name(way) = way[1:2] eq 'si' ? 'one thread' : \
	way[1:2] eq 'sp' ? threads(way).' share each event' : 'a pool of '.threads(way)
colour(way) = way eq 'single-1' ? 0xc53030 : way eq 'split-5' ? 0xc05621 : \
	way eq 'pool-5' ? 0x2b6cb0 : 0xa0aec0
set title 'more orders than it can take' offset 0,-0.5
set ylabel 'from order to delivery, s'
plot for [way in ways] data.'/high-'.way.'-events.tsv' using 1:($2 / 1000) with lines lw 2 \
	lc rgb colour(way) title name(way)
set title 'few orders'
set ylabel 'from order to delivery, ms'
set xlabel 'seconds since the first order'
plot for [way in ways] data.'/low-'.way.'-events.tsv' using 1:2 with lines lw 2 \
	lc rgb colour(way) title name(way)
unset multiplot
