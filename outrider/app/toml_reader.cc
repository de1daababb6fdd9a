// TOML by toml++, whose header takes long to read: seen here alone.
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_UNRELEASED_FEATURES 0
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

#include "outrider/app/values.h"
#include "outrider/base/text.h"

namespace outrider::app {
namespace {

constexpr std::string_view rule = "configuration schema";

// A value as the schema wants it, or what it should have been.
using Converted = std::expected<Values::Value, std::string>;

bool is_section(std::string_view name) {
  return !name.empty() && std::ranges::find(schema(), name, &Section::name) != schema().end();
}

class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  void read(const toml::table& root, Document& document);
  Errors take_errors() { return std::move(errors_); }

 private:
  std::string place(const toml::source_position& at) const {
    return fmt::format("{}:{}:{}", file_, at.line, at.column);
  }
  void complain(std::string place, std::string what) {
    errors_.push_back({Blame::Operator, std::move(what), std::string(rule), std::move(place)});
  }
  void unknown(const toml::key& key, std::string_view where,
               const std::vector<std::string_view>& known);
  void read_tables(const toml::table& root, const Section& section, Document& document);
  void read_table(const toml::table& root, const Section& section, Document& document);
  void read_names(const toml::table& root);
  void read_settings(const toml::table& table, Values& values, bool is_root);
  Converted convert(const toml::node& node, const Setting& setting) const;
  Converted convert_text(const std::string& text, const Setting& setting) const;
  Converted convert_list(const toml::node& node, const Setting& setting) const;

