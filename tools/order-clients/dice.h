/*
 * Random numbers that are the same for the same seed on every machine (splitmix64, by Sebastiano
 * Vigna, public domain).
 *
 * Threads: a struct dice has one owner.
 */
#ifndef TOOLS_ORDER_CLIENTS_DICE_H
#define TOOLS_ORDER_CLIENTS_DICE_H

#include <stdint.h>

struct dice {
	uint64_t state;
};

static inline uint64_t dice_next(struct dice *dice)
{
	uint64_t z = dice->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* A number from 0 to sides - 1; sides is not 0. */
static inline uint32_t dice_roll(struct dice *dice, uint32_t sides)
{
	return (uint32_t)(dice_next(dice) % sides);
}

#endif
