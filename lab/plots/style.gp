# How the plots of the labs look; gnuplot runs it before the lab's own script. data: the folder with
# the series; output: the file; heading: the title. A script sets its terminal by `plots(rows)`.
set output output
set datafile separator "\t"
set grid y lc rgb '#dddddd'
set tics nomirror scale 0
set border 3 lc rgb '#888888'
set style fill solid noborder
set key top right
set macros
BLUE = '#2b6cb0'
GREY = '#a0aec0'
RED = '#c53030'
GREEN = '#2f855a'
ORANGE = '#c05621'
TERMINAL = "svg background rgb 'white' font 'sans-serif,13' size 960,"
