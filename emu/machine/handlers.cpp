#include <string_view>
#include <unordered_map>

#include "machine/exec/handlers.h"

namespace rocmforge::emu {
namespace {

using Table = std::unordered_map<std::string_view, Handler>;

Table all_rows() {
  Table table;
  for (const auto rows : {scalar_handlers(), mode_handlers(), control_handlers(),
                          scalar_load_handlers(), vector_handlers(), packed_handlers(),
                          wmma_handlers(), lane_handlers(), global_handlers(), lds_handlers()}) {
    for (const HandlerRow& row : rows) table.emplace(row.name, row.run);
  }
  return table;
}

}  // namespace

Handler find_handler(const Inst& inst) {
  static const Table kTable = all_rows();
  const auto found = kTable.find(inst.is_dual() ? kDualName : inst.opcode->name);
  if (found == kTable.end()) return nullptr;
  return inst.dpp.kind == Dpp::Kind::kNone ? found->second : kTable.at(kDppName);
}

}  // namespace rocmforge::emu
