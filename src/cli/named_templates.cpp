#include "cli/named_templates.h"

#include <algorithm>
#include <array>

namespace rocmforge::cli {
namespace {

// Formats without a place for it have the system's text before the first user's.
constexpr std::array kTemplates = {
    FormatTemplate{"chatml", R"({% for m in messages -%}
{{ '<|im_start|>' ~ m.role ~ '\n' ~ m.content ~ '<|im_end|>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %})"},
    FormatTemplate{"llama2", R"({% set ns = namespace(system='', first=true) %}
{%- for m in messages %}
{%- if m.role == 'system' %}{% set ns.system = '<<SYS>>\n' ~ m.content ~ '\n<</SYS>>\n\n' %}
{%- elif m.role == 'user' %}
{{- ('' if ns.first else bos_token) ~ '[INST] ' ~ ns.system ~ m.content | trim ~ ' [/INST]' }}
{%- set ns.system = '' %}{% set ns.first = false %}
{%- else %}{{ ' ' ~ m.content | trim ~ ' ' ~ eos_token }}{% endif %}
{%- endfor %})"},
    FormatTemplate{"llama3", R"({% for m in messages -%}
{{ '<|start_header_id|>' ~ m.role ~ '<|end_header_id|>\n\n' ~ m.content | trim ~ '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %})"},
    FormatTemplate{"mistral-v1", R"({% set ns = namespace(system='') %}
{%- for m in messages %}
{%- if m.role == 'system' %}{% set ns.system = m.content ~ '\n\n' %}
{%- elif m.role == 'user' %}{{ ' [INST] ' ~ ns.system ~ m.content ~ ' [/INST]' }}{% set ns.system = '' %}
{%- else %}{{ ' ' ~ m.content ~ eos_token }}{% endif %}
{%- endfor %})"},
    FormatTemplate{"mistral-v3", R"({% set ns = namespace(system='') %}
{%- for m in messages %}
{%- if m.role == 'system' %}{% set ns.system = m.content ~ '\n\n' %}
{%- elif m.role == 'user' %}{{ '[INST] ' ~ ns.system ~ m.content ~ '[/INST]' }}{% set ns.system = '' %}
{%- else %}{{ ' ' ~ m.content | trim ~ eos_token }}{% endif %}
{%- endfor %})"},
    FormatTemplate{"mistral-v3-tekken", R"({% set ns = namespace(system='') %}
{%- for m in messages %}
{%- if m.role == 'system' %}{% set ns.system = m.content ~ '\n\n' %}
{%- elif m.role == 'user' %}{{ '[INST]' ~ ns.system ~ m.content ~ '[/INST]' }}{% set ns.system = '' %}
{%- else %}{{ m.content ~ eos_token }}{% endif %}
{%- endfor %})"},
    FormatTemplate{"mistral-v7", R"({% for m in messages %}
{%- if m.role == 'system' %}{{ '[SYSTEM_PROMPT] ' ~ m.content ~ '[/SYSTEM_PROMPT]' }}
{%- elif m.role == 'user' %}{{ '[INST] ' ~ m.content ~ '[/INST]' }}
{%- else %}{{ ' ' ~ m.content ~ eos_token }}{% endif %}
{%- endfor %})"},
    FormatTemplate{"zephyr", R"({% for m in messages -%}
{{ '<|' ~ m.role ~ '|>\n' ~ m.content ~ eos_token ~ '\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %})"},
    FormatTemplate{"vicuna", R"({% for m in messages %}
{%- if m.role == 'system' %}{{ m.content ~ '\n\n' }}
{%- elif m.role == 'user' %}{{ 'USER: ' ~ m.content ~ '\n' }}
{%- else %}{{ 'ASSISTANT: ' ~ m.content ~ eos_token ~ '\n' }}{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %})"},
    FormatTemplate{"phi3", R"({% for m in messages -%}
{{ '<|' ~ m.role ~ '|>\n' ~ m.content ~ '<|end|>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %})"},
    FormatTemplate{"phi4", R"({% for m in messages -%}
{{ '<|im_start|>' ~ m.role ~ '<|im_sep|>' ~ m.content ~ '<|im_end|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif %})"},
    FormatTemplate{"gemma", R"({% set ns = namespace(system='') %}
{%- for m in messages %}
{%- if m.role == 'system' %}{% set ns.system = m.content | trim ~ '\n\n' %}
{%- else %}{{ '<start_of_turn>' ~ ('model' if m.role == 'assistant' else m.role) ~ '\n' }}
{{- ns.system ~ m.content | trim ~ '<end_of_turn>\n' }}{% set ns.system = '' %}{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %})"},
    FormatTemplate{"deepseek2", R"({% for m in messages %}
{%- if m.role == 'system' %}{{ m.content ~ '\n\n' }}
{%- elif m.role == 'user' %}{{ 'User: ' ~ m.content ~ '\n\n' }}
{%- else %}{{ 'Assistant: ' ~ m.content ~ eos_token }}{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ 'Assistant:' }}{% endif %})"},
    FormatTemplate{"deepseek3", R"({% for m in messages %}
{%- if m.role == 'system' %}{{ m.content ~ '\n\n' }}
{%- elif m.role == 'user' %}{{ '<｜User｜>' ~ m.content }}
{%- else %}{{ '<｜Assistant｜>' ~ m.content ~ eos_token }}{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<｜Assistant｜>' }}{% endif %})"},
    FormatTemplate{"chatglm3", R"([gMASK]sop
{%- for m in messages %}{{ '<|' ~ m.role ~ '|>\n ' ~ m.content }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %})"},
    FormatTemplate{"chatglm4", R"([gMASK]<sop>
{%- for m in messages %}{{ '<|' ~ m.role ~ '|>\n' ~ m.content }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %})"},
};

}  // namespace

std::span<const FormatTemplate> named_templates() {
  return kTemplates;
}

const FormatTemplate* find_named_template(std::string_view name) {
  const auto found = std::ranges::find(kTemplates, name, &FormatTemplate::name);
  return found == kTemplates.end() ? nullptr : &*found;
}

std::string named_template_names() {
  std::string out;
  for (const FormatTemplate& t : kTemplates) {
    out += (out.empty() ? "" : ", ") + std::string(t.name);
  }
  return out;
}

}  // namespace rocmforge::cli
