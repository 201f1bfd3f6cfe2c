// What this machine's memory gives, to hold benchmarks against.
#pragma once

namespace rocmforge::bench {

// Bytes a second that `n_threads` read from memory, the best of several passes over far more than
// the caches hold.
double measure_read_bandwidth(int n_threads);

}  // namespace rocmforge::bench
