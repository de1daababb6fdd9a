#include "support/vectors.h"

#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "support/source_folder.h"

namespace outrider::test {

using nlohmann::json;

std::string from_base64(std::string_view text) {
  static constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0;
  int held = 0;
  for (const char c : text) {
    const auto value = letters.find(c);
    if (value == std::string_view::npos) continue;
    bits = bits << 6 | static_cast<unsigned>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held & 0xff);
  }
  return out;
}

namespace {

std::string inflated(const std::string& deflated, std::size_t size) {
  std::string out(size, '\0');
  uLongf length = size;
  const int result = uncompress(reinterpret_cast<Bytef*>(out.data()), &length,
                                reinterpret_cast<const Bytef*>(deflated.data()), deflated.size());
  if (result != Z_OK || length != size) throw std::runtime_error("a vector cannot be inflated");
  return out;
}

}  // namespace

json vector_cases(const std::string& file) {
  std::ifstream stream(source_folder() / "vectors" / file);
  auto cases = json::parse(stream).at("cases");
  if (cases.empty()) throw std::runtime_error("no cases in " + file);
  return cases;
}

std::string vector_bytes(const json& step, std::size_t most) {
  if (step.contains("b64")) return from_base64(step["b64"].get<std::string>());
  if (step.contains("zlib_b64")) {
    return inflated(from_base64(step["zlib_b64"].get<std::string>()), step["len"]);
  }
  if (!step.contains("rep")) return {};
  const auto unit = from_base64(step["rep"]["b64"].get<std::string>());
  const auto times = std::min(most, step["rep"]["n"].get<std::size_t>());
  const auto index = unit.find("%d");
  std::string bytes;
  for (std::size_t i = 0; i < times; ++i) {
    bytes += unit;
    if (index != std::string::npos) {
      bytes.replace(bytes.size() - unit.size() + index, 2, std::to_string(i));
    }
  }
  return bytes;
}

Dialogue at_setup(const std::string& setup) {
  Dialogue client(mx_options(), setup == "tls");
  if (setup.starts_with("connect")) return client;
  if (setup == "helo") {
    client.says("HELO client.example\r\n");
    return client;
  }
  client.says("EHLO client.example\r\n");
  if (setup == "ehlo" || setup == "tls") return client;
  client.says("MAIL FROM:<a@example.org>\r\n");
  if (setup == "mail") return client;
  if (setup == "mail-rcpt-rejected") {
    client.on_recipient = [](const auto&) { return smtp::Reply(smtp::replies::unknown_user); };
  }
  client.says("RCPT TO:<b@example.net>\r\n");
  client.on_recipient = {};
  if (setup == "rcpt" || setup == "mail-rcpt-rejected") return client;
  if (setup != "data") throw std::runtime_error("no such place to begin: " + setup);
  client.says("DATA\r\n");
  return client;
}

}  // namespace outrider::test
