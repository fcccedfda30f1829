/* Stands before the library's header when a pure source is compiled. */
#error "a pure source includes <microhttpd.h>: see PURE in the Makefile"
