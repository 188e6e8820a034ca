// The order of samples: every epoch visits each sample once, and the numbers that order.test.ts asks for.
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "session/order.h"

// True when the epoch from `first` visits each of `count` samples once.
static bool visits_all(uint32_t seed, uint32_t first, uint32_t count) {
    static uint8_t seen[4096];
    memset(seen, 0, sizeof seen);
    for (uint32_t step = first; step < first + count; step++) {
        uint32_t index = ftte_order_index(seed, step, count);
        if (index >= count || seen[index]++) return false;
    }
    return true;
}

int main(int arguments, char **argument) {
    if (arguments > 1) {
        for (int i = 1; i + 2 < arguments; i += 3)
            printf("%u\n", ftte_order_index((uint32_t)strtoul(argument[i], NULL, 10),
                                            (uint32_t)strtoul(argument[i + 1], NULL, 10),
                                            (uint32_t)strtoul(argument[i + 2], NULL, 10)));
        return 0;
    }
    bool all = true, differ = false;
    for (uint32_t count = 1; count <= 600; count++)
        for (uint32_t epoch = 0; epoch < 3; epoch++) all = all && visits_all(count * 77u, epoch * count, count);
    for (uint32_t step = 0; step < 50; step++)
        differ = differ || ftte_order_index(1, step, 50) != ftte_order_index(1, step + 50, 50);
    report(all, "every epoch of 1 to 600 samples visits each of them once");
    report(differ, "epochs differ");
    report(visits_all(0xffffffffu, 4294963200u - 4294963200u % 4093u, 4093), "late epochs of a large log are whole");
    printf("done\n");
    return 0;
}
