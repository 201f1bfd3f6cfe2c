#include "op/cases.h"

#include <iterator>

namespace rocmforge::optest {

const std::vector<Case>& cases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> out;
    for (std::vector<Case> part :
         {row_cases(), matmul_cases(), attention_cases(), sampling_cases()}) {
      out.insert(out.end(), std::make_move_iterator(part.begin()),
                 std::make_move_iterator(part.end()));
    }
    return out;
  }();
  return all;
}

}  // namespace rocmforge::optest
