#include "check/global_shadow.h"

#include <cstring>
#include <string>

#include "check/places.h"
#include "machine/fault.h"

namespace rocmforge::emu {
namespace {

using Toucher = GlobalShadow::Toucher;
using Touch = GlobalShadow::Touch;

bool has(const std::array<std::uint64_t, 2>& mask, std::size_t byte) {
  return (mask[byte / 64] >> byte % 64 & 1U) != 0;
}
bool has_any(const std::array<std::uint64_t, 2>& mask, std::size_t byte, std::size_t n) {
  const std::uint64_t bits = (std::uint64_t{1} << n) - 1;
  return (mask[byte / 64] >> byte % 64 & bits) != 0;
}

// Whether all bytes of each word of four that is touched at all are touched.
bool is_words(const std::array<std::uint64_t, 2>& mask) {
  constexpr std::uint64_t kFirst = 0x1111111111111111U;
  for (const std::uint64_t m : mask) {
    const std::uint64_t any = (m | m >> 1 | m >> 2 | m >> 3) & kFirst;
    if (any * 15 != m) return false;
  }
  return true;
}

bool comes_after(const View& view, const Toucher& toucher, bool is_store) {
  return view.comes_after(toucher.stamp, is_store, toucher.stamp.number == Toucher::kAny);
}

std::string say(const Toucher& toucher, bool writes, int lane) {
  std::string text = "group " + std::to_string(toucher.stamp.group);
  if (toucher.stamp.number != Toucher::kAny) text += " wave " + std::to_string(toucher.stamp.wave);
  if (lane != kNoLane) text += " lane " + std::to_string(lane);
  return text + (writes ? " writes (" : " reads (") + place_of(*toucher.step) + ")";
}

[[noreturn]] void fault(std::uint64_t address, const std::string& first, const Touch& second) {
  throw Fault(FaultKind::kGlobalRace,
              "address " + hex(address) + ", which no atomic or barrier orders: " + first + ", " +
                  say(second.by, second.writes, second.lane),
              second.lane);
}

}  // namespace

void GlobalShadow::begin(std::uint64_t generation) {
  const std::scoped_lock lock(generation_mutex_);
  if (generation <= generation_) return;
  generation_ = generation;
  for (Shard& shard : shards_) {
    const std::scoped_lock shard_lock(shard.mutex);
    shard.pages.clear();
    shard.locations.clear();
  }
}

void GlobalShadow::touch(std::uint64_t line_address, const Touch& touch) {
  Shard& shard = shard_of(line_address);
  const std::scoped_lock lock(shard.mutex);
  auto& page = shard.pages[line_address / (kLine * kPageLines)];
  if (page == nullptr) page = std::make_unique<Page>();
  Line& line = page->lines[line_address / kLine % kPageLines];
  if (line.cells == nullptr && !touch.writes) return read_only(line, touch);
  if (line.cells == nullptr) expand(line, 4);
  if (line.cells->size() < kLine && !is_words(touch.mask)) expand(line, 1);
  const std::size_t n = kLine / line.cells->size();
  for (std::size_t i = 0; i < line.cells->size(); ++i) {
    const std::size_t byte = i * n;
    if (!has(touch.mask, byte)) continue;
    Cell& cell = (*line.cells)[i];
    if (!touch.writes) {
      read(cell, line_address + byte, touch);
      continue;
    }
    std::uint32_t value = 0;
    if (touch.value != nullptr) std::memcpy(&value, touch.value + byte, n);
    write(cell, line_address + byte, touch, value);
  }
}

void GlobalShadow::read_only(Line& line, const Touch& touch) {
  for (std::size_t i = 0; i < 2; ++i) {
    Toucher& reader = line.readers[i];
    auto& mask = line.read[i];
    if (!reader.stamp.is_none() && reader.stamp.group != touch.by.stamp.group) continue;
    const bool is_more = (touch.mask[0] & ~mask[0]) != 0 || (touch.mask[1] & ~mask[1]) != 0;
    if (reader.stamp.is_none()) {
      reader = touch.by;
    } else if (!reader.stamp.is_of(touch.by.stamp) || is_more) {
      reader.stamp.number = Toucher::kAny;
    }
    mask[0] |= touch.mask[0];
    mask[1] |= touch.mask[1];
    return;
  }
}

void GlobalShadow::expand(Line& line, std::size_t bytes_a_cell) {
  auto cells = std::make_unique<std::vector<Cell>>(kLine / bytes_a_cell);
  for (std::size_t i = 0; i < cells->size(); ++i) {
    Cell& cell = (*cells)[i];
    if (line.cells == nullptr) {
      for (std::size_t r = 0; r < 2; ++r) {
        if (has_any(line.read[r], i * bytes_a_cell, bytes_a_cell))
          cell.readers[r] = line.readers[r];
      }
      continue;
    }
    const std::size_t ratio = cells->size() / line.cells->size();
    const Cell& from = (*line.cells)[i / ratio];
    cell.writer = from.writer;
    cell.readers[0] = from.readers[0];
    cell.readers[1] = from.readers[1];
    cell.value = from.value >> 8 * (i % ratio) & 0xffU;
    cell.lane = from.lane;
    cell.atomic = from.atomic;
    if (from.same != nullptr) cell.same = std::make_unique<std::vector<Stamp>>(*from.same);
  }
  line.cells = std::move(cells);
}

void GlobalShadow::add_reader(Toucher (&readers)[2], const Touch& touch) {
  for (Toucher& reader : readers) {
    if (!reader.stamp.is_none() && !reader.stamp.is_of(touch.by.stamp)) continue;
    reader = touch.by;
    return;
  }
}

void GlobalShadow::read(Cell& cell, std::uint64_t address, const Touch& touch) {
  const bool ordered = cell.writer.stamp.is_none() || (cell.atomic && touch.atomic) ||
                       comes_after(touch.fresh, cell.writer, true);
  if (!ordered) {
    // One of those that wrote the same value before will do.
    bool found = false;
    if (cell.same != nullptr) {
      for (const Stamp& stamp : *cell.same) {
        found = found || touch.fresh.comes_after(stamp, true, false);
      }
    }
    if (!found) fault(address, say(cell.writer, true, cell.lane), touch);
  }
  if (!touch.atomic) add_reader(cell.readers, touch);
}

void GlobalShadow::write(Cell& cell, std::uint64_t address, const Touch& touch,
                         std::uint32_t value) {
  const bool is_first = cell.writer.stamp.is_none();
  // Who writes what is there already changes nothing for those who read it.
  const bool is_same = !is_first && !touch.atomic && !cell.atomic && cell.value == value;
  bool ordered = is_first || comes_after(touch.seen, cell.writer, true);
  if (cell.same != nullptr) {
    for (const Stamp& stamp : *cell.same) {
      ordered = ordered && touch.seen.comes_after(stamp, true, false);
    }
  }
  if (is_same) {
    if (cell.writer.stamp.is_of(touch.by.stamp)) return void(cell.writer = touch.by);
    if (cell.same == nullptr) cell.same = std::make_unique<std::vector<Stamp>>();
    for (Stamp& stamp : *cell.same) {
      if (stamp.is_of(touch.by.stamp)) return void(stamp = touch.by.stamp);
    }
    cell.same->push_back(touch.by.stamp);
    return;
  }
  if (!ordered && !(touch.atomic && cell.atomic)) {
    fault(address, say(cell.writer, true, cell.lane), touch);
  }
  for (const Toucher& reader : cell.readers) {
    if (reader.stamp.is_none() || reader.stamp.group == touch.by.stamp.group) continue;
    if (comes_after(touch.seen, reader, false)) continue;
    fault(address, say(reader, false, kNoLane), touch);
  }
  cell.readers[0] = cell.readers[1] = {};
  cell.writer = touch.by;
  cell.value = value;
  cell.lane = static_cast<std::uint8_t>(touch.lane);
  cell.atomic = touch.atomic;
  cell.same.reset();
}

void GlobalShadow::publish(std::uint64_t address, const Others& known) {
  Shard& shard = shard_of(address);
  const std::scoped_lock lock(shard.mutex);
  join(shard.locations[address], known);
}

void GlobalShadow::observe(std::uint64_t address, Others& into) {
  Shard& shard = shard_of(address);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.locations.find(address);
  if (found != shard.locations.end()) join(into, found->second);
}

}  // namespace rocmforge::emu
