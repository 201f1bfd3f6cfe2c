// `inspect`: what is in a file, whether or not it runs.
#include <boost/json.hpp>
#include <cstring>

#include "cli/program.h"
#include "support/split_model.h"

namespace rocmforge::test {
namespace {

namespace json = boost::json;

class Inspect : public Cli {
 protected:
  json::object as_json(const std::string& path, std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"inspect", path, "--json"};
    args.insert(args.end(), more.begin(), more.end());
    const Outcome o = run_rocmforge(args);
    EXPECT_TRUE(succeeded(o));
    return json::parse(o.out).as_object();
  }
  // The model with another number as the type of one tensor.
  std::string with_type(std::uint32_t type) {
    const std::string name = "blk.0.attn_q.weight";
    std::string bytes = read_file(model());
    std::memcpy(bytes.data() + bytes.find(name) + name.size() + 4 + 2 * 8, &type, sizeof type);
    write_text(dir_.file("typed.gguf"), bytes);
    return dir_.file("typed.gguf");
  }
};

TEST_F(Inspect, TellsKeysTensorsTypesAndMemory) {
  const Outcome o = run_rocmforge({"inspect", "--gguf", model(), "--ctx", "256"});
  EXPECT_TRUE(succeeded(o));
  for (const char* part : {": GGUF version 3, ", "llama.block_count", "string[290]",
                           "<unk>, <s>, </s>, <0x00>", "token_embd.weight", "[290, 64]", "F32",
                           "32.00 bits each", "memory with a context of 256", "runs here: yes"}) {
    EXPECT_NE(o.out.find(part), std::string::npos) << part << "\n" << o.out;
  }
}

TEST_F(Inspect, JsonHoldsTheNumbers) {
  const json::object all = as_json(model(), {"--ctx", "256"});
  EXPECT_EQ(all.at("version").as_int64(), 3);
  EXPECT_EQ(all.at("metadata").at("llama.embedding_length").to_number<int>(), 64);
  EXPECT_EQ(all.at("metadata").at("tokenizer.ggml.tokens").at("size").to_number<int>(), 290);
  EXPECT_DOUBLE_EQ(all.at("bits_per_weight").to_number<double>(), 32);
  std::int64_t n = 0, bytes = 0;
  for (const json::value& t : all.at("tensors").as_array()) {
    std::int64_t elements = 1;
    for (const json::value& e : t.at("shape").as_array()) elements *= e.to_number<std::int64_t>();
    n += elements;
    bytes += t.at("bytes").to_number<std::int64_t>();
    EXPECT_EQ(t.at("offset").to_number<std::int64_t>() % 32, 0);
  }
  EXPECT_EQ(all.at("parameters").to_number<std::int64_t>(), n);
  EXPECT_EQ(bytes, 4 * n);
  const json::object& memory = all.at("memory").as_object();
  // 2 layers, keys and values, 2 heads of 16 numbers in 2 bytes.
  EXPECT_EQ(memory.at("kv").to_number<std::int64_t>(), 2 * 2 * 256 * 2 * 16 * 2);
  EXPECT_EQ(memory.at("weights").to_number<std::int64_t>(), bytes);
  EXPECT_TRUE(all.at("runs").as_bool());
  const json::object wide = as_json(model(), {"--ctx", "512", "--kv-type", "f32"});
  EXPECT_EQ(wide.at("memory").at("kv").to_number<std::int64_t>(),
            4 * memory.at("kv").to_number<std::int64_t>());
}

TEST_F(Inspect, ShowsTypesThatDoNotRunHere) {
  for (const auto& [type, name] : {std::pair(16U, "IQ2_XXS"), std::pair(999U, "type 999")}) {
    const json::object all = as_json(with_type(type));
    EXPECT_FALSE(all.at("runs").as_bool());
    const std::string why = all.at("why_not").as_string().c_str();
    EXPECT_NE(why.find("blk.0.attn_q.weight"), std::string::npos) << why;
    const json::value& tensor = all.at("tensors").at(2);
    EXPECT_EQ(tensor.at("name").as_string(), "blk.0.attn_q.weight");
    EXPECT_EQ(tensor.at("type").as_string(), name);
    EXPECT_EQ(tensor.at("bytes").to_number<int>(), 64 * 64 * 4);  // up to the next one's offset
    EXPECT_TRUE(all.at("memory").is_null());
  }
}

TEST_F(Inspect, ShowsArchitecturesThatDoNotRunHere) {
  const std::string path = dir_.file("other.gguf"), key = "general.architecture";
  edited(tiny_model(), {key}, [&](gguf::Writer& w) { w.add_string(key, "rwkv9"); }).write(path);
  const Outcome o = run_rocmforge({"inspect", path});
  EXPECT_TRUE(succeeded(o));
  EXPECT_NE(o.out.find("runs here: no: [model] " + path + ": general.architecture: \"rwkv9\""),
            std::string::npos)
      << o.out;
}

TEST_F(Inspect, AllPartsOfAModel) {
  const std::string first = write_split_model(tiny_model(), dir_.file("split"), 3);
  const json::object all = as_json(first), whole = as_json(model());
  EXPECT_EQ(all.at("parts").as_array().size(), 3u);
  EXPECT_EQ(all.at("tensors").as_array().size(), whole.at("tensors").as_array().size());
  EXPECT_EQ(all.at("parameters"), whole.at("parameters"));
  EXPECT_TRUE(all.at("runs").as_bool());
  // A later part alone: what is in it, and which to give.
  const json::object second = as_json(part_path(dir_.file("split"), 1, 3));
  EXPECT_FALSE(second.at("runs").as_bool());
  EXPECT_NE(std::string(second.at("why_not").as_string()).find("give the first"),
            std::string::npos);
}

// What later parts alone say counts for a load, and is shown.
TEST_F(Inspect, KeysOfAllParts) {
  const std::string first =
      write_split_model(tiny_model(), dir_.file("split"), 3, {}, [](gguf::Writer& w, int n) {
        if (n == 2) w.add_u32("llama.expert_count", 8);
      });
  const json::object all = as_json(first);
  EXPECT_EQ(all.at("metadata").at("llama.expert_count").to_number<int>(), 8);
  EXPECT_EQ(all.at("metadata").at("split.no").to_number<int>(), 0);
  EXPECT_NE(std::string(all.at("why_not").as_string()).find("llama.expert_count: is 8"),
            std::string::npos);
}

// With the same overrides a load takes the same context, and fails with the same words.
TEST_F(Inspect, ShowsWhatALoadWithTheSameOverridesTakes) {
  const std::vector<std::string> shorter = {"--override-kv", "llama.context_length=int:64"};
  const json::object all = as_json(model(), shorter);
  EXPECT_EQ(all.at("metadata").at("llama.context_length").to_number<int>(), 64);
  const json::object& memory = all.at("memory").as_object();
  EXPECT_EQ(memory.at("ctx").to_number<int>(), 64);
  EXPECT_EQ(memory.at("kv").to_number<int>(), 2 * 2 * 64 * 2 * 16 * 2);
  Command load = generate("hello", {"-n", "1", "--device", "cpu", shorter[0], shorter[1]});
  load.env["ROCMFORGE_LOG_LEVEL"] = "info";
  EXPECT_NE(run(load).err.find("context of 64 tokens"), std::string::npos);

  const std::vector<std::string> experts = {"--override-kv", "llama.expert_count=int:8"};
  const std::string why(as_json(model(), experts).at("why_not").as_string());
  EXPECT_NE(why.find("llama.expert_count: is 8"), std::string::npos) << why;
  EXPECT_TRUE(failed(run(generate("hello", experts)), {why}));

  const std::vector<std::string> missing = {"--tokenizer", dir_.file("none.json")};
  const std::string no_tokenizer(as_json(model(), missing).at("why_not").as_string());
  EXPECT_NE(no_tokenizer.find("none.json"), std::string::npos) << no_tokenizer;
  EXPECT_TRUE(failed(run(generate("hello", missing)), {no_tokenizer}));
  EXPECT_TRUE(misused(run_rocmforge({"inspect", model(), "--override-kv", "x=1"}),
                      {"\"x=1\" is not KEY=TYPE:VALUE", "for example"}));
}

TEST_F(Inspect, RefusesWhatIsNoModel) {
  write_text(dir_.file("no.gguf"), "no model");
  EXPECT_TRUE(failed(run_rocmforge({"inspect", dir_.file("no.gguf")}), {"no.gguf", "GGUF"}));
  EXPECT_TRUE(misused(run_rocmforge({"inspect"}), {"which file"}));
}

}  // namespace
}  // namespace rocmforge::test
