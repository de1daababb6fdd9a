// One question to the running server, and the parts of its answer.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outrider::app {

struct Answer {
  std::optional<boost::json::object> object;  ///< nothing: it was refused, which is printed already
  int code = 0;                               ///< as the program exits
};

/// With `as_json` the answer is printed as it came.
Answer ask(const std::string& socket, bool as_json, const boost::json::object& question);

// What is not there, or of another type, is empty.
std::string text(const boost::json::object& object, std::string_view key);
std::int64_t number(const boost::json::object& object, std::string_view key);
bool flag(const boost::json::object& object, std::string_view key);
const boost::json::object& part(const boost::json::object& object, std::string_view key);
const boost::json::array& items(const boost::json::object& object, std::string_view key);

}  // namespace outrider::app
