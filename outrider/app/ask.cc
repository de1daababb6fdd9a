#include "outrider/app/ask.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "outrider/app/exit_code.h"
#include "outrider/app/print.h"
#include "outrider/console/client.h"

namespace outrider::app {
namespace json = boost::json;
namespace {

void tell_refusal(const json::object& answer) {
  print_error(text(answer, "error"));
  const auto* errors = answer.if_contains("errors");
  if (!errors || !errors->is_array()) return;
  for (const auto& error : errors->get_array()) {
    if (error.is_string()) print_error(error.get_string());
  }
}

}  // namespace

std::string text(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t number(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (!value) return 0;
  boost::system::error_code error;  // 0.5 and 1e30 are numbers, too
  const auto number = value->to_number<std::int64_t>(error);
  return error ? 0 : number;
}

bool flag(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && value->is_bool() && value->get_bool();
}

const json::object& part(const json::object& object, std::string_view key) {
  static const json::object none;
  const auto* value = object.if_contains(key);
  return value && value->is_object() ? value->get_object() : none;
}

const json::array& items(const json::object& object, std::string_view key) {
  static const json::array none;
  const auto* value = object.if_contains(key);
  return value && value->is_array() ? value->get_array() : none;
}

Answer ask(const std::string& socket, bool as_json, const json::object& question) {
  const auto line = console::ask(socket, json::serialize(question));
  if (!line) {
    print_error(line.error().text());
    return {std::nullopt, exit_unavailable};
  }
  json::parse_options options;
  options.allow_invalid_utf8 = true;  // content of mail may be anything
  boost::system::error_code error;
  const auto value = json::parse(*line, error, {}, options);
  if (error || !value.is_object()) {
    print_error("the server's answer cannot be read");
    return {std::nullopt, exit_software};
  }
  if (as_json) print(*line + "\n");
  if (flag(value.get_object(), "ok")) return {value.get_object(), exit_ok};
  if (!as_json) tell_refusal(value.get_object());
  return {std::nullopt, exit_data};
}

}  // namespace outrider::app
