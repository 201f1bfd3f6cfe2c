// Every load, store and atomic, in every form of its address, with some lanes off: against a
// reference that reads what to do from the mnemonic, byte by byte.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "emu/wave_rig.h"

namespace rocmforge::emu {
namespace {

constexpr std::uint32_t kMasks[] = {0xffffffffU, 0x80000001U, 0x0ff0f00fU, 0x00000010U, 0};

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string_view name_of(std::string_view text) {
  return text.substr(0, text.find(' '));
}

// The type at the end of a name, without the halves of registers: "u8", "b128".
std::string_view type_of(std::string_view name) {
  if (name.ends_with("_hi")) name.remove_suffix(3);
  if (name.ends_with("_d16")) name.remove_suffix(4);
  return name.substr(name.rfind('_') + 1);
}

std::uint32_t bytes_of(std::string_view type) {
  return static_cast<std::uint32_t>(std::stoi(std::string(type.substr(1)))) / 8;
}

// Where each lane's access falls, from the start of its memory: `element` bytes and multiples.
enum class Pattern { kContiguous, kReversed, kStrided, kShuffled, kTogether };
constexpr Pattern kPatterns[] = {Pattern::kContiguous, Pattern::kReversed, Pattern::kStrided,
                                 Pattern::kShuffled, Pattern::kTogether};

std::uint64_t place(Pattern pattern, std::uint64_t lane, std::uint64_t element) {
  switch (pattern) {
    case Pattern::kContiguous:
      return 512 + lane * element;
    case Pattern::kReversed:
      return 512 + (31 - lane) * element;
    case Pattern::kStrided:
      return 512 + lane * element * 5;
    case Pattern::kShuffled:
      return 512 + lane * 13 % 32 * element * 3;
    case Pattern::kTogether:
      return 512;
  }
  return 0;
}

// One form at work: sets the address registers so that `lane` reaches its place, and tells where
// that is on the host.
class FormRun {
 public:
  FormRun(WaveRig& rig, std::string_view text) : rig_(rig), text_(text) {
    const std::size_t at = text.find(" offset:");
    if (at != std::string_view::npos) offset_ = std::stoi(std::string(text.substr(at + 8)));
  }
  bool is_lds() const { return text_.starts_with("ds_"); }
  bool is_scratch() const { return text_.starts_with("scratch_"); }
  bool by_lane() const { return has(text_, " v2,"); }

  void set(Pattern pattern, std::uint64_t element) {
    for (int lane = 0; lane < kLanes; ++lane) {
      std::uint64_t to = place(pattern, static_cast<std::uint64_t>(lane), element);
      Wave& wave = rig_.wave();
      const auto back = to - static_cast<std::uint64_t>(static_cast<std::int64_t>(offset_));
      if (is_lds() || (is_scratch() && by_lane() && !has(text_, "s6"))) {
        wave.v[2].x[lane] = static_cast<std::uint32_t>(back);
      } else if (is_scratch() && by_lane()) {
        wave.set_sgpr(6, 100);
        wave.v[2].x[lane] = static_cast<std::uint32_t>(back - 100);
      } else if (is_scratch() && has(text_, "s6")) {
        to = 512;
        wave.set_sgpr(6, static_cast<std::uint32_t>(512 - offset_));
      } else if (is_scratch()) {
        to = static_cast<std::uint64_t>(offset_);
      } else if (has(text_, "s[4:5]")) {
        rig_.set_base(4, rig_.area() - 64);
        wave.v[2].x[lane] = static_cast<std::uint32_t>(back + 64);
      } else {
        rig_.set_pair(2, lane, rig_.area() + back);
      }
      host_[lane] = (is_lds()       ? rig_.group.lds.data()
                     : is_scratch() ? wave.scratch.data() +
                                          static_cast<std::uint64_t>(lane) * WaveRig::kScratch
                                    : rig_.at(0)) +
                    to;
    }
  }
  std::byte* host(int lane) const { return host_[lane]; }

