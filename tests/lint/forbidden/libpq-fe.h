/* Stands before the library's header when a pure source is compiled. */
#error "a pure source includes <libpq-fe.h>: see PURE in the Makefile"
