/*
 * Files as part of a program.
 */
#ifndef COMMON_BASE_EMBED_H
#define COMMON_BASE_EMBED_H

/* Defines two texts for the calling file alone: the bytes of the file, which end with a NUL, and
 * that NUL. Their names are symbol's with _begin and _end. The file's path begins at the top
 * folder; the object has to depend on it. */
#define EMBED(symbol, file)                                                                        \
	__asm__(".section .rodata\n" #symbol "_begin: .incbin \"" file "\"\n" #symbol              \
		"_end: .byte 0\n"                                                                  \
		".previous\n");                                                                    \
	extern const char symbol##_begin[], symbol##_end[]

#endif
