// What a wave knows of the accesses of others: vector clocks, by wave, of loads and stores that are
// done for sure and that it comes after.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace rocmforge::emu {

// An access: its wave, and its number among the wave's loads or among its stores, from 1 on.
struct Stamp {
  std::uint32_t group = kNoGroup;
  std::uint32_t wave = 0;
  std::uint32_t number = 0;
  static constexpr std::uint32_t kNoGroup = 0xffffffffU;

  bool is_none() const { return group == kNoGroup; }
  bool is_of(const Stamp& other) const { return group == other.group && wave == other.wave; }
};

struct Done {
  std::uint32_t loads = 0, stores = 0;
  void join(const Done& other) {
    loads = std::max(loads, other.loads);
    stores = std::max(stores, other.stores);
  }
};
using GroupDone = std::vector<Done>;  // by wave
inline void join(GroupDone& into, const GroupDone& from) {
  if (into.size() < from.size()) into.resize(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) into[i].join(from[i]);
}

using Others = std::unordered_map<std::uint32_t, GroupDone>;  // by group
inline void join(Others& into, const Others& from) {
  for (const auto& [group, done] : from) join(into[group], done);
}

// Of one wave at one time.
struct View {
  std::uint32_t group = 0, wave = 0;
  const GroupDone* own = nullptr;
  const Others* others = nullptr;  // null: nothing of them

  // `any`: in case it is not known which of the group's waves and accesses it was.
  bool comes_after(const Stamp& stamp, bool is_store, bool any) const {
    if (stamp.group == group) {
      if (any || stamp.wave == wave) return true;
      return at_least((*own)[stamp.wave], stamp.number, is_store);
    }
    if (others == nullptr) return false;
    const auto found = others->find(stamp.group);
    if (found == others->end()) return false;
    if (any) return true;
    return stamp.wave < found->second.size() &&
           at_least(found->second[stamp.wave], stamp.number, is_store);
  }

 private:
  static bool at_least(const Done& done, std::uint32_t number, bool is_store) {
    return (is_store ? done.stores : done.loads) >= number;
  }
};

}  // namespace rocmforge::emu
