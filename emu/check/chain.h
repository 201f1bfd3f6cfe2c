// Several watches as one, told in their order.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "machine/watch.h"

namespace rocmforge::emu {

class Chain : public Watch {
 public:
  explicit Chain(std::vector<std::unique_ptr<Watch>> watches) : watches_(std::move(watches)) {}

  void begin_dispatch(const Dispatch& dispatch) override {
    for (auto& w : watches_) w->begin_dispatch(dispatch);
  }
  void end_dispatch(const Dispatch& dispatch) override {
    for (auto& w : watches_) w->end_dispatch(dispatch);
  }
  void begin_group(Group& group) override {
    for (auto& w : watches_) w->begin_group(group);
  }
  void end_group(Group& group) override {
    for (auto& w : watches_) w->end_group(group);
  }
  void begin_wave(Wave& wave) override {
    for (auto& w : watches_) w->begin_wave(wave);
  }
  void barrier(Group& group) override {
    for (auto& w : watches_) w->barrier(group);
  }
  void before(Wave& wave, const Step& step) override {
    for (auto& w : watches_) w->before(wave, step);
  }
  void after(Wave& wave, const Step& step) override {
    for (auto& w : watches_) w->after(wave, step);
  }
  void global(Wave& wave, const Step& step, const Access& access) override {
    for (auto& w : watches_) w->global(wave, step, access);
  }
  void lds(Wave& wave, const Step& step, const Access& access) override {
    for (auto& w : watches_) w->lds(wave, step, access);
  }

 private:
  std::vector<std::unique_ptr<Watch>> watches_;
};

}  // namespace rocmforge::emu