 private:
  WaveRig& rig_;
  std::string_view text_;
  int offset_ = 0;
  std::byte* host_[kLanes] = {};
};

std::uint64_t read(const std::byte* from, std::uint32_t bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, from, bytes);
  return value;
}

struct Images {  // all that an instruction may change
  std::vector<std::byte> area, lds, scratch;
  std::array<Lanes, 256> v;
  bool operator==(const Images& other) const {
    return area == other.area && lds == other.lds && scratch == other.scratch &&
           std::memcmp(&v, &other.v, sizeof v) == 0;
  }
};

Images take(WaveRig& rig) {
  return {{rig.at(0), rig.at(0) + WaveRig::kArea}, rig.group.lds, rig.wave().scratch, rig.wave().v};
}

void put(WaveRig& rig, const Images& images) {
  std::copy(images.area.begin(), images.area.end(), rig.at(0));
  rig.group.lds = images.lds;
  rig.wave().scratch = images.scratch;
  rig.wave().v = images.v;
}

// Runs `text` under each mask and pattern; `reference(form, lane)` does a lane's part.
template <class F>
void check_form(WaveRig& rig, std::string_view text, std::uint32_t element, F reference) {
  std::mt19937_64 random(text.size());
  const Step step = assembled(text);
  for (const Pattern pattern : kPatterns) {
    for (const std::uint32_t mask : kMasks) {
      rig.randomize(random);
      FormRun form(rig, text);
      form.set(pattern, element);
      for (int lane = 0; lane < kLanes; ++lane) {
        if ((mask >> lane & 1) == 0 && !form.is_scratch()) rig.wave().v[3].x[lane] = 0xdeadbeefU;
      }
      rig.set_exec(mask);
      const Images before = take(rig);
      for (int lane = 0; lane < kLanes; ++lane) {
        if ((mask >> lane & 1) != 0) reference(form, lane);
      }
      const Images expected = take(rig);
      put(rig, before);
      rig.run(step);
      ASSERT_TRUE(take(rig) == expected)
          << text << ", mask " << mask << ", pattern " << static_cast<int>(pattern);
    }
  }
}

void check_load(WaveRig& rig, std::string_view text) {
  const std::string_view name = name_of(text);
  const std::string_view type = type_of(name);
  const std::uint32_t bytes = bytes_of(type);
  const bool high = has(name, "_hi"), half = has(name, "d16");
  check_form(
      rig, text, bytes == 12 && name.starts_with("ds_") ? 16 : bytes,
      [&](const FormRun& form, int lane) {
        auto& v = rig.wave().v;
        if (bytes >= 4) {
          for (std::uint32_t n = 0; n < bytes / 4; ++n) {
            v[8 + n].x[lane] = static_cast<std::uint32_t>(read(form.host(lane) + 4 * n, 4));
          }
          return;
        }
        std::uint64_t value = read(form.host(lane), bytes);
        if (type[0] == 'i' && (value >> (8 * bytes - 1) & 1) != 0) value |= ~0ULL << 8 * bytes;
        std::uint32_t& to = v[8].x[lane];
        const auto low = static_cast<std::uint32_t>(value);
        to = !half ? low : high ? (to & 0xffffU) | low << 16 : (to & 0xffff0000U) | (low & 0xffffU);
      });
}

void check_store(WaveRig& rig, std::string_view text) {
  const std::string_view name = name_of(text);
  const std::uint32_t bytes = bytes_of(type_of(name));
  check_form(rig, text, bytes == 12 && name.starts_with("ds_") ? 16 : bytes,
             [&](const FormRun& form, int lane) {
               std::uint32_t words[4];
               for (std::uint32_t n = 0; n < 4; ++n) words[n] = rig.wave().v[12 + n].x[lane];
               if (has(name, "_hi")) words[0] >>= 16;
               std::memcpy(form.host(lane), words, bytes);
             });
}

template <class T>
T typed_update(std::string_view op, T old, T data, T data2) {
  if (op == "add") return static_cast<T>(old + data);
  if (op == "sub") return static_cast<T>(old - data);
  if (op == "rsub") return static_cast<T>(data - old);
  if (op == "min") return data < old ? data : old;
  if (op == "max") return data > old ? data : old;
  if (op == "swap" || op == "storexchg") return data;
  if (op == "cmpswap" || op == "cmpstore") return old == data2 ? data : old;
  if constexpr (std::is_integral_v<T>) {
    if (op == "csub") return old < data ? T{0} : static_cast<T>(old - data);
    if (op == "inc") return old >= data ? T{0} : static_cast<T>(old + 1);
    if (op == "dec") return old == 0 || old > data ? data : static_cast<T>(old - 1);
    if (op == "and") return old & data;
    if (op == "or") return old | data;
    if (op == "xor") return old ^ data;
    if (op == "mskor") return (old & ~data) | data2;
    if (op == "wrap") return old >= data ? old - data : old + data2;
  }
  ADD_FAILURE() << op;
  return old;
}

template <class To>
std::uint64_t update_as(std::string_view op, std::uint64_t old, std::uint64_t data,
                        std::uint64_t data2) {
  using Bits = std::conditional_t<sizeof(To) == 4, std::uint32_t, std::uint64_t>;
  const auto cast = [](std::uint64_t x) { return std::bit_cast<To>(static_cast<Bits>(x)); };
  return std::bit_cast<Bits>(typed_update<To>(op, cast(old), cast(data), cast(data2)));
}

std::uint64_t update(std::string_view op, std::string_view type, std::uint64_t old,
                     std::uint64_t data, std::uint64_t data2) {
  if (type == "f32") return update_as<float>(op, old, data, data2);
  if (type == "f64") return update_as<double>(op, old, data, data2);
  if (type == "i32") return update_as<std::int32_t>(op, old, data, data2);
  if (type == "i64") return update_as<std::int64_t>(op, old, data, data2);
  if (type.ends_with("32")) return update_as<std::uint32_t>(op, old, data, data2);
  return update_as<std::uint64_t>(op, old, data, data2);
}

// "global_atomic_add_u32", "ds_min_rtn_i32": "add", "min".
std::string_view operation_of(std::string_view name) {
  name.remove_prefix(name.starts_with("ds_") ? 3 : name.find("_atomic_") + 8);
  return name.substr(0, name.find('_'));
}

void check_atomic(WaveRig& rig, std::string_view text) {
  const std::string_view name = name_of(text);
  const std::string_view type = type_of(name);
  const std::string_view op = operation_of(name);
  const std::uint32_t bytes = bytes_of(type);
  const bool returns = has(text, " glc") || has(name, "_rtn");
  const auto pair = [&](std::size_t first, int lane) {
    const auto& v = rig.wave().v;
    return bytes == 4 ? v[first].x[lane]
                      : std::uint64_t{v[first + 1].x[lane]} << 32 | v[first].x[lane];
  };
  check_form(rig, text, bytes, [&](const FormRun& form, int lane) {
    const std::uint64_t old = read(form.host(lane), bytes);
    std::uint64_t data = pair(12, lane);
    // What is compared with: LDS has its own register, global memory the upper data.
    const std::size_t second = form.is_lds() ? 16 : 12 + bytes / 4;
    const std::uint64_t result = update(op, type, old, data, pair(second, lane));
    std::memcpy(form.host(lane), &result, bytes);
    if (!returns) return;
    rig.wave().v[8].x[lane] = static_cast<std::uint32_t>(old);
    if (bytes == 8) rig.wave().v[9].x[lane] = static_cast<std::uint32_t>(old >> 32);
  });
}

void check_two(WaveRig& rig, std::string_view text) {
  const std::string_view name = name_of(text);
  const std::uint32_t bytes = bytes_of(type_of(name));
  const std::uint32_t step = has(name, "stride64") ? 64 * bytes : bytes;
  const std::uint32_t words = bytes / 4;
  check_form(rig, text, 20 * bytes, [&](const FormRun& form, int lane) {
    auto& v = rig.wave().v;
    std::byte* const at[2] = {form.host(lane) + 3 * step, form.host(lane) + 5 * step};
    for (std::uint32_t k = 0; k < 2; ++k) {
      for (std::uint32_t n = 0; n < words; ++n) {
        const auto old = static_cast<std::uint32_t>(read(at[k] + 4 * n, 4));
        if (!has(name, "load")) std::memcpy(at[k] + 4 * n, &v[12 + 4 * k + n].x[lane], 4);
        if (!has(name, "ds_store_")) v[8 + words * k + n].x[lane] = old;
      }
    }
  });
}

void check_lines(WaveRig& rig, std::string_view text) {
  const std::string_view name = name_of(text);
  if (has(name, "_2addr_")) return check_two(rig, text);
  if (has(name, "_load_")) return check_load(rig, text);
  if (has(name, "_store_")) return check_store(rig, text);
  check_atomic(rig, text);
}

// The forms of the table whose operands are those that the references use.
bool is_plain(std::string_view text) {
  const std::string_view name = name_of(text);
  if (name.starts_with("s_") || name.starts_with("buffer_") || has(name, "permute") ||
      has(name, "swizzle") || has(name, "addtid") || name == "ds_nop" ||
      has(text, "offset:65532") || has(text, "offset1:1")) {
    return false;
  }
  return !has(text, "global_load_b32 v2") && !has(text, "v[1:4]") &&
         !has(text, "ds_load_b128 v[2:5]");
}

class Forms : public ::testing::Test {
 protected:
  Memory memory{16 << 20};
  WaveRig rig{memory};
};

TEST_F(Forms, EachDoesWhatItsNameSays) {
  std::set<std::string_view> names;
  int n = 0;
  for (const AssembledWords& each : kMemoryWords) {
    if (!is_plain(each.text)) continue;
    SCOPED_TRACE(each.text);
    check_lines(rig, each.text);
    if (HasFatalFailure()) return;
    names.insert(name_of(each.text));
    ++n;
  }
  EXPECT_GE(n, 400);

  // The others have tests of their own (access_test.cpp, traffic_test.cpp); between them no handler
  // is left out.
  const std::set<std::string_view> elsewhere = {
      "buffer_gl0_inv",      "buffer_gl1_inv",  "ds_nop",         "ds_load_addtid_b32",
      "ds_store_addtid_b32", "ds_bpermute_b32", "ds_permute_b32", "ds_swizzle_b32",
      "s_load_b32",          "s_load_b64",      "s_load_b128",    "s_load_b256",
      "s_load_b512",         "s_gl1_inv",       "s_dcache_inv"};
  names.insert(elsewhere.begin(), elsewhere.end());
  std::size_t rows = 0;
  for (const auto handlers : {global_handlers(), lds_handlers(), scalar_load_handlers()}) {
    for (const HandlerRow& row : handlers) EXPECT_TRUE(names.contains(row.name)) << row.name;
    rows += handlers.size();
  }
  EXPECT_EQ(names.size(), rows);
}

// The comparison of random data never holds: here it does, in every other lane.
TEST_F(Forms, CompareAndSwapSwapsWhereEqual) {
  for (int lane = 0; lane < kLanes; ++lane) {
    const std::uint32_t old = 1000U + static_cast<std::uint32_t>(lane);
    std::memcpy(rig.at(static_cast<std::uint64_t>(lane) * 4), &old, 4);
    std::memcpy(rig.group.lds.data() + lane * 4, &old, 4);
    rig.wave().v[12].x[lane] = 7;
    rig.wave().v[13].x[lane] = rig.wave().v[16].x[lane] = lane % 2 == 0 ? old : old + 1;
  }
  rig.address([](int lane) { return lane * 4; });
  rig.run("global_atomic_cmpswap_b32 v8, v[2:3], v[12:13], off glc");
  for (int lane = 0; lane < kLanes; ++lane) {
    const std::uint32_t old = 1000U + static_cast<std::uint32_t>(lane);
    EXPECT_EQ(rig.wave().v[8].x[lane], old);
    EXPECT_EQ(read(rig.at(static_cast<std::uint64_t>(lane) * 4), 4), lane % 2 == 0 ? 7 : old);
  }
  rig.offset([](int lane) { return lane * 4 - 64; });  // the sum wraps at 32 bits
  rig.run("ds_cmpstore_rtn_b32 v8, v2, v12, v16 offset:64");
  for (int lane = 0; lane < kLanes; ++lane) {
    const std::uint32_t old = 1000U + static_cast<std::uint32_t>(lane);
    EXPECT_EQ(rig.wave().v[8].x[lane], old);
    EXPECT_EQ(read(rig.group.lds.data() + lane * 4, 4), lane % 2 == 0 ? 7 : old);
  }
}

// Random bits rarely tell these apart.
TEST_F(Forms, IncrementWrapsAndDecrementReloads) {
  const std::uint32_t old[] = {0, 4, 5, 6, 0xffffffffU};
  const std::uint32_t inc[] = {1, 5, 0, 0, 0}, dec[] = {5, 3, 4, 5, 5};
  for (int n = 0; n < 5; ++n) {
    rig.set_exec(1);
    rig.address([](int) { return 0; });
    rig.offset([&](int) { return 0; });
    rig.wave().v[12].x[0] = 5;
    std::memcpy(rig.group.lds.data() + 64, &old[n], 4);
    rig.run("ds_inc_rtn_u32 v8, v2, v12 offset:64");
    EXPECT_EQ(read(rig.group.lds.data() + 64, 4), inc[n]);
    std::memcpy(rig.group.lds.data() + 64, &old[n], 4);
    rig.run("ds_dec_u32 v2, v12 offset:64");
    EXPECT_EQ(read(rig.group.lds.data() + 64, 4), dec[n]);
    rig.address([](int) { return 8; });
    std::memcpy(rig.at(0), &old[n], 4);
    rig.run("global_atomic_inc_u32 v8, v[2:3], v12, off offset:-8 glc");
    EXPECT_EQ(read(rig.at(0), 4), inc[n]);
    EXPECT_EQ(rig.wave().v[8].x[0], old[n]);
    std::memcpy(rig.at(0), &old[n], 4);
    rig.run("global_atomic_dec_u32 v[2:3], v12, off offset:-8");
    EXPECT_EQ(read(rig.at(0), 4), dec[n]);
  }
}

}  // namespace
}  // namespace rocmforge::emu
