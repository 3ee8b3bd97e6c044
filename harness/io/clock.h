/* The two clocks of the live world. Nothing else reads one. */
#ifndef GAPCHECK_IO_CLOCK_H
#define GAPCHECK_IO_CLOCK_H

#include <stdint.h>

/* Microseconds since some fixed moment; never goes back. */
int64_t clock_monotonic_us(void);

/* Milliseconds since 1970, as the machine's clock shows them now. */
int64_t clock_wall_ms(void);

#endif
