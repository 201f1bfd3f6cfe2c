// The text that Prometheus reads: version 0.0.4 of its exposition format.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rocmforge::serve {

// Counts observations by their size. Written and read from any thread; allocates nothing.
class Histogram {
 public:
  // Upper bounds in seconds, from a token of a small model to a long answer's time.
  static constexpr std::array<double, 22> kBounds = {
      0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25,
      0.5,   0.75,   1,     2.5,  5,    10,   20,   40,    80,  160,  640};

  void observe(double seconds);

  struct Values {
    std::array<std::uint64_t, kBounds.size()> up_to = {};  // each bound, cumulative
    std::uint64_t n = 0;
    double sum = 0;
  };
  // Each observation is in all of it or in none but, perhaps, the sum.
  Values read() const;

 private:
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> counts_ = {};  // of each bucket alone
  std::atomic<double> sum_{0};
};

class Exposition {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  // A family of one sample. `name` of a counter ends with _total.
  void counter(std::string_view name, std::string_view help, double value, const Labels& labels);
  void gauge(std::string_view name, std::string_view help, double value, const Labels& labels);
  void histogram(std::string_view name, std::string_view help, const Histogram::Values& values,
                 const Labels& labels);
  // Of several samples: the family, then each of them.
  void family(std::string_view name, std::string_view type, std::string_view help);
  void sample(std::string_view name, double value, const Labels& labels);

  std::string take() { return std::move(text_); }
  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  std::string text_;
};

}  // namespace rocmforge::serve
