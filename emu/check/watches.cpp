#include "check/watches.h"

#include <utility>

#include "check/chain.h"
#include "check/global_race.h"
#include "check/lds_race.h"
#include "check/registers.h"
#include "check/uniform.h"
#include "check/waits.h"

namespace rocmforge::emu {

std::unique_ptr<Watch> make_checks(SharedChecks& shared, int) {
  std::vector<std::unique_ptr<Watch>> watches;
  watches.push_back(std::make_unique<Waits>(shared));  // first: what is not there is not looked at
  auto registers = std::make_unique<Registers>(shared);
  auto global_race = std::make_unique<GlobalRace>(shared, registers.get());
  watches.push_back(std::move(registers));
  watches.push_back(std::make_unique<Uniform>(shared));
  watches.push_back(std::make_unique<LdsRace>(shared));
  watches.push_back(std::move(global_race));
  return make_chain(std::move(watches));
}

std::unique_ptr<Watch> make_chain(std::vector<std::unique_ptr<Watch>> watches) {
  std::erase(watches, nullptr);
  if (watches.empty()) return nullptr;
  if (watches.size() == 1) return std::move(watches.front());
  return std::make_unique<Chain>(std::move(watches));
}

}  // namespace rocmforge::emu
