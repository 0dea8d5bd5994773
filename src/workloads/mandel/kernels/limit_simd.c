/* What the processor's multipliers and adders can do at best, for comparison. */
#include "escape_simd.h"
#include "vectors.h"

const int NAMED(lanes, LEVEL) = LANES;

/* Do as many operations as one iteration of `vectors` vectors needs (for each three
 * products, three sums, and a doubling that may be either); none waits for
 * another. */
double NAMED(limit, LEVEL)(int64_t vectors)
{
    enum { CHAINS = BYTES == 64 ? 14 : 7 }; /* with `one` nearly all registers */
    reals product[CHAINS], sum[CHAINS], all = {};
    volatile double unknown = 1.0;
    const reals one = unknown - (reals){};
    for (int k = 0; k < CHAINS; k++)
        product[k] = sum[k] = one;
    for (int64_t done = 0; done < vectors; done += 2 * CHAINS / 7)
        for (int k = 0; k < CHAINS; k++) {
            product[k] *= one;
            sum[k] += one;
        }
    for (int k = 0; k < CHAINS; k++)
        all += product[k] + sum[k];
    return all[0];
}