  const std::string& file_;
  Errors errors_;
};

std::string_view name(Type type) {
  switch (type) {
    case Type::Flag: return "true or false";
    case Type::Count: return "a whole number";
    case Type::Number: return "a number";
    case Type::Size: return "a size as \"50MiB\"";
    case Type::Duration: return "a duration as \"5m\"";
    case Type::List:
    case Type::PathList: return "a list of texts";
    default: return "a text in quotes";
  }
}

Converted within(double value, const Setting& setting, Values::Value converted) {
  if (value >= setting.least && value <= setting.most) return converted;
  return std::unexpected(range_words(setting));
}

Converted Reader::convert_text(const std::string& text, const Setting& setting) const {
  switch (setting.type) {
    case Type::Text: return text;
    case Type::Path: return beside(file_, text);
    case Type::Size:
      if (const auto size = parse_size(text)) {
        return within(static_cast<double>(*size), setting, static_cast<std::int64_t>(*size));
      }
      break;
    case Type::Duration:
      if (const auto duration = parse_duration(text)) {
        return within(static_cast<double>(duration->count()), setting, duration->count());
      }
      break;
    case Type::Choice:
      if (std::ranges::find(setting.choices, text) != setting.choices.end()) return text;
      return std::unexpected(fmt::format("one of: {}", fmt::join(setting.choices, ", ")));
    default: break;
  }
  return std::unexpected(std::string(name(setting.type)));
}

Converted Reader::convert_list(const toml::node& node, const Setting& setting) const {
  std::vector<std::string> list;
  const auto add = [&](const std::string& text) {
    list.push_back(setting.type == Type::PathList ? beside(file_, text) : text);
  };
  if (const auto* text = node.as_string()) {
    add(text->get());
  } else if (const auto* array = node.as_array()) {
    for (const auto& element : *array) {
      if (!element.is_string()) return std::unexpected(std::string(name(setting.type)));
      add(element.as_string()->get());
    }
  } else {
    return std::unexpected(std::string(name(setting.type)));
  }
  return list;
}

Converted Reader::convert(const toml::node& node, const Setting& setting) const {
  if (setting.type == Type::List || setting.type == Type::PathList)
    return convert_list(node, setting);
  if (const auto* text = node.as_string()) return convert_text(text->get(), setting);
  if (const auto* flag = node.as_boolean(); flag && setting.type == Type::Flag) return flag->get();
  if (const auto* number = node.as_integer()) {
    if (setting.type == Type::Count || setting.type == Type::Size) {
      return within(static_cast<double>(number->get()), setting, number->get());
    }
    if (setting.type == Type::Number) {
      const auto value = static_cast<double>(number->get());
      return within(value, setting, value);
    }
  }
  if (const auto* number = node.as_floating_point(); number && setting.type == Type::Number) {
    return within(number->get(), setting, number->get());
  }
  return std::unexpected(std::string(name(setting.type)));
}

void Reader::unknown(const toml::key& key, std::string_view where,
                     const std::vector<std::string_view>& known) {
  const auto word = key.str();
  auto what = fmt::format("unknown key \"{}\"{}", printable(word),
                          where.empty() ? "" : fmt::format(" in {}", where));
  if (const auto near = nearest(word, known.data(), known.size()); !near.empty()) {
    what += fmt::format("; did you mean \"{}\"?", near);
  }
  complain(place(key.source().begin), std::move(what));
}

void Reader::read_settings(const toml::table& table, Values& values, bool is_root) {
  const Section& section = values.section();
  const auto brackets = is_root            ? std::string()
                        : section.repeated ? fmt::format("[[{}]]", section.name)
                                           : fmt::format("[{}]", section.name);
  for (const auto& [key, node] : table) {
    if (is_root && (node.is_table() || node.is_array_of_tables() || is_section(key.str())))
      continue;
    const Setting* setting = section.find(key.str());
    if (!setting) {
      std::vector<std::string_view> known;
      for (const Setting& each : section.settings) known.push_back(each.key);
      unknown(key, brackets, known);
      continue;
    }
    auto converted = convert(node, *setting);
    if (converted) {
      values.set(setting->key, std::move(*converted), place(node.source().begin));
    } else {
      values.set_broken(setting->key, place(node.source().begin));
      complain(place(node.source().begin),
               fmt::format("\"{}\" must be {}", setting->key, converted.error()));
    }
  }
}

// The defaults, read as if they had been written.
void fill_defaults(Values& values, bool inherits) {
  for (const Setting& setting : values.section().settings) {
    const bool elsewhere = inherits && section("limits").find(setting.key) != nullptr;
    if (setting.fallback.empty() || elsewhere) continue;
    const auto parsed = toml::parse(fmt::format("x = {}", setting.fallback));
    const auto& node = *parsed.table().get("x");
    if (node.is_string() && setting.type == Type::Duration) {
      values.set(setting.key, parse_duration(node.as_string()->get())->count(), {});
    } else if (node.is_string() && setting.type == Type::Size) {
      values.set(setting.key, static_cast<std::int64_t>(*parse_size(node.as_string()->get())), {});
    } else if (node.is_string()) {
      values.set(setting.key, node.as_string()->get(), {});
    } else if (node.is_boolean()) {
      values.set(setting.key, node.as_boolean()->get(), {});
    } else if (node.is_integer()) {
      values.set(setting.key, node.as_integer()->get(), {});
    } else if (node.is_floating_point()) {
      values.set(setting.key, node.as_floating_point()->get(), {});
    } else if (const auto* array = node.as_array()) {
      std::vector<std::string> list;
      for (const auto& element : *array) list.push_back(element.as_string()->get());
      values.set(setting.key, std::move(list), {});
    }
  }
}

void Reader::read_tables(const toml::table& root, const Section& section, Document& document) {
  auto& list = document.lists[std::string(section.name)];
  const auto* tables = root.get_as<toml::array>(section.name);
  if (!tables) return;
  for (const auto& node : *tables) {
    const auto* table = node.as_table();
    if (!table) continue;  // read_names() tells
    auto& values = list.emplace_back(section, place(table->source().begin));
    fill_defaults(values, section.name == "listener");
    read_settings(*table, values, false);
  }
}

void Reader::read_table(const toml::table& root, const Section& section, Document& document) {
  const auto* table = section.name.empty() ? &root : root.get_as<toml::table>(section.name);
  Values values(section, table && table != &root ? place(table->source().begin) : file_);
  fill_defaults(values, false);
  if (table) read_settings(*table, values, section.name.empty());
  document.tables.emplace(std::string(section.name), std::move(values));
}

// Tables that do not exist, and those written in the wrong form.
void Reader::read_names(const toml::table& root) {
  std::vector<std::string_view> known;
  for (const Section& section : schema()) known.push_back(section.name);
  for (const auto& [key, node] : root) {
    const bool is_table = node.is_table(), is_list = node.is_array_of_tables();
    if (!is_section(key.str())) {
      if (is_table || is_list) unknown(key, "", known);
      continue;
    }
    const auto& wanted = section(key.str());
    if (wanted.repeated ? is_list : is_table) continue;
    const auto* form =
        wanted.repeated ? "\"{0}\" must be written [[{0}]]" : "\"{0}\" must be written [{0}]";
    complain(place(key.source().begin), fmt::format(fmt::runtime(form), wanted.name));
  }
}

void Reader::read(const toml::table& root, Document& document) {
  for (const Section& section : schema()) {
    section.repeated ? read_tables(root, section, document) : read_table(root, section, document);
  }
  read_names(root);
}

}  // namespace

Result<Document> read_document(std::string_view toml, const std::string& file) {
  const auto parsed = toml::parse(toml, file);
  if (!parsed) {
    const auto& at = parsed.error().source().begin;
    return fail(Blame::Operator, printable(parsed.error().description(), 400), "TOML",
                fmt::format("{}:{}:{}", file, at.line, at.column));
  }
  Document document;
  document.file = file;
  Reader reader(file);
  reader.read(parsed.table(), document);
  document.errors = reader.take_errors();
  return document;
}

}  // namespace outrider::app
