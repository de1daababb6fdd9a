#include "outrider/deliver/tls_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace outrider::deliver {
namespace {

// FNV-1a: stable over runs and machines; nobody else's text is in it.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const char c : text) {
    value ^= static_cast<unsigned char>(c);
    value *= 0x100000001b3;
  }
  return value;
}

std::string written(const tls::Parameters& of) {
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", tls::name(of.least), tls::name(of.most),
                     of.groups, of.suites, of.ciphers, of.signatures, of.tickets, of.padding,
                     of.kernel);
}

}  // namespace

std::string TlsProfile::mark() const {
  if (*this == TlsProfile()) return {};
  std::string text = form ? std::to_string(static_cast<int>(*form)) : "-";
  for (const auto& name : names) text.append("\n").append(name);
  for (const auto& pin : pins) text.append("\npin ").append(pin);
  text += "\n\n";
  if (parameters) text += written(*parameters);
  return fmt::format("{:016x}", hash(text));
}

std::vector<std::string> ClientTls::tokens() const {
  std::vector<std::string> tokens;
  for (int at = static_cast<int>(parameters.most); at >= static_cast<int>(parameters.least); --at) {
    // `TLSv1.2`, and `TLSv1` for 1.0
    std::string number(tls::name(static_cast<tls::Version>(at)).substr(4));
    if (number == "1") number = "1.0";
    tokens.push_back("TLS" + number);
  }
  return tokens;
}

Result<TlsContexts> TlsContexts::load(const tls::ClientOptions& usual,
                                      const std::vector<tls::Parameters>& others) {
  auto context = tls::ClientContext::load(usual);
  if (!context) return std::unexpected(context.error());
  TlsContexts contexts(std::move(*context), usual.parameters);
  for (const auto& parameters : others) {
    if (contexts.find(parameters).context) continue;
    tls::ClientOptions options = usual;
    options.parameters = parameters;
    auto other = tls::ClientContext::load(options);
    if (!other) return std::unexpected(other.error());
    contexts.others_.push_back({std::move(*other), parameters});
  }
  return contexts;
}

ClientTls TlsContexts::find(const std::optional<tls::Parameters>& parameters) const {
  if (!parameters || *parameters == usual_.parameters) return usual_;
  const auto found = std::ranges::find(others_, *parameters, &ClientTls::parameters);
  return found == others_.end() ? ClientTls{nullptr, *parameters} : *found;
}

}  // namespace outrider::deliver
