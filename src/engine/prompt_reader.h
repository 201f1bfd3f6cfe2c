// What a request asks to know of its prompt: log-probabilities of its tokens, and an embedding.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/request.h"
#include "engine/runner.h"

namespace rocmforge::engine {

class PromptReader {
 public:
  // `request` outlives it.
  explicit PromptReader(const Request& request);

  // Needs rows of the prompt from its beginning: none of them may come from a cache.
  bool needs_all() const { return wanted_ > 0; }
  // Whether something is to be read of these positions.
  bool wants(std::int32_t first_position, std::int32_t n_rows) const;
  // Reads the rows of the last step that begin at first_row. Those that were read are not read
  // again, should they be run again.
  void read(Runner& runner, std::int32_t first_row, std::int32_t first_position,
            std::int32_t n_rows, Completion& out);

 private:
  void read_log_probs(Runner& runner, Completion& out);
  void read_embeddings(Runner& runner, Completion& out);

  const Request& request_;
  std::int32_t n_prompt_;
  std::int32_t wanted_ = 0;  // positions
  std::int32_t next_ = 0;    // position to be read
  LogProbs log_probs_;
  std::vector<std::int32_t> rows_;  // that are read together: positions from next_ on
  std::vector<double> sums_;
};

}  // namespace rocmforge::engine
